#include "broker/http/row_changes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/broker/http/figure_samples.h"

namespace qalam {
namespace {

constexpr std::size_t kRowBytes = 100;

class RowChangesTest : public testing::Test {
 protected:
  // Which rows the next delta has. Each is kRowBytes long.
  std::vector<std::size_t> Take(const BrokerFigures& figures) {
    rates_.Advance(Shared(figures), 1);
    const std::string rows = changes_.Take(rates_, [](std::string& out, std::size_t i) {
      std::string row = std::to_string(i);
      row.resize(kRowBytes - 1, ' ');
      out += row;
    });
    std::vector<std::size_t> taken;
    std::istringstream in(rows);
    for (std::string row; std::getline(in, row, ',');) taken.push_back(std::stoul(row));
    return taken;
  }
  void Begin(const BrokerFigures& figures) {
    rates_.Advance(Shared(figures), 1);
    changes_.Reset(rates_);
  }

  FigureRates rates_;
  RowChanges changes_{kRowBytes * 20};
};

using Rows = std::vector<std::size_t>;

TEST_F(RowChangesTest, OnlyWhatChangedIsSentAndARateThatEndsIsAChange) {
  BrokerFigures figures = SomeSample(10);
  Begin(figures);
  EXPECT_EQ(Take(figures), Rows{});
  figures.partitions[3].records = 5;
  figures.partitions[3].high_watermark = 5;
  EXPECT_EQ(Take(figures), Rows{3});
  EXPECT_EQ(Take(figures), Rows{3});  // Now its rate is 0 again.
  EXPECT_EQ(Take(figures), Rows{});
  figures.partitions[4].status = "offline: disk";
  figures.partitions[7].leader_epoch = 6;
  EXPECT_EQ(Take(figures), (Rows{4, 7}));
}

TEST_F(RowChangesTest, NewOnesAreSentAndThoseThatAreGoneAreNamed) {
  BrokerFigures figures = SomeSample(3);
  Begin(figures);
  figures.partitions.erase(figures.partitions.begin());
  PartitionFigures made;
  made.partition = {"z", 0};
  figures.partitions.push_back(made);
  EXPECT_EQ(Take(figures), Rows{2});
  EXPECT_EQ(changes_.gone(), (std::vector<TopicPartition>{{"t", 0}}));
  EXPECT_EQ(Take(figures), Rows{});
  EXPECT_TRUE(changes_.gone().empty());
}

TEST_F(RowChangesTest, TheBusiestComeFirstAndNoneWaitsForEver) {
  constexpr std::size_t kPartitions = 400;
  BrokerFigures figures = SomeSample(static_cast<std::int32_t>(kPartitions));
  Begin(figures);
  std::vector<int> last_sent(kPartitions, 0);
  int longest = 0;
  for (int second = 1; second <= 200; ++second) {
    for (std::size_t i = 0; i < kPartitions; ++i) {
      // Partition 399 is the busiest by far.
      figures.partitions[i].bytes += 10 + i + (i == kPartitions - 1 ? 1000 * second : 0);
      figures.partitions[i].high_watermark += 1;
    }
    const Rows rows = Take(figures);
    EXPECT_LE(rows.size(), 21u);
    EXPECT_GE(rows.size(), 19u);
    EXPECT_EQ(std::set<std::size_t>(rows.begin(), rows.end()).size(), rows.size());
    EXPECT_NE(std::find(rows.begin(), rows.end(), kPartitions - 1), rows.end()) << second;
    EXPECT_EQ(changes_.waiting(), kPartitions - rows.size());
    for (const std::size_t i : rows) {
      longest = std::max(longest, second - last_sent[i]);
      last_sent[i] = second;
    }
  }
  for (const int last : last_sent) longest = std::max(longest, 200 - last);
  // Half of twenty rows a second go to those that wait.
  EXPECT_LE(longest, 45);
}

TEST_F(RowChangesTest, BadNewsDoesNotWaitBehindBusyRows) {
  BrokerFigures figures = SomeSample(400);
  Begin(figures);
  for (auto& each : figures.partitions) each.bytes += 1'000'000;
  figures.partitions[250].bytes = 0;
  figures.partitions[250].status = "offline: disk";
  EXPECT_EQ(Take(figures).front(), 250u);
}

TEST_F(RowChangesTest, ARowThatIsAgainAsItWasSentNeedsNotBeSent) {
  RowChanges small(kRowBytes);
  BrokerFigures figures = SomeSample(4);
  rates_.Advance(Shared(figures), 1);
  small.Reset(rates_);
  const auto take = [&](const BrokerFigures& sample) {
    rates_.Advance(Shared(sample), 1);
    return small.Take(rates_, [](std::string& out, std::size_t i) {
      out += std::string(kRowBytes, static_cast<char>('0' + i));
    });
  };
  BrokerFigures changed = figures;
  for (auto& each : changed.partitions) each.size_bytes = 9;
  EXPECT_EQ(take(changed)[0], '0');
  EXPECT_EQ(small.waiting(), 3u);
  changed.partitions[1].size_bytes = 0;
  EXPECT_EQ(take(changed)[0], '2');
  EXPECT_EQ(small.waiting(), 1u);
}

}  // namespace
}  // namespace qalam
