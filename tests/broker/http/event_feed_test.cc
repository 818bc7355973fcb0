#include "broker/http/event_feed.h"

#include <gtest/gtest.h>

#include "tests/broker/http/figure_samples.h"

namespace qalam {
namespace {

class EventFeedTest : public testing::Test {
 protected:
  // What is new after the next sample.
  std::vector<std::string> Next(const BrokerFigures& figures, int seconds = 1) {
    rates_.Advance(Shared(figures), 1);
    now_ += std::chrono::seconds(seconds);
    const std::size_t count = feed_.Observe(7000, now_, rates_);
    std::vector<std::string> texts;
    const auto& entries = feed_.entries();
    for (std::size_t i = entries.size() - count; i < entries.size(); ++i) {
      texts.push_back(entries[i].text);
    }
    return texts;
  }

  FigureRates rates_;
  EventFeed feed_;
  MonotonicTime now_{};
};

using Texts = std::vector<std::string>;

TEST_F(EventFeedTest, TheFirstSampleSaysWhatThereIs) {
  BrokerFigures figures = SomeSample(3);
  figures.partitions[1].offline = true;
  EXPECT_EQ(Next(figures), (Texts{"broker started: 1 topic, 3 partitions, 1 offline"}));
  EXPECT_EQ(feed_.entries().back().level, FeedEntry::Level::kError);
  EXPECT_EQ(feed_.entries().back().at_ms, 7000);
  EXPECT_EQ(Next(figures), Texts{});
}

TEST_F(EventFeedTest, TopicsThatComeAndGoAreTold) {
  BrokerFigures figures = SomeSample(2, "b");
  Next(figures);
  PartitionFigures other;
  other.partition = {"a", 0};
  figures.partitions.insert(figures.partitions.begin(), other);
  EXPECT_EQ(Next(figures), (Texts{"a: topic made, 1 partition"}));
  EXPECT_EQ(feed_.entries().back().topic, "a");
  EXPECT_EQ(feed_.entries().back().partition, -1);
  EXPECT_EQ(Next(SomeSample(2, "c")),
            (Texts{"a: topic deleted", "b: topic deleted", "c: topic made, 2 partitions"}));
}

TEST_F(EventFeedTest, PartitionsThatFailOrComeBackOrChangeTheirEpochAreTold) {
  BrokerFigures figures = SomeSample(3);
  Next(figures);
  figures.partitions[2].offline = true;
  figures.partitions[2].status = "offline: IO: bad disk";
  EXPECT_EQ(Next(figures), (Texts{"t/2: offline: IO: bad disk"}));
  EXPECT_EQ(feed_.entries().back().level, FeedEntry::Level::kError);
  EXPECT_EQ(feed_.entries().back().partition, 2);
  figures.partitions[2].offline = false;
  figures.partitions[2].leader_epoch = 9;
  EXPECT_EQ(Next(figures), (Texts{"t/2: back", "t/2: epoch 9, leader 1"}));
}

TEST_F(EventFeedTest, ASlowSyncIsToldAndNotEverySecond) {
  BrokerFigures figures = SomeSample(1);
  Next(figures);
  HistogramFigures& syncs = figures.writers[0].sync_seconds;
  // Many quick ones, and one in the bucket from 0.256 to 1 s: which the sum tells.
  syncs.counts = {100, 0, 0, 0, 0};
  syncs.sum = 0.05;
  EXPECT_EQ(Next(figures), Texts{});
  syncs.counts = {200, 0, 0, 1, 0};
  syncs.sum = 0.05 + 0.1 + 0.3;
  EXPECT_EQ(Next(figures), Texts{});
  syncs.counts = {200, 0, 0, 2, 0};
  syncs.sum += 0.8;
  EXPECT_EQ(Next(figures), (Texts{"writer 0: a sync took 0.8 s"}));
  syncs.counts = {200, 0, 0, 2, 1};
  syncs.sum += 1.2;
  EXPECT_EQ(Next(figures), Texts{});
  syncs.counts = {200, 0, 0, 2, 2};
  syncs.sum += 3.2;
  EXPECT_EQ(Next(figures, 61), (Texts{"writer 0: a sync took 3.2 s"}));
}

TEST_F(EventFeedTest, RefusalsAreToldWithTheirReasonAndNotEverySecond) {
  BrokerFigures figures = SomeSample(1);
  Next(figures);
  figures.writers[0].refused = {{"UNEXPECTED_OFFSET", 3}};
  EXPECT_EQ(Next(figures), (Texts{"3 batches refused: UNEXPECTED_OFFSET"}));
  figures.writers[0].refused = {{"NO_SPACE", 1}, {"UNEXPECTED_OFFSET", 6}};
  EXPECT_EQ(Next(figures), (Texts{"1 batch refused: NO_SPACE"}));
  figures.writers[0].refused = {{"NO_SPACE", 1}, {"UNEXPECTED_OFFSET", 8}};
  EXPECT_EQ(Next(figures, 61), (Texts{"2 batches refused: UNEXPECTED_OFFSET"}));
}

TEST_F(EventFeedTest, LittleSpaceIsToldOnceAndSoIsItsEnd) {
  BrokerFigures figures = SomeSample(1);
  Next(figures);
  figures.disk_free_bytes = std::uint64_t{500} << 20;
  EXPECT_EQ(Next(figures), (Texts{"little space left: 500 MiB"}));
  figures.disk_free_bytes = std::uint64_t{1100} << 20;  // Not enough to speak of.
  EXPECT_EQ(Next(figures), Texts{});
  figures.disk_free_bytes = std::uint64_t{2000} << 20;
  EXPECT_EQ(Next(figures), (Texts{"space again: 2000 MiB"}));
}

TEST_F(EventFeedTest, MuchAtOnceIsCountedAndTheFeedIsBounded) {
  BrokerFigures figures = SomeSample(300);
  Next(figures);
  for (auto& each : figures.partitions) each.offline = true;
  const auto texts = Next(figures);
  ASSERT_EQ(texts.size(), EventFeed::kKindMax + 1);
  EXPECT_EQ(texts.back(), "and 280 more partitions offline");
  for (int i = 0; i < 40; ++i) {
    for (auto& each : figures.partitions) each.offline = !each.offline;
    Next(figures);
  }
  EXPECT_EQ(feed_.entries().size(), EventFeed::kEntriesMax);
}

}  // namespace
}  // namespace qalam
