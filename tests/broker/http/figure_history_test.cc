#include "broker/http/figure_history.h"

#include <gtest/gtest.h>

#include "tests/broker/http/figure_samples.h"

namespace qalam {
namespace {

using std::chrono::seconds;

TEST(FigureHistoryTest, ARingKeepsTheNewestInOrder) {
  HistoryRing<1> ring(3);
  for (int i = 1; i <= 5; ++i) {
    ring.Add({static_cast<double>(i)});
    EXPECT_EQ(ring.at(ring.size() - 1)[0], i);
  }
  ASSERT_EQ(ring.size(), 3u);
  EXPECT_EQ(ring.at(0)[0], 3);
  ring.Clear();
  EXPECT_EQ(ring.size(), 0u);
  ring.Add({9});
  EXPECT_EQ(ring.at(0)[0], 9);
}

TEST(FigureHistoryTest, AMinuteHasMeansOfRatesTheLargestAndTheLast) {
  TotalsHistory history;
  for (int i = 0; i < 121; ++i) {
    TotalRates totals;
    totals.rates.records_in = i < 30 ? 100 : 0;
    totals.sync_ms_p99 = i == 10 ? 7 : 1;
    totals.log_bytes = static_cast<std::uint64_t>(i);
    history.Add(1000 * i, seconds(100 + i), totals);
  }
  EXPECT_EQ(history.seconds().size(), 121u);
  ASSERT_EQ(history.minutes().size(), 2u);
  const auto& minute = history.minutes().at(0);
  EXPECT_EQ(minute[0], 60'000);
  EXPECT_NEAR(minute[1], 3000.0 / 61, 0.01);
  EXPECT_EQ(minute[8], 7);
  EXPECT_EQ(minute[14], 60);
  EXPECT_EQ(history.minutes().at(1)[0], 120'000);
  EXPECT_EQ(history.minutes().at(1)[1], 0);
}

TEST(FigureHistoryTest, ADayAndAQuarterOfAnHourAreKeptInFixedMemory) {
  TotalsHistory history;
  const std::size_t before = history.memory_bytes();
  for (int i = 0; i < 26 * 3600; ++i) history.Add(1000 * i, seconds(1 + i), {});
  EXPECT_EQ(history.seconds().size(), 900u);
  EXPECT_EQ(history.minutes().size(), 1440u);
  EXPECT_EQ(history.memory_bytes(), before);
  EXPECT_LT(before + BusiestHistory().memory_bytes(), std::size_t{1} << 20);
}

class BusiestHistoryTest : public testing::Test {
 protected:
  BusiestHistoryTest() : figures_(SomeSample(40)) { rates_.Advance(Shared(figures_), 1); }
  // `bytes(i)`: what partition i takes in a second.
  template <typename Bytes>
  void Run(int count, const Bytes& bytes) {
    for (int k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < figures_.partitions.size(); ++i) {
        figures_.partitions[i].bytes += static_cast<std::uint64_t>(bytes(i));
        figures_.partitions[i].records += bytes(i) > 0 ? 2 : 0;
      }
      rates_.Advance(Shared(figures_), 1);
      ++second_;
      history_.Add(1000 * second_, seconds(second_), rates_);
    }
  }

  BrokerFigures figures_;
  FigureRates rates_;
  BusiestHistory history_;
  int second_ = 0;
};

TEST_F(BusiestHistoryTest, TheBusiestAreKeptByStepsOfFiveSeconds) {
  Run(61, [](std::size_t i) { return i == 5 ? 1000 : 0; });
  EXPECT_EQ(history_.Find({"t", 4}), nullptr);
  const auto* const ring = history_.Find({"t", 5});
  ASSERT_NE(ring, nullptr);
  EXPECT_GE(ring->size(), 10u);
  EXPECT_EQ(ring->at(3)[1], 2);
  EXPECT_EQ(ring->at(3)[2], 1000);
  EXPECT_EQ(ring->at(4)[0] - ring->at(3)[0], 5000);
}

TEST_F(BusiestHistoryTest, WhoIsBusierByHalfTakesThePlaceOfTheLeastBusy) {
  Run(120, [](std::size_t i) { return i < 32 ? 1000 + static_cast<int>(i) : 0; });
  for (PartitionId i = 0; i < 32; ++i) EXPECT_NE(history_.Find({"t", i}), nullptr) << i;
  // A little busier is not enough; twice as busy is.
  Run(300, [](std::size_t i) {
    return i < 32 ? 1000 + static_cast<int>(i) : i == 35 ? 1200 : i == 39 ? 2000 : 0;
  });
  EXPECT_EQ(history_.Find({"t", 35}), nullptr);
  EXPECT_NE(history_.Find({"t", 39}), nullptr);
  EXPECT_EQ(history_.Find({"t", 0}), nullptr);
  EXPECT_NE(history_.Find({"t", 1}), nullptr);
}

TEST_F(BusiestHistoryTest, ADeletedTopicLeavesItsPlace) {
  Run(20, [](std::size_t i) { return 200 - static_cast<int>(i); });
  ASSERT_NE(history_.Find({"t", 7}), nullptr);
  figures_.partitions.erase(figures_.partitions.begin() + 7);
  Run(1, [](std::size_t i) { return 200 - static_cast<int>(i); });
  EXPECT_EQ(history_.Find({"t", 7}), nullptr);
}

}  // namespace
}  // namespace qalam
