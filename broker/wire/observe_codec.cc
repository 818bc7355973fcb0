#include "broker/wire/observe_codec.h"

#include <algorithm>

#include "broker/wire/error_codec.h"
#include "broker/wire/log_codec.h"

namespace qalam {
namespace {

constexpr std::size_t kRefusalTextBytesMax = 1024;

v1::GroupClosed ToProto(GroupClosed closed) {
  switch (closed) {
    case GroupClosed::kQueueEmpty:
      return v1::GROUP_CLOSED_QUEUE_EMPTY;
    case GroupClosed::kFull:
      return v1::GROUP_CLOSED_FULL;
    case GroupClosed::kSequence:
      return v1::GROUP_CLOSED_SEQUENCE;
  }
  return v1::GROUP_CLOSED_UNSPECIFIED;
}

void ToProto(const Sender& sender, v1::Sender& out) {
  out.set_client_id(sender.client_id);
  out.set_protocol(sender.protocol);
  out.set_peer(sender.peer);
}

void ToProto(const GroupStory& group, v1::GroupStory& out) {
  out.set_number(group.number);
  out.set_writer_thread(group.writer_thread);
  out.set_batches(group.batches);
  out.set_bytes(group.bytes);
  out.set_closed(ToProto(group.closed));
  out.set_write_ns(group.write_ns);
  out.set_sync_ns(group.sync_ns);
}

void ToProto(const BatchStory& batch, v1::BatchStory& out) {
  ToProto(batch.sender, *out.mutable_sender());
  out.set_received_ms(batch.received_ms);
  out.set_check_ns(batch.check_ns);
  out.set_queue_ns(batch.queue_ns);
  out.set_total_ns(batch.total_ns);
  out.set_base_offset(batch.base_offset);
  out.set_last_offset(batch.last_offset);
  out.set_leader_epoch(batch.leader_epoch);
  out.set_bytes(batch.bytes);
  out.set_producer_id(batch.producer_id);
  out.set_producer_epoch(batch.producer_epoch);
  out.set_base_sequence(batch.base_sequence);
  out.set_expected_offset(batch.expected_offset);
  out.set_duplicates(batch.duplicates);
  if (batch.durability) out.set_durability(ToProto(*batch.durability));
  if (batch.group) ToProto(*batch.group, *out.mutable_group());
  out.set_first_read_ns(batch.first_read_ns);
  out.set_traceparent(batch.traceparent);
}

void ToProto(const RefusalStory& refusal, v1::Refusal& out) {
  out.set_at_ms(refusal.at_ms);
  ToProto(refusal.sender, *out.mutable_sender());
  out.set_code(std::string(ErrorWord(refusal.code)));
  out.set_message(Shorten(refusal.message, kRefusalTextBytesMax));
  out.set_producer_id(refusal.producer_id);
  out.set_producer_epoch(refusal.producer_epoch);
  out.set_base_sequence(refusal.base_sequence);
  out.set_expected_offset(refusal.expected_offset);
  out.set_log_end_offset(refusal.log_end_offset);
  out.set_records(refusal.records);
  out.set_bytes(refusal.bytes);
  out.set_queue_ns(refusal.queue_ns);
  out.set_traceparent(refusal.traceparent);
}

}  // namespace

void ToProto(const RecordStory& story, v1::ExplainRecordResponse& out) {
  out.set_topic(story.partition.topic);
  out.set_partition(story.partition.partition);
  out.set_offset(story.offset);
  ToProto(story.batch, *out.mutable_batch());
  for (const std::string& line : story.lines) out.add_lines(line);
}

void ToProto(const RefusalList& list, v1::ListRefusalsResponse& out) {
  for (const RefusalStory& refusal : list.refusals) ToProto(refusal, *out.add_refusals());
  out.set_complete_since_ms(list.complete_since_ms);
}

Result<std::size_t> RefusalsLimit(std::int32_t limit) {
  constexpr std::int32_t kDefault = 100;
  constexpr std::int32_t kMost = 1000;
  if (limit < 0) {
    return Error(ErrorCode::kInvalidArgument, "limit is negative").With("field", "limit");
  }
  return static_cast<std::size_t>(limit == 0 ? kDefault : std::min(limit, kMost));
}

}  // namespace qalam
