#include "client/cli/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace qalam::cli {
namespace {

using std::chrono::nanoseconds;

TEST(HistogramTest, AnEmptyOneAnswersZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Quantile(0.99), 0);
  EXPECT_EQ(histogram.Max(), 0);
}

TEST(HistogramTest, QuantilesAreWithinTwoPercentOfTheSortedList) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> latency(13, 2);
  Histogram histogram;
  std::vector<double> sorted;
  for (int i = 0; i < 50'000; ++i) {
    const auto ns = static_cast<std::int64_t>(latency(random));
    histogram.Add(nanoseconds(ns));
    sorted.push_back(static_cast<double>(ns) / 1e6);
  }
  std::sort(sorted.begin(), sorted.end());
  for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const double exact = sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size()))];
    EXPECT_NEAR(histogram.Quantile(q), exact, exact * 0.02 + 1e-6) << q;
  }
  EXPECT_DOUBLE_EQ(histogram.Max(), sorted.back());
  EXPECT_DOUBLE_EQ(histogram.Quantile(1), sorted.back());
}

TEST(HistogramTest, CountsAndMergingAddUp) {
  Histogram one;
  one.Add(nanoseconds(1'000'000), 99);
  Histogram other;
  other.Add(nanoseconds(50'000'000));
  one.Merge(other);
  EXPECT_EQ(one.count(), 100u);
  EXPECT_NEAR(one.Quantile(0.5), 1, 0.02);
  EXPECT_DOUBLE_EQ(one.Quantile(0.99), 50);
  EXPECT_DOUBLE_EQ(one.Max(), 50);
}

TEST(HistogramTest, TakesEveryDuration) {
  Histogram histogram;
  histogram.Add(nanoseconds(-5));
  histogram.Add(nanoseconds(0));
  histogram.Add(nanoseconds(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.Quantile(0), 0);
  EXPECT_NEAR(histogram.Max(), 9.22e12, 1e10);
}

}  // namespace
}  // namespace qalam::cli
