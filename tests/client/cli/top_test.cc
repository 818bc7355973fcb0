#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "client/cli/terminal.h"
#include "client/cli/top_json.h"
#include "client/cli/top_screen.h"
#include "client/cli/top_view.h"

namespace qalam::cli {
namespace {

PartitionRates Partition(const std::string& topic, std::int32_t number, double bytes,
                         std::uint64_t size) {
  PartitionRates rates;
  rates.now.topic = topic;
  rates.now.partition = number;
  rates.now.size_bytes = size;
  rates.now.leader = 1;
  rates.now.leader_epoch = 7;
  rates.now.status = "ok";
  rates.bytes_in = bytes;
  rates.records_in = bytes / 10;
  return rates;
}

TopSample Sample() {
  TopSample sample;
  sample.asked_ms = 1'000'000;
  sample.cluster.emplace();
  sample.cluster->brokers.resize(1);
  sample.cluster->brokers[0].id = 1;
  sample.cluster->brokers[0].version = "9.9";
  sample.cluster->brokers[0].started_ms = 1'000'000 - 7'200'000;
  sample.rates.emplace();
  sample.rates->partitions = {Partition("orders", 0, 100, 5), Partition("orders", 1, 300, 9),
                              Partition("users", 0, 200, 7)};
  sample.rates->totals.partitions = 3;
  sample.rates->totals.records_in = 12'345;
  sample.rates->writers.resize(1);
  return sample;
}

std::string Names(const TopView& view, const TopSample& sample) {
  std::string names;
  for (const PartitionRates* each : view.Select(sample.rates->partitions)) {
    names += each->now.topic.substr(0, 1) + std::to_string(each->now.partition) + " ";
  }
  return names;
}

std::string Text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(TopViewTest, KeysChooseTheOrderAndTurnItRound) {
  const TopSample sample = Sample();
  TopView view;
  EXPECT_EQ(Names(view, sample), "o1 u0 o0 ") << "by bytes, unless said otherwise";
  EXPECT_EQ(view.OnKey("b", 10), TopView::Outcome::kChanged);
  EXPECT_EQ(Names(view, sample), "o0 u0 o1 ") << "the same key again";
  view.OnKey("s", 10);
  EXPECT_EQ(Names(view, sample), "o1 u0 o0 ");
  view.OnKey("n", 10);
  EXPECT_EQ(Names(view, sample), "o0 o1 u0 ");
  view.OnKey("n", 10);
  EXPECT_EQ(Names(view, sample), "u0 o1 o0 ");
  EXPECT_EQ(view.OnKey("z", 10), TopView::Outcome::kNothing);
  EXPECT_EQ(view.OnKey("q", 10), TopView::Outcome::kQuit);
}

TEST(TopViewTest, EverySortHasANameAndAKey) {
  for (const TopSortName& each : TopSorts()) {
    EXPECT_EQ(ParseTopSort(std::string(each.name)), each.sort);
    EXPECT_EQ(ParseTopSort(std::string(1, each.key)), each.sort);
  }
  EXPECT_FALSE(ParseTopSort("colour"));
}

TEST(TopViewTest, AFilterIsTypedKeptAndCleared) {
  const TopSample sample = Sample();
  TopView view;
  for (const char* key : {"/", "u", "q", "\x7f", "s"}) {
    EXPECT_EQ(view.OnKey(key, 10), TopView::Outcome::kChanged) << key;
  }
  EXPECT_EQ(view.filter, "us");
  EXPECT_TRUE(view.editing);
  view.OnKey("\n", 10);
  EXPECT_FALSE(view.editing);
  EXPECT_EQ(Names(view, sample), "u0 ");
  view.OnKey("/", 10);
  view.OnKey("\x1b", 10);
  EXPECT_EQ(Names(view, sample), "o1 u0 o0 ");
}

TEST(TopViewTest, ScrollingStaysOnTheList) {
  const TopSample sample = Sample();
  TopView view;
  view.OnKey("\x1b[A", 2);
  EXPECT_EQ(view.first, 0u);
  for (int i = 0; i < 9; ++i) view.OnKey("\x1b[6~", 2);
  std::size_t page = 0;
  const auto lines = TopScreen(sample, view, "here", 200, 9, false, page);
  EXPECT_EQ(view.first + page, 3u);
  EXPECT_EQ(lines.size(), 9u);
}

TEST(TopScreenTest, ShowsWhatThereIs) {
  TopView view;
  std::size_t page = 0;
  const std::string text = Text(TopScreen(Sample(), view, "host:1", 200, 40, false, page));
  EXPECT_NE(text.find("host:1  broker 1  9.9  up 2 h 0 min"), std::string::npos) << text;
  EXPECT_NE(text.find("in 12.3k records/s"), std::string::npos) << text;
  EXPECT_NE(text.find("no problems"), std::string::npos) << text;
  EXPECT_NE(text.find("WRITER"), std::string::npos) << text;
  EXPECT_NE(text.find("orders     1"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(TopScreenTest, NothingIsWiderOrLongerThanTheScreen) {
  for (std::size_t width : {1, 10, 40, 80}) {
    for (std::size_t height : {1, 2, 3, 5, 8, 24}) {
      TopView view;
      std::size_t page = 0;
      const auto lines = TopScreen(Sample(), view, "host:1", width, height, false, page);
      EXPECT_LE(lines.size(), height);
      for (const std::string& line : lines) EXPECT_LE(line.size(), width);
    }
  }
}

TEST(TopScreenTest, ABrokerThatIsAwayIsSaidSo) {
  TopView view;
  std::size_t page = 0;
  TopSample sample = Sample();
  sample.away = abi0::Error("UNREACHABLE", "no answer\x1b[2J");
  sample.away_since_ms = 3'600'000;
  const std::string text = Text(TopScreen(sample, view, "x", 200, 40, false, page));
  EXPECT_NE(text.find("broker away since 01:00:00Z: UNREACHABLE: no answer\\x1b[2J"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("users"), std::string::npos) << "what was seen last is still there";
}

TEST(TopScreenTest, NumbersAreShort) {
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(7.5), "7.5");
  EXPECT_EQ(ShortNumber(812.3), "812");
  EXPECT_EQ(ShortNumber(1234), "1.2k");
  EXPECT_EQ(ShortNumber(999'600), "1.0M");
  EXPECT_EQ(ShortNumber(123'456'789), "123M");
}

TEST(TopJsonTest, HasTheSameInNumbers) {
  TopView view;
  view.filter = "orders";
  const auto line = TopJson(Sample(), view, 1);
  EXPECT_EQ(line["totals"]["partitions"], 3);
  ASSERT_EQ(line["partitions"].size(), 1u);
  EXPECT_EQ(line["partitions"][0]["partition"], 1);
  EXPECT_EQ(line["partitions"][0]["leader"], 1);
  EXPECT_EQ(line["writers"].size(), 1u);
  TopSample away = Sample();
  away.away = abi0::Error("UNREACHABLE", "gone");
  EXPECT_EQ(TopJson(away, view, 1)["error"]["code"], "UNREACHABLE");
}

std::string Keys(std::string typed, bool complete) {
  std::string keys;
  while (const auto key = TakeKey(typed, complete)) keys += "<" + *key + ">";
  return keys + typed;
}

TEST(TerminalTest, KeysAreTakenOneByOne) {
  EXPECT_EQ(Keys("ab", false), "<a><b>");
  EXPECT_EQ(Keys("\x1b[Ax\x1b[5~", false), "<\x1b[A><x><\x1b[5~>");
  EXPECT_EQ(Keys("\x1bOA", false), "<\x1b[A>");
  EXPECT_EQ(Keys("\x1b", false), "\x1b") << "an arrow may follow";
  EXPECT_EQ(Keys("\x1b", true), "<\x1b>");
  EXPECT_EQ(Keys("\x1b[", false), "\x1b[");
  EXPECT_EQ(Keys("\x1b[5", true), "<\x1b[5>");
  EXPECT_EQ(Keys("", true), "");
}

}  // namespace
}  // namespace qalam::cli
