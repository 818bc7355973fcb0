#include "broker/http/metrics_page.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace qalam {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Families in the order in which they are first named.
class Families {
 public:
  void Counter(const char* name, const char* help, Labels labels, std::uint64_t value) {
    Add(name, help, MetricType::Counter, std::move(labels)).counter.value =
        static_cast<double>(value);
  }
  void Gauge(const char* name, const char* help, Labels labels, double value) {
    Add(name, help, MetricType::Gauge, std::move(labels)).gauge.value = value;
  }
  void Histogram(const char* name, const char* help, Labels labels, const HistogramFigures& from) {
    ClientMetric::Histogram& histogram =
        Add(name, help, MetricType::Histogram, std::move(labels)).histogram;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < from.counts.size(); ++i) {
      below += from.counts[i];
      const double bound =
          i < from.bounds.size() ? from.bounds[i] : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({below, bound});
    }
    histogram.sample_count = below;
    histogram.sample_sum = from.sum;
  }
  std::vector<MetricFamily> Take() {
    return {std::make_move_iterator(families_.begin()), std::make_move_iterator(families_.end())};
  }

 private:
  ClientMetric& Add(const char* name, const char* help, MetricType type, Labels labels) {
    const auto [place, is_new] = by_name_.try_emplace(name, families_.size());
    if (is_new) families_.push_back({name, help, type, {}});
    ClientMetric& metric = families_[place->second].metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  std::deque<MetricFamily> families_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

struct TopicSums {
  PartitionFigures sum;
  std::uint64_t partitions = 0;
  std::uint64_t offline = 0;
};

std::map<std::string, TopicSums> ByTopic(const std::vector<PartitionFigures>& partitions) {
  std::map<std::string, TopicSums> topics;
  for (const PartitionFigures& each : partitions) {
    TopicSums& topic = topics[each.partition.topic];
    topic.sum.batches += each.batches;
    topic.sum.records += each.records;
    topic.sum.bytes += each.bytes;
    topic.sum.duplicates += each.duplicates;
    topic.sum.refused += each.refused;
    topic.sum.fetched_bytes += each.fetched_bytes;
    topic.sum.size_bytes += each.size_bytes;
    ++topic.partitions;
    topic.offline += each.offline ? 1 : 0;
  }
  return topics;
}

void AddWriter(Families& families, const WriterFigures& writer) {
  const Labels labels{{"writer", std::to_string(writer.number)}};
  families.Gauge("qalam_writer_queue_depth", "Requests that wait for the writer thread.", labels,
                 static_cast<double>(writer.queue_depth));
  families.Histogram("qalam_writer_group_batches", "Batches that one group, and one sync, covered.",
                     labels, writer.group_batches);
  families.Histogram("qalam_writer_group_bytes", "Bytes that one group, and one sync, covered.",
                     labels, writer.group_bytes);
  families.Histogram("qalam_writer_write_seconds", "Writing one group to its file.", labels,
                     writer.write_seconds);
  families.Histogram("qalam_writer_sync_seconds",
                     "From the write of a group to the return of the sync that covers it.", labels,
                     writer.sync_seconds);
  for (const auto& [reason, count] : writer.refused) {
    Labels with_reason = labels;
    with_reason.push_back({"reason", std::string(reason)});
    families.Counter("qalam_writer_refused_batches_total", "Batches refused, by the error's word.",
                     std::move(with_reason), count);
  }
}

bool AcceptsOpenMetrics(const HttpRequest& request) {
  return request.Header("accept").find("application/openmetrics-text") != std::string_view::npos;
}

HttpPage PageOf(Broker& broker, std::vector<MetricFamily> (*make)(const BrokerFigures&)) {
  return [&broker, make](const HttpRequest& request, HttpReply reply) {
    const bool open_metrics = AcceptsOpenMetrics(request);
    broker.ReadFigures(Reply<BrokerFigures>(
        [make, open_metrics, reply = std::move(reply)](Result<BrokerFigures> figures) mutable {
          if (!figures.ok()) {
            reply(ErrorResponse(figures.error()));
            return;
          }
          HttpResponse response;
          if (open_metrics) {
            response.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            response.body = ToOpenMetrics(make(*figures));
          } else {
            response.content_type = "text/plain; version=0.0.4; charset=utf-8";
            response.body = prometheus::TextSerializer().Serialize(make(*figures));
          }
          reply(std::move(response));
        }));
  };
}

}  // namespace

std::vector<MetricFamily> BrokerMetrics(const BrokerFigures& figures) {
  Families families;
  families.Gauge("qalam_process_resident_bytes", "Resident memory of the broker.", {},
                 static_cast<double>(figures.resident_bytes));
  families.Gauge("qalam_disk_free_bytes", "Free space where the logs are.", {},
                 static_cast<double>(figures.disk_free_bytes));
  families.Gauge("qalam_parked_readers", "Readers that wait for records.", {},
                 static_cast<double>(figures.readers_parked));
  for (const WriterFigures& writer : figures.writers) AddWriter(families, writer);
  for (const auto& [name, topic] : ByTopic(figures.partitions)) {
    const Labels labels{{"topic", name}};
    families.Gauge("qalam_topic_partitions", "Partitions of the topic.", labels,
                   static_cast<double>(topic.partitions));
    families.Gauge("qalam_topic_offline_partitions", "Those that can't be written or read.", labels,
                   static_cast<double>(topic.offline));
    families.Counter("qalam_topic_appended_batches_total", "Batches written.", labels,
                     topic.sum.batches);
    families.Counter("qalam_topic_appended_records_total", "Records written.", labels,
                     topic.sum.records);
    families.Counter("qalam_topic_appended_bytes_total", "Bytes of batches written, as stored.",
                     labels, topic.sum.bytes);
    families.Counter("qalam_topic_duplicate_batches_total",
                     "Batches that a producer sent again and that were not written again.", labels,
                     topic.sum.duplicates);
    families.Counter("qalam_topic_refused_batches_total", "Batches refused.", labels,
                     topic.sum.refused);
    families.Counter("qalam_topic_fetched_bytes_total", "Bytes read by consumers, as stored.",
                     labels, topic.sum.fetched_bytes);
    families.Gauge("qalam_topic_log_bytes", "Bytes of the topic's logs.", labels,
                   static_cast<double>(topic.sum.size_bytes));
  }
  return families.Take();
}

std::vector<MetricFamily> PartitionMetrics(const BrokerFigures& figures) {
  Families families;
  for (const PartitionFigures& each : figures.partitions) {
    const Labels labels{{"topic", each.partition.topic},
                        {"partition", std::to_string(each.partition.partition)}};
    families.Counter("qalam_partition_appended_records_total", "Records written.", labels,
                     each.records);
    families.Counter("qalam_partition_appended_bytes_total", "Bytes of batches written, as stored.",
                     labels, each.bytes);
    families.Counter("qalam_partition_refused_batches_total", "Batches refused.", labels,
                     each.refused);
    families.Counter("qalam_partition_fetched_bytes_total", "Bytes read by consumers, as stored.",
                     labels, each.fetched_bytes);
    families.Gauge("qalam_partition_log_start_offset", "Oldest offset that can be read.", labels,
                   static_cast<double>(each.log_start_offset));
    families.Gauge("qalam_partition_high_watermark", "Everything below may be read.", labels,
                   static_cast<double>(each.high_watermark));
    families.Gauge("qalam_partition_log_bytes", "Bytes of the log.", labels,
                   static_cast<double>(each.size_bytes));
    families.Gauge("qalam_partition_offline", "1: can't be written or read.", labels,
                   each.offline ? 1 : 0);
  }
  return families.Take();
}

void AddMetricsPages(HttpPages& pages, Broker& broker) {
  pages.Add("/metrics", PageOf(broker, BrokerMetrics));
  pages.Add("/metrics/partitions", PageOf(broker, PartitionMetrics));
}

}  // namespace qalam
