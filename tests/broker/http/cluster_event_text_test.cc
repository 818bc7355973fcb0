#include "broker/http/cluster_event_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/broker/http/figure_samples.h"

namespace qalam {
namespace {

using nlohmann::json;

constexpr const char* kNasty = "a\"b\\c\n\t<script>\x01\xff\xe2\x80\xa8";

class ClusterEventTextTest : public testing::Test {
 protected:
  ClusterEventTextTest() {
    cluster_.problems = {kNasty};
    BrokerFigures figures = SomeSample(2, "t");
    rates_.Advance(Shared(figures), 1);
    figures.partitions[1].records = 250;
    figures.partitions[1].high_watermark = 9'007'199'254'740'991;
    figures.partitions[1].status = kNasty;
    // Such a name no topic has; if one ever did, it must do no harm.
    PartitionFigures odd;
    odd.partition = {kNasty, 0};
    figures.partitions.insert(figures.partitions.begin(), odd);
    rates_.Advance(Shared(figures), 1);
    feed_.Observe(5000, {}, rates_);
  }
  ClusterSample sample() const { return {6000, rates_, cluster_, feed_}; }

  FigureRates rates_;
  ClusterInfo cluster_;
  EventFeed feed_;
};

TEST_F(ClusterEventTextTest, ASnapshotHasAllRowsAndIsOneLineOfValidJson) {
  const std::string text = SnapshotJson(sample());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const json snapshot = json::parse(text);
  EXPECT_EQ(snapshot["atMs"], 6000);
  EXPECT_EQ(snapshot["intervalMs"], 1000);
  ASSERT_EQ(snapshot["rows"].size(), 3u);
  std::map<std::string, json> row;
  for (std::size_t i = 0; i < snapshot["columns"].size(); ++i) {
    row[snapshot["columns"][i]] = snapshot["rows"][2][i];
  }
  EXPECT_EQ(row["topic"], "t");
  EXPECT_EQ(row["partition"], 1);
  EXPECT_EQ(row["leader"], 1);
  EXPECT_EQ(row["epoch"], 5);
  EXPECT_EQ(row["high"], 9'007'199'254'740'991);
  EXPECT_EQ(row["recordsIn"], 250);
  EXPECT_EQ(snapshot["totals"]["recordsIn"], 250);
  EXPECT_EQ(snapshot["totals"]["partitions"], 3);
  EXPECT_EQ(snapshot["writers"][0]["partitions"], 3);
  EXPECT_EQ(snapshot["cluster"]["partitionsCount"], 0);
  EXPECT_EQ(snapshot["feed"][0]["atMs"], 5000);
  EXPECT_EQ(snapshot["feed"][0]["level"], "info");
}

TEST_F(ClusterEventTextTest, TopicsAndTextsAreEscapedWhateverTheyHave) {
  const std::string cleaned =
      "a\"b\\c\n\t<script>\x01\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd";
  const json snapshot = json::parse(SnapshotJson(sample()));
  EXPECT_EQ(snapshot["rows"][0][0], cleaned);
  EXPECT_EQ(snapshot["rows"][2][12], cleaned);
  EXPECT_EQ(snapshot["cluster"]["problems"][0], cleaned);
  EXPECT_EQ(snapshot["feed"].back()["topic"], cleaned);
  const json delta = json::parse(DeltaJson(sample(), "", {{kNasty, 7}}, 1));
  EXPECT_EQ(delta["gone"][0][0], cleaned);
}

TEST_F(ClusterEventTextTest, ADeltaHasItsRowsAndOnlyTheNewEntriesOfTheFeed) {
  std::string rows;
  AppendRowJson(rates_.now()->partitions[1], rates_.partitions()[1], rows);
  const json delta = json::parse(DeltaJson(sample(), rows, {{"gone", 4}}, 1));
  ASSERT_EQ(delta["rows"].size(), 1u);
  EXPECT_EQ(delta["rows"][0][0], "t");
  EXPECT_EQ(delta["gone"], json::parse(R"([["gone",4]])"));
  EXPECT_EQ(delta["feed"].size(), 1u);
  EXPECT_TRUE(json::parse(DeltaJson(sample(), rows, {}, 0))["feed"].empty());
}

TEST_F(ClusterEventTextTest, ThousandsOfProblemsMakeNoLongEvent) {
  cluster_.problems.assign(10'000, std::string(3000, 'p'));
  const json delta = json::parse(DeltaJson(sample(), "", {}, 0));
  EXPECT_EQ(delta["problems"].size(), 51u);
  EXPECT_EQ(delta["problems"].back(), "and 9950 more");
  EXPECT_LT(SnapshotJson(sample()).size(), 40'000u);
}

TEST(ClusterEventNumberTest, NumbersHaveTwoDigitsBehindThePointAtMost) {
  const auto text = [](double number) {
    std::string out;
    AppendJsonNumber(number, out);
    return out;
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(1.5), "1.5");
  EXPECT_EQ(text(2.0 / 3), "0.67");
  EXPECT_EQ(text(100), "100");
  EXPECT_EQ(text(1e15), "1000000000000000");
  EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "0");
}

TEST(ClusterEventNumberTest, AnEventHasItsLines) {
  EXPECT_EQ(*MakeEvent("a-1", "delta", "{}"), "id: a-1\nevent: delta\ndata: {}\n\n");
  EXPECT_EQ(*MakeEvent("", "resync", "{}"), "event: resync\ndata: {}\n\n");
}

}  // namespace
}  // namespace qalam
