#include <utility>

#include "client/cluster_client.h"
#include "qalam/admin.h"
#include "qalam/v1/observe.grpc.pb.h"

namespace qalam::abi0 {
namespace {

using v1::ObserveService;

WriteOrigin FromWire(const v1::Sender& sender) {
  return {sender.client_id(), sender.protocol(), sender.peer()};
}

const char* ClosedName(v1::GroupClosed closed) {
  switch (closed) {
    case v1::GROUP_CLOSED_QUEUE_EMPTY:
      return "queue_empty";
    case v1::GROUP_CLOSED_FULL:
      return "full";
    case v1::GROUP_CLOSED_SEQUENCE:
      return "sequence";
    default:
      return "";
  }
}

const char* DurabilityWord(v1::Durability durability) {
  switch (durability) {
    case v1::DURABILITY_MEMORY:
      return "memory";
    case v1::DURABILITY_OS:
      return "os";
    case v1::DURABILITY_FSYNC:
      return "fsync";
    default:
      return "";
  }
}

GroupStory FromWire(const v1::GroupStory& group) {
  GroupStory story;
  story.number = group.number();
  story.writer_thread = group.writer_thread();
  story.batches_count = group.batches();
  story.size_bytes = group.bytes();
  story.closed = ClosedName(group.closed());
  story.write_ns = group.write_ns();
  story.sync_ns = group.sync_ns();
  return story;
}

RecordStory FromWire(const v1::ExplainRecordResponse& answer) {
  const v1::BatchStory& batch = answer.batch();
  RecordStory story;
  story.topic = answer.topic();
  story.partition = answer.partition();
  story.offset = answer.offset();
  story.sender = FromWire(batch.sender());
  story.received_ms = batch.received_ms();
  story.check_ns = batch.check_ns();
  story.queue_ns = batch.queue_ns();
  story.total_ns = batch.total_ns();
  story.base_offset = batch.base_offset();
  story.last_offset = batch.last_offset();
  story.leader_epoch = batch.leader_epoch();
  story.size_bytes = batch.bytes();
  story.producer_id = batch.producer_id();
  story.producer_epoch = batch.producer_epoch();
  story.base_sequence = batch.base_sequence();
  story.expected_offset = batch.expected_offset();
  story.duplicates_count = batch.duplicates();
  story.durability = DurabilityWord(batch.durability());
  if (batch.has_group()) story.group = FromWire(batch.group());
  story.first_read_ns = batch.first_read_ns();
  story.traceparent = batch.traceparent();
  story.lines.assign(answer.lines().begin(), answer.lines().end());
  return story;
}

Refusal FromWire(const v1::Refusal& refusal) {
  Refusal story;
  story.at_ms = refusal.at_ms();
  story.sender = FromWire(refusal.sender());
  story.code = refusal.code();
  story.message = refusal.message();
  story.producer_id = refusal.producer_id();
  story.producer_epoch = refusal.producer_epoch();
  story.base_sequence = refusal.base_sequence();
  story.expected_offset = refusal.expected_offset();
  story.log_end_offset = refusal.log_end_offset();
  story.records_count = refusal.records();
  story.size_bytes = refusal.bytes();
  story.queue_ns = refusal.queue_ns();
  story.traceparent = refusal.traceparent();
  return story;
}

}  // namespace

Result<RecordStory> Admin::ExplainRecord(const TopicPartition& partition,
                                         std::int64_t offset) const {
  v1::ExplainRecordRequest request;
  request.set_topic(partition.topic);
  request.set_partition(partition.partition);
  request.set_offset(offset);
  const auto answer = cluster_->Call<ObserveService>(&ObserveService::Stub::ExplainRecord, request,
                                                     timeout_, CallKind::Read());
  if (!answer.ok()) return ErrorAt(answer.error(), partition);
  return FromWire(*answer);
}

Result<RefusalList> Admin::ListRefusals(const TopicPartition& partition, std::int32_t limit) const {
  v1::ListRefusalsRequest request;
  request.set_topic(partition.topic);
  request.set_partition(partition.partition);
  request.set_limit(limit);
  const auto answer = cluster_->Call<ObserveService>(&ObserveService::Stub::ListRefusals, request,
                                                     timeout_, CallKind::Read());
  if (!answer.ok()) return ErrorAt(answer.error(), partition);
  RefusalList list;
  for (const v1::Refusal& refusal : answer->refusals()) list.refusals.push_back(FromWire(refusal));
  list.complete_since_ms = answer->complete_since_ms();
  return list;
}

}  // namespace qalam::abi0
