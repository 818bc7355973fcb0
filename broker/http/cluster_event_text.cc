#include "broker/http/cluster_event_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <type_traits>

#include "broker/wire/json_text.h"
#include "common/json_string.h"
#include "common/utf8.h"

namespace qalam {
namespace {

constexpr std::size_t kProblemsMax = 50;
constexpr std::size_t kProblemBytesMax = 400;
constexpr std::size_t kSnapshotFeedMax = 100;
constexpr std::string_view kColumns =
    R"(["topic","partition","leader","epoch","writer","start","high","size","recordsIn","bytesIn","bytesOut","refused","status"])";

void AppendText(std::string_view text, std::string& out) { AppendJsonQuoted(CleanUtf8(text), out); }

// `"name":number`, with a comma before it unless it is the first of its object.
template <typename T>
void AppendField(std::string_view name, T number, std::string& out) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":");
  if constexpr (std::is_floating_point_v<T>) {
    AppendJsonNumber(number, out);
  } else {
    fmt::format_to(std::back_inserter(out), "{}", number);
  }
}

void AppendTotals(const ClusterSample& sample, std::string& out) {
  const TotalRates& totals = sample.rates.totals();
  out += '{';
  AppendField("recordsIn", totals.rates.records_in, out);
  AppendField("bytesIn", totals.rates.bytes_in, out);
  AppendField("bytesOut", totals.rates.bytes_out, out);
  AppendField("refused", totals.rates.refused, out);
  AppendField("duplicates", totals.rates.duplicates, out);
  AppendField("parkedReaders", totals.parked_readers, out);
  AppendField("residentBytes", totals.resident_bytes, out);
  AppendField("diskFreeBytes", totals.disk_free_bytes, out);
  AppendField("logBytes", totals.log_bytes, out);
  AppendField("streams", totals.streams, out);
  AppendField("syncMsP50", totals.sync_ms_p50, out);
  AppendField("syncMsP99", totals.sync_ms_p99, out);
  AppendField("groupBatches", totals.group_batches, out);
  AppendField("partitions", totals.partitions, out);
  AppendField("offline", totals.offline, out);
  out += '}';
}

void AppendWriters(const std::vector<WriterRates>& writers, std::string& out) {
  out += '[';
  for (const WriterRates& each : writers) {
    if (out.back() != '[') out += ',';
    out += '{';
    AppendField("number", each.number, out);
    AppendField("queueDepth", each.queue_depth, out);
    AppendField("groups", each.groups, out);
    AppendField("batchesPerGroup", each.batches_per_group, out);
    AppendField("bytesPerGroup", each.bytes_per_group, out);
    AppendField("writeMsP50", each.write_ms_p50, out);
    AppendField("writeMsP99", each.write_ms_p99, out);
    AppendField("syncMsP50", each.sync_ms_p50, out);
    AppendField("syncMsP99", each.sync_ms_p99, out);
    AppendField("refused", each.refused, out);
    AppendField("partitions", each.partitions, out);
    out += '}';
  }
  out += ']';
}

std::string_view LevelWord(FeedEntry::Level level) {
  switch (level) {
    case FeedEntry::Level::kInfo:
      return "info";
    case FeedEntry::Level::kWarning:
      return "warning";
    case FeedEntry::Level::kError:
      return "error";
  }
  return "info";
}

// The last `count`.
void AppendFeed(const std::deque<FeedEntry>& entries, std::size_t count, std::string& out) {
  out += '[';
  for (std::size_t i = entries.size() - std::min(count, entries.size()); i < entries.size(); ++i) {
    const FeedEntry& each = entries[i];
    if (out.back() != '[') out += ',';
    out += '{';
    AppendField("atMs", each.at_ms, out);
    out.append(",\"level\":\"").append(LevelWord(each.level)).append("\",\"text\":");
    AppendText(std::string_view(each.text).substr(0, kProblemBytesMax), out);
    if (!each.topic.empty()) {
      out += ",\"topic\":";
      AppendText(each.topic, out);
    }
    if (each.partition >= 0) AppendField("partition", each.partition, out);
    out += '}';
  }
  out += ']';
}

// So many that an event stays small however much is wrong.
std::vector<std::string> SomeProblems(const std::vector<std::string>& problems) {
  std::vector<std::string> some;
  for (std::size_t i = 0; i < std::min(problems.size(), kProblemsMax); ++i) {
    some.push_back(CleanUtf8(std::string_view(problems[i]).substr(0, kProblemBytesMax)));
  }
  if (problems.size() > kProblemsMax) {
    some.push_back(fmt::format("and {} more", problems.size() - kProblemsMax));
  }
  return some;
}

void AppendBegin(const ClusterSample& sample, std::string& out) {
  out += '{';
  AppendField("atMs", sample.at_ms, out);
}

void AppendRates(const ClusterSample& sample, std::string& out) {
  out += ",\"totals\":";
  AppendTotals(sample, out);
  out += ",\"writers\":";
  AppendWriters(sample.rates.writers(), out);
}

}  // namespace

void AppendJsonNumber(double number, std::string& out) {
  constexpr double kDigits = 100;
  if (!std::isfinite(number)) number = 0;
  // As a whole number where it is one: a shortest double would say 1e+06.
  const double rounded = std::round(number * kDigits) / kDigits;
  std::string text = fmt::format("{:.2f}", rounded);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  out += text;
}

void AppendRowJson(const PartitionFigures& figures, const PartitionRates& rates, std::string& out) {
  out += '[';
  AppendText(figures.partition.topic, out);
  fmt::format_to(std::back_inserter(out), ",{},{},{},{},{},{},{},{},{},{},{},",
                 figures.partition.partition, figures.leader, figures.leader_epoch,
                 figures.writer_thread, figures.log_start_offset, figures.high_watermark,
                 figures.size_bytes, rates.records_in, rates.bytes_in, rates.bytes_out,
                 rates.refused);
  AppendText(std::string_view(figures.status).substr(0, kProblemBytesMax), out);
  out += ']';
}

std::string SnapshotJson(const ClusterSample& sample) {
  constexpr std::size_t kRowBytes = 100;
  const BrokerFigures& figures = *sample.rates.now();
  std::string out;
  out.reserve(4096 + figures.partitions.size() * kRowBytes);
  AppendBegin(sample, out);
  ClusterInfo cluster = sample.cluster;
  cluster.problems = SomeProblems(cluster.problems);
  std::string described = ToJsonText(cluster);
  described.erase(described.find_last_not_of('\n') + 1);
  out.append(",\"intervalMs\":1000,\"cluster\":").append(described);
  AppendRates(sample, out);
  out.append(",\"columns\":").append(kColumns).append(",\"rows\":[");
  for (std::size_t i = 0; i < figures.partitions.size(); ++i) {
    if (i > 0) out += ',';
    AppendRowJson(figures.partitions[i], sample.rates.partitions()[i], out);
  }
  out += "],\"feed\":";
  AppendFeed(sample.feed.entries(), kSnapshotFeedMax, out);
  return out + "}";
}

std::string DeltaJson(const ClusterSample& sample, std::string_view rows,
                      const std::vector<TopicPartition>& gone, std::size_t feed_count) {
  std::string out;
  out.reserve(4096 + rows.size());
  AppendBegin(sample, out);
  AppendRates(sample, out);
  out.append(",\"rows\":[").append(rows).append("],\"gone\":[");
  for (const TopicPartition& each : gone) {
    if (out.back() != '[') out += ',';
    out += '[';
    AppendText(each.topic, out);
    out.append(",").append(std::to_string(each.partition)).append("]");
  }
  out += "],\"problems\":[";
  for (const std::string& problem : SomeProblems(sample.cluster.problems)) {
    if (out.back() != '[') out += ',';
    AppendText(problem, out);
  }
  out += "],\"feed\":";
  AppendFeed(sample.feed.entries(), feed_count, out);
  return out + "}";
}

EventText MakeEvent(std::string_view id, std::string_view name, std::string_view json) {
  std::string text;
  text.reserve(json.size() + 64);
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  text.append("event: ").append(name).append("\ndata: ").append(json).append("\n\n");
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace qalam
