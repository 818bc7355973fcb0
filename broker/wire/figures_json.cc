#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

#include "broker/wire/figures_codec.h"
#include "broker/wire/json_text.h"
#include "common/json_string.h"
#include "common/printable.h"

// By hand: protobuf's own JSON of 10,000 partitions or streams takes longer than a page may. A test
// compares the two.
namespace qalam {
namespace {

using Out = std::string;

template <typename... Args>
void Put(Out& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

// The elements of a list with commas between them.
template <typename List, typename PutOne>
void PutList(Out& out, const List& list, PutOne put_one) {
  bool is_first = true;
  for (const auto& each : list) {
    if (!is_first) out.push_back(',');
    is_first = false;
    put_one(each);
  }
}

void PutHistogram(Out& out, const char* name, const HistogramFigures& histogram) {
  Put(out, ",\"{}\":{{\"bounds\":[", name);
  PutList(out, histogram.bounds, [&](double bound) { Put(out, "{}", bound); });
  Put(out, "],\"counts\":[");
  PutList(out, histogram.counts, [&](std::uint64_t count) { Put(out, "\"{}\"", count); });
  Put(out, "],\"sum\":{}}}", histogram.sum);
}

void PutWriter(Out& out, const WriterFigures& writer) {
  Put(out, R"({{"number":{},"queueDepth":"{}")", writer.number, writer.queue_depth);
  PutHistogram(out, "groupBatches", writer.group_batches);
  PutHistogram(out, "groupBytes", writer.group_bytes);
  PutHistogram(out, "writeSeconds", writer.write_seconds);
  PutHistogram(out, "syncSeconds", writer.sync_seconds);
  Put(out, ",\"refused\":{{");
  PutList(out, writer.refused, [&](const auto& each) {
    AppendJsonQuoted(each.first, out);
    Put(out, ":\"{}\"", each.second);
  });
  Put(out, "}}}}");
}

void PutPartition(Out& out, const PartitionFigures& each) {
  Put(out, "{{\"topic\":");
  AppendJsonQuoted(each.partition.topic, out);
  Put(out,
      R"(,"partition":{},"batches":"{}","records":"{}","bytes":"{}","duplicates":"{}",)"
      R"("refused":"{}","fetchedBytes":"{}","logStartOffset":"{}","highWatermark":"{}",)"
      R"("sizeBytes":"{}","offline":{},"writerThread":{},"leaderEpoch":{},"leader":{},"status":)",
      each.partition.partition, each.batches, each.records, each.bytes, each.duplicates,
      each.refused, each.fetched_bytes, each.log_start_offset, each.high_watermark, each.size_bytes,
      each.offline, each.writer_thread, each.leader_epoch, each.leader);
  AppendJsonQuoted(Printable(each.status), out);
  out.push_back('}');
}

void PutStream(Out& out, const StreamInfo& stream) {
  Put(out, "{{\"kind\":\"{}\",\"topic\":", stream.kind);
  AppendJsonQuoted(ShownName(stream.partition.topic), out);
  Put(out, ",\"partition\":{},\"clientId\":", stream.partition.partition);
  AppendJsonQuoted(ShownName(stream.origin.client_id), out);
  Put(out, ",\"protocol\":\"{}\",\"peer\":", stream.origin.protocol);
  AppendJsonQuoted(ShownName(stream.origin.peer), out);
  Put(out, ",\"openedMs\":\"{}\"}}", stream.opened_ms);
}

}  // namespace

std::string ToJsonText(const StreamList& streams) {
  Out out;
  Put(out, "{{\"streams\":[");
  PutList(out, streams.streams, [&](const StreamInfo& stream) { PutStream(out, stream); });
  Put(out, "],\"count\":\"{}\"}}\n", streams.count);
  return out;
}

std::string ToJsonText(const BrokerFigures& figures, bool writers_only) {
  Out out;
  Put(out, R"({{"atMs":"{}","writers":[)", figures.at_ms);
  PutList(out, figures.writers, [&](const WriterFigures& writer) { PutWriter(out, writer); });
  Put(out, R"(],"partitions":[)");
  if (!writers_only) {
    PutList(out, figures.partitions,
            [&](const PartitionFigures& each) { PutPartition(out, each); });
  }
  Put(out, "],\"parkedReaders\":\"{}\",\"residentBytes\":\"{}\",\"diskFreeBytes\":\"{}\"}}\n",
      figures.readers_parked, figures.resident_bytes, figures.disk_free_bytes);
  return out;
}

}  // namespace qalam
