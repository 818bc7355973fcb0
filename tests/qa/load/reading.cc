#include "tests/qa/load/reading.h"

#include <chrono>
#include <utility>
#include <vector>

namespace qalam::qa {
namespace {

using namespace std::chrono_literals;

SeenRecord Seen(const qalam::RecordView& record) {
  return {.offset = record.offset(),
          .key = record.key().value_or(""),
          .value = record.value().value_or(""),
          .epoch = record.leader_epoch(),
          .append_ms = record.timestamp_ms()};
}

std::string NameOf(const std::string& topic, std::int32_t partition) {
  return topic + "/" + std::to_string(partition);
}

}  // namespace

void Tail(const qalam::Client& client, const TailingOptions& options, const std::atomic<bool>& stop,
          HistoryFile& history, std::atomic<std::int64_t>& records_count) {
  auto partitions = client.PartitionsOf(options.topic);
  while (!partitions.ok() && !stop) partitions = client.PartitionsOf(options.topic);
  if (!partitions.ok()) return;
  std::int64_t begin_ns = BootTimeNs();
  auto reader = client.NewReader(*partitions, qalam::From::Start());
  if (!reader.ok()) return;
  int session = 0;
  while (true) {
    const auto batch = reader->Next(stop ? 500ms : 100ms);
    if (!batch.ok()) {
      if (stop) return;
      if (batch.error().Is("OFFSET_OUT_OF_RANGE")) {
        ++session;
        begin_ns = BootTimeNs();
        reader = client.NewReader(*partitions, qalam::From::Start());
        if (!reader.ok()) return;
      }
      continue;
    }
    if (batch->empty() && stop) return;
    // What is returned may have been sent to us at any time since the session began.
    for (const qalam::RecordView& record : *batch) {
      history.Read(NameOf(batch->topic(), batch->partition()), begin_ns,
                   options.name + "." + std::to_string(session), batch->high_watermark(),
                   Seen(record));
    }
    records_count += static_cast<std::int64_t>(batch->size());
  }
}

qalam::Result<std::int64_t> ReadBack(const qalam::Client& client, const std::string& topic,
                                     const std::string& way, HistoryFile& history) {
  std::int64_t records_count = 0;
  const auto partitions = client.admin().ListPartitions(topic);
  if (!partitions.ok()) return partitions.error();
  for (const qalam::PartitionInfo& info : *partitions) {
    const std::int64_t begin_ns = BootTimeNs();
    const std::string name = NameOf(topic, info.partition);
    qalam::ReaderOptions options;
    options.until = qalam::Until::Offset(info.high_watermark);
    options.reconnect_timeout = 10s;
    auto reader = client.NewReader({{topic, info.partition}},
                                   qalam::From::Offset(info.log_start_offset), options);
    if (!reader.ok()) return reader.error();
    std::vector<qalam::Batch> batches;
    while (info.high_watermark > info.log_start_offset && !reader->done()) {
      auto batch = reader->Next(30s);
      if (!batch.ok()) return batch.error();
      if (batch->empty() && !reader->done()) {
        return qalam::Error("TIMED_OUT", "nothing more of " + name + " came in 30 s");
      }
      batches.push_back(std::move(*batch));
    }
    history.Readback(name, begin_ns, way, info.log_start_offset, info.high_watermark);
    for (const qalam::Batch& batch : batches) {
      for (const qalam::RecordView& record : batch) history.Found(name, way, Seen(record));
      records_count += static_cast<std::int64_t>(batch.size());
    }
  }
  return records_count;
}

}  // namespace qalam::qa
