#include "client/cli/figure_rates.h"

#include <gtest/gtest.h>

namespace qalam::cli {
namespace {

using std::chrono::seconds;

abi0::PartitionFigures Partition(const std::string& topic, std::int32_t number,
                                 std::uint64_t records) {
  abi0::PartitionFigures figures;
  figures.topic = topic;
  figures.partition = number;
  figures.records = records;
  figures.bytes = records * 100;
  figures.fetched_bytes = records * 200;
  figures.size_bytes = 1000;
  return figures;
}

abi0::WriterFigures Writer(std::int32_t number, std::vector<std::uint64_t> syncs) {
  abi0::WriterFigures figures;
  figures.number = number;
  figures.sync_seconds = {{0.001, 0.002, 0.004}, syncs, 0};
  for (const std::uint64_t each : syncs) figures.sync_seconds.sum += 0.001 * double(each);
  figures.group_batches = {{1, 10}, {syncs[0], 0, 0}, double(syncs[0])};
  figures.refused = {{"OVERLOADED", syncs[0]}};
  return figures;
}

abi0::BrokerFigures Figures(std::vector<abi0::PartitionFigures> partitions) {
  abi0::BrokerFigures figures;
  figures.partitions = std::move(partitions);
  return figures;
}

TEST(FigureRatesTest, TheFirstReadingHasNoRates) {
  FigureRates rates;
  EXPECT_FALSE(rates.Add(Figures({Partition("a", 0, 10)}), seconds(1)));
  EXPECT_TRUE(rates.Add(Figures({Partition("a", 0, 10)}), seconds(1)));
  rates.Forget();
  EXPECT_FALSE(rates.Add(Figures({Partition("a", 0, 10)}), seconds(1)));
}

TEST(FigureRatesTest, RatesAreGainsByTime) {
  FigureRates rates;
  (void)rates.Add(Figures({Partition("a", 0, 10), Partition("a", 1, 0)}), seconds(1));
  const auto now = rates.Add(Figures({Partition("a", 0, 30), Partition("a", 1, 4)}), seconds(2));
  ASSERT_TRUE(now);
  EXPECT_DOUBLE_EQ(now->partitions[0].records_in, 10);
  EXPECT_DOUBLE_EQ(now->partitions[0].bytes_in, 1000);
  EXPECT_DOUBLE_EQ(now->partitions[0].bytes_out, 2000);
  EXPECT_DOUBLE_EQ(now->partitions[1].records_in, 2);
  EXPECT_DOUBLE_EQ(now->totals.records_in, 12);
  EXPECT_EQ(now->totals.log_bytes, 2000u);
  EXPECT_EQ(now->totals.partitions, 2u);
}

TEST(FigureRatesTest, ACounterThatWentBackBeganAnew) {
  FigureRates rates;
  (void)rates.Add(Figures({Partition("a", 0, 1000)}), seconds(1));
  const auto now = rates.Add(Figures({Partition("a", 0, 5)}), seconds(1));
  EXPECT_DOUBLE_EQ(now->partitions[0].records_in, 5);
}

TEST(FigureRatesTest, PartitionsThatComeBeginAtNothingAndThoseThatGoAreGone) {
  FigureRates rates;
  (void)rates.Add(Figures({Partition("a", 0, 7), Partition("c", 0, 7)}), seconds(1));
  const auto now = rates.Add(
      Figures({Partition("b", 0, 3), Partition("c", 0, 8), Partition("d", 0, 1)}), seconds(1));
  ASSERT_EQ(now->partitions.size(), 3u);
  EXPECT_DOUBLE_EQ(now->partitions[0].records_in, 3);
  EXPECT_DOUBLE_EQ(now->partitions[1].records_in, 1);
  EXPECT_DOUBLE_EQ(now->partitions[2].records_in, 1);
}

TEST(FigureRatesTest, WritersShowWhatHappenedSince) {
  FigureRates rates;
  abi0::BrokerFigures figures = Figures({Partition("a", 0, 1)});
  figures.partitions[0].writer_thread = 3;
  figures.writers = {Writer(3, {10, 0, 0, 1})};
  (void)rates.Add(figures, seconds(1));
  figures.writers = {Writer(3, {10, 4, 0, 1}), Writer(4, {2, 0, 0, 0})};
  const auto now = rates.Add(figures, seconds(2));
  ASSERT_EQ(now->writers.size(), 2u);
  EXPECT_EQ(now->writers[0].sync_seconds.count, 4u);
  EXPECT_DOUBLE_EQ(now->writers[0].sync_seconds.Max(), 0.002);
  EXPECT_EQ(now->writers[0].partitions, 1u);
  EXPECT_DOUBLE_EQ(now->writers[1].groups, 1);
  EXPECT_DOUBLE_EQ(now->writers[1].batches_per_group, 1);
  EXPECT_DOUBLE_EQ(now->writers[1].refused, 1);
  EXPECT_EQ(now->totals.sync_seconds.count, 6u);
}

TEST(FigureRatesTest, QuantilesAreWithinTheirBucket) {
  const Spread spread = GainOf(nullptr, {{1, 2, 4}, {50, 25, 25, 0}, 0});
  EXPECT_DOUBLE_EQ(spread.Quantile(0.25), 0.5);
  EXPECT_DOUBLE_EQ(spread.Quantile(0.5), 1);
  EXPECT_DOUBLE_EQ(spread.Quantile(0.75), 2);
  EXPECT_DOUBLE_EQ(spread.Max(), 4);
  EXPECT_DOUBLE_EQ(GainOf(nullptr, {{1, 2}, {0, 0, 3}, 0}).Quantile(0.5), 2) << "beyond all bounds";
  EXPECT_DOUBLE_EQ(GainOf(nullptr, {{1, 2}, {0, 0, 0}, 0}).Quantile(0.5), 0);
  EXPECT_DOUBLE_EQ(GainOf(nullptr, {}).Max(), 0);
}

TEST(FigureRatesTest, ATimeOfNothingGivesNoInfinity) {
  FigureRates rates;
  (void)rates.Add(Figures({Partition("a", 0, 1)}), seconds(1));
  const auto now = rates.Add(Figures({Partition("a", 0, 2)}), seconds(0));
  EXPECT_LE(now->partitions[0].records_in, 1000);
}

}  // namespace
}  // namespace qalam::cli
