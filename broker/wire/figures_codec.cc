#include "broker/wire/figures_codec.h"

#include "broker/wire/error_codec.h"
#include "common/printable.h"

namespace qalam {
namespace {

constexpr std::int32_t kStreamsUnlessSaid = 1'000;
constexpr std::int32_t kStreamsMax = 10'000;
constexpr std::size_t kNameBytesMax = 256;

void ToProto(const HistogramFigures& from, v1::Histogram& out) {
  out.mutable_bounds()->Add(from.bounds.begin(), from.bounds.end());
  out.mutable_counts()->Add(from.counts.begin(), from.counts.end());
  out.set_sum(from.sum);
}

void ToProto(const WriterFigures& from, v1::WriterFigures& out) {
  out.set_number(from.number);
  out.set_queue_depth(from.queue_depth);
  ToProto(from.group_batches, *out.mutable_group_batches());
  ToProto(from.group_bytes, *out.mutable_group_bytes());
  ToProto(from.write_seconds, *out.mutable_write_seconds());
  ToProto(from.sync_seconds, *out.mutable_sync_seconds());
  for (const auto& [word, count] : from.refused)
    (*out.mutable_refused())[std::string(word)] = count;
}

void ToProto(const PartitionFigures& from, v1::PartitionFigures& out) {
  out.set_topic(from.partition.topic);
  out.set_partition(from.partition.partition);
  out.set_batches(from.batches);
  out.set_records(from.records);
  out.set_bytes(from.bytes);
  out.set_duplicates(from.duplicates);
  out.set_refused(from.refused);
  out.set_fetched_bytes(from.fetched_bytes);
  out.set_log_start_offset(from.log_start_offset);
  out.set_high_watermark(from.high_watermark);
  out.set_size_bytes(from.size_bytes);
  out.set_offline(from.offline);
  out.set_writer_thread(from.writer_thread);
  out.set_leader_epoch(from.leader_epoch);
  out.set_leader(from.leader);
  out.set_status(Printable(from.status));
}

}  // namespace

void ToProto(const BrokerFigures& figures, bool writers_only, v1::ReadFiguresResponse& out) {
  out.set_at_ms(figures.at_ms);
  for (const WriterFigures& writer : figures.writers) ToProto(writer, *out.add_writers());
  if (!writers_only) {
    out.mutable_partitions()->Reserve(static_cast<int>(figures.partitions.size()));
    for (const PartitionFigures& each : figures.partitions) ToProto(each, *out.add_partitions());
  }
  out.set_parked_readers(figures.readers_parked);
  out.set_resident_bytes(figures.resident_bytes);
  out.set_disk_free_bytes(figures.disk_free_bytes);
}

void ToProto(const StreamList& streams, v1::ListStreamsResponse& out) {
  for (const StreamInfo& from : streams.streams) {
    v1::StreamInfo& stream = *out.add_streams();
    stream.set_kind(from.kind);
    stream.set_topic(ShownName(from.partition.topic));
    stream.set_partition(from.partition.partition);
    stream.set_client_id(ShownName(from.origin.client_id));
    stream.set_protocol(from.origin.protocol);
    stream.set_peer(ShownName(from.origin.peer));
    stream.set_opened_ms(from.opened_ms);
  }
  out.set_count(streams.count);
}

std::string ShownName(const std::string& name) { return Printable(Shorten(name, kNameBytesMax)); }

Result<std::size_t> StreamsLimit(std::int32_t limit) {
  if (limit < 0 || limit > kStreamsMax) {
    return Error(ErrorCode::kInvalidArgument, "limit: a number from 1 to " +
                                                  std::to_string(kStreamsMax) + ", or 0 for " +
                                                  std::to_string(kStreamsUnlessSaid))
        .With("field", "limit");
  }
  return static_cast<std::size_t>(limit == 0 ? kStreamsUnlessSaid : limit);
}

}  // namespace qalam
