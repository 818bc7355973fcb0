#include "broker/http/figure_rates.h"

#include <gtest/gtest.h>

#include "tests/broker/http/figure_samples.h"

namespace qalam {
namespace {

TEST(FigureRatesTest, TheFirstSampleHasNoRates) {
  BrokerFigures figures = SomeSample(2);
  figures.partitions[0].records = 1000;
  figures.partitions[1].offline = true;
  figures.partitions[1].size_bytes = 70;
  FigureRates rates;
  EXPECT_EQ(rates.now(), nullptr);
  rates.Advance(Shared(std::move(figures)), 1, 3);
  EXPECT_EQ(rates.before(), nullptr);
  EXPECT_EQ(rates.totals().rates.records_in, 0u);
  EXPECT_EQ(rates.totals().partitions, 2u);
  EXPECT_EQ(rates.totals().offline, 1u);
  EXPECT_EQ(rates.totals().log_bytes, 70u);
  EXPECT_EQ(rates.totals().streams, 3u);
}

TEST(FigureRatesTest, RatesAreDifferencesByTheTimeBetween) {
  BrokerFigures figures = SomeSample(2);
  figures.partitions[0].records = 1000;
  figures.partitions[0].bytes = 50'000;
  FigureRates rates;
  rates.Advance(Shared(figures), 1);
  figures.partitions[0].records = 1500;
  figures.partitions[0].bytes = 60'000;
  figures.partitions[1].fetched_bytes = 8000;
  figures.partitions[1].refused = 4;
  figures.partitions[1].duplicates = 2;
  rates.Advance(Shared(figures), 2);
  EXPECT_EQ(rates.partitions()[0].records_in, 250u);
  EXPECT_EQ(rates.partitions()[0].bytes_in, 5000u);
  EXPECT_EQ(rates.partitions()[1].bytes_out, 4000u);
  EXPECT_EQ(rates.partitions()[1].refused, 2u);
  EXPECT_EQ(rates.totals().rates.records_in, 250u);
  EXPECT_EQ(rates.totals().rates.bytes_out, 4000u);
  EXPECT_EQ(rates.totals().rates.duplicates, 1u);
  EXPECT_GT(rates.partitions()[0].activity, 0);
}

TEST(FigureRatesTest, PartitionsAreMatchedByNameWhateverComesAndGoes) {
  BrokerFigures figures = SomeSample(3, "m");
  for (auto& each : figures.partitions) each.records = 100;
  FigureRates rates;
  rates.Advance(Shared(figures), 1);
  // One before them is new, one in the middle is gone.
  PartitionFigures made;
  made.partition = {"a", 0};
  made.records = 7;
  figures.partitions.insert(figures.partitions.begin(), made);
  figures.partitions.erase(figures.partitions.begin() + 2);
  figures.partitions[1].records = 110;
  figures.partitions[2].records = 130;
  rates.Advance(Shared(figures), 1);
  ASSERT_EQ(rates.partitions().size(), 3u);
  EXPECT_EQ(rates.partitions()[0].records_in, 7u);
  EXPECT_EQ(rates.partitions()[1].records_in, 10u);
  EXPECT_EQ(rates.partitions()[2].records_in, 30u);
}

TEST(FigureRatesTest, ACounterThatWentDownBeganAnew) {
  BrokerFigures figures = SomeSample(1);
  figures.partitions[0].records = 1000;
  FigureRates rates;
  rates.Advance(Shared(figures), 1);
  figures.partitions[0].records = 40;
  rates.Advance(Shared(figures), 1);
  EXPECT_EQ(rates.partitions()[0].records_in, 40u);
}

TEST(FigureRatesTest, WritersAreDescribedByWhatTheyDidBetween) {
  BrokerFigures figures = SomeSample(2);
  figures.writers[0].sync_seconds.counts = {1000, 0, 0, 0, 0};  // All before.
  FigureRates rates;
  rates.Advance(Shared(figures), 1);
  figures.writers[0].group_batches.counts = {10, 10, 0, 0};
  figures.writers[0].group_batches.sum = 60;
  figures.writers[0].group_bytes.sum = 20'000;
  figures.writers[0].sync_seconds.counts = {1000, 98, 2, 0, 0};
  figures.writers[0].refused = {{"OVERLOADED", 6}};
  figures.writers[0].queue_depth = 9;
  rates.Advance(Shared(figures), 2);
  ASSERT_EQ(rates.writers().size(), 1u);
  const WriterRates& writer = rates.writers()[0];
  EXPECT_DOUBLE_EQ(writer.groups, 10);
  EXPECT_DOUBLE_EQ(writer.batches_per_group, 3);
  EXPECT_DOUBLE_EQ(writer.bytes_per_group, 1000);
  EXPECT_GT(writer.sync_ms_p50, 1);
  EXPECT_LT(writer.sync_ms_p50, 4);
  EXPECT_GT(writer.sync_ms_p99, 4);
  EXPECT_EQ(writer.refused, 3u);
  EXPECT_EQ(writer.partitions, 2u);
  EXPECT_EQ(rates.totals().queue_depth, 9u);
  EXPECT_DOUBLE_EQ(rates.totals().group_batches, 3);
  EXPECT_DOUBLE_EQ(rates.totals().sync_ms_p99, writer.sync_ms_p99);
}

TEST(FigureRatesTest, PercentilesLieInTheirBucket) {
  const std::vector<double> bounds = {1, 4, 16};
  EXPECT_DOUBLE_EQ(Percentile(bounds, {0, 0, 0, 0}, 0.5), 0);
  EXPECT_DOUBLE_EQ(Percentile(bounds, {4, 0, 0, 0}, 0.5), 0.5);
  EXPECT_DOUBLE_EQ(Percentile(bounds, {0, 10, 0, 0}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Percentile(bounds, {50, 49, 1, 0}, 0.99), 4);
  EXPECT_DOUBLE_EQ(Percentile(bounds, {0, 0, 0, 5}, 0.5), 16);  // Beyond all: at least that.
}

}  // namespace
}  // namespace qalam
