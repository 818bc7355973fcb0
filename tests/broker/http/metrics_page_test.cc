#include "broker/http/metrics_page.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace qalam {
namespace {

BrokerFigures SomeFigures() {
  BrokerFigures figures;
  WriterFigures writer;
  writer.number = 0;
  writer.sync_seconds = {{0.001, 0.004}, {3, 2, 1}, 0.25};
  writer.refused = {{"OVERLOADED", 4}};
  figures.writers.push_back(writer);
  for (std::int32_t i = 0; i < 3; ++i) {
    PartitionFigures partition;
    partition.partition = {i < 2 ? "a" : "b", i < 2 ? i : 0};
    partition.records = 10;
    partition.bytes = 1000;
    partition.high_watermark = 7;
    partition.offline = i == 1;
    figures.partitions.push_back(partition);
  }
  return figures;
}

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsPageTest, TopicsAreSumsOfTheirPartitions) {
  const std::string text = prometheus::TextSerializer().Serialize(BrokerMetrics(SomeFigures()));
  EXPECT_TRUE(Has(text, "qalam_topic_appended_records_total{topic=\"a\"} 20")) << text;
  EXPECT_TRUE(Has(text, "qalam_topic_appended_records_total{topic=\"b\"} 10")) << text;
  EXPECT_TRUE(Has(text, "qalam_topic_offline_partitions{topic=\"a\"} 1")) << text;
  EXPECT_TRUE(Has(text, "qalam_writer_refused_batches_total{writer=\"0\",reason=\"OVERLOADED\"} 4"))
      << text;
}

TEST(MetricsPageTest, BucketsAreCumulativeAndEndWithInfinity) {
  const std::string text = ToOpenMetrics(BrokerMetrics(SomeFigures()));
  EXPECT_TRUE(Has(text, "qalam_writer_sync_seconds_bucket{writer=\"0\",le=\"0.001\"} 3")) << text;
  EXPECT_TRUE(Has(text, "qalam_writer_sync_seconds_bucket{writer=\"0\",le=\"0.004\"} 5")) << text;
  EXPECT_TRUE(Has(text, "qalam_writer_sync_seconds_bucket{writer=\"0\",le=\"+Inf\"} 6")) << text;
  EXPECT_TRUE(Has(text, "qalam_writer_sync_seconds_count{writer=\"0\"} 6")) << text;
  EXPECT_TRUE(Has(text, "qalam_writer_sync_seconds_sum{writer=\"0\"} 0.25")) << text;
}

TEST(MetricsPageTest, OpenMetricsNamesCountersWithoutTheirSuffixAndEnds) {
  const std::string text = ToOpenMetrics(PartitionMetrics(SomeFigures()));
  EXPECT_TRUE(Has(text, "# TYPE qalam_partition_appended_records counter")) << text;
  EXPECT_TRUE(Has(text, "qalam_partition_appended_records_total{topic=\"a\",partition=\"1\"} 10"))
      << text;
  EXPECT_TRUE(Has(text, "qalam_partition_offline{topic=\"a\",partition=\"1\"} 1")) << text;
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

TEST(MetricsPageTest, LabelsAreEscaped) {
  prometheus::MetricFamily family{"x", "a\nb", prometheus::MetricType::Gauge, {}};
  family.metric.emplace_back().label = {{"l", "q\"b\\n\n"}};
  const std::string text = ToOpenMetrics({family});
  EXPECT_TRUE(Has(text, "# HELP x a\\nb")) << text;
  EXPECT_TRUE(Has(text, "x{l=\"q\\\"b\\\\n\\n\"} 0")) << text;
}

TEST(MetricsPageTest, EveryFamilyHasAllItsMetricsTogether) {
  const auto families = BrokerMetrics(SomeFigures());
  std::map<std::string, int> times;
  for (const auto& family : families) ++times[family.name];
  for (const auto& [name, count] : times) EXPECT_EQ(count, 1) << name;
}

}  // namespace
}  // namespace qalam
