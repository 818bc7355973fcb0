#include "broker/partition/partition_decisions.h"

#include <algorithm>
#include <limits>
#include <string>

#include "broker/partition/partition_handle.h"
#include "common/logging.h"
#include "common/printable.h"

namespace qalam {
namespace {

const TraceParent* TraceOf(const AppendCommand& command) {
  if (command.trace) return command.trace.get();
  return command.origin && command.origin->trace ? &*command.origin->trace : nullptr;
}

template <typename T>
void SetProducer(const BatchHeader& header, T& decision) {
  decision.producer_id = header.producer_id;
  decision.producer_epoch = header.producer_epoch;
  decision.base_sequence = header.base_sequence;
}

std::uint32_t SizeOf(const AppendCommand& command) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(command.batch.size(), std::numeric_limits<std::uint32_t>::max()));
}

// -1 where a time is missing, as in tests.
std::int64_t Between(MonotonicTime from, MonotonicTime to) {
  return from.count() == 0 || to < from ? -1 : (to - from).count();
}

// What the code, the log's end and the expected offset tell as well.
bool NeedsNoText(ErrorCode code) {
  return code == ErrorCode::kUnexpectedOffset || code == ErrorCode::kPrecedingFailed ||
         code == ErrorCode::kShuttingDown;
}

}  // namespace

PartitionDecisions::PartitionDecisions(DecisionRing* ring, PartitionHandle& handle,
                                       const Clock& clock)
    : ring_(ring), handle_(handle), clock_(clock), head_([&] {
        EntryHead head;
        if (ring != nullptr) {
          head.writer = ring->writer();
          head.run = ring->run();
        }
        head.topic_id = handle.topic_id.bytes;
        head.partition = handle.name.partition;
        return head;
      }()) {}

EntryHead PartitionDecisions::Head(EntryKind kind) const {
  EntryHead head = head_;
  head.kind = kind;
  return head;
}

EntryHead PartitionDecisions::Head(EntryKind kind, const AppendCommand& command) {
  EntryHead head = Head(kind);
  if (command.origin) head.origin = ring_->Intern(command.origin->label);
  if (!command.reply.pending()) head.flags = BatchDecision::kAnsweredAtOnce;
  return head;
}

void PartitionDecisions::OnWritten(const AppendGroup& group, const GroupTimes& times) {
  const bool written = times.written.count() != 0;
  const std::uint64_t number = ring_ != nullptr && written ? ring_->NextGroup() : 0;
  std::int32_t batches = 0;
  std::int64_t bytes = 0;
  for (const GroupEntry& entry : group.entries) {
    if (entry.stamped) {
      ++batches;
      bytes += static_cast<std::int64_t>(entry.command.batch.size());
    }
    if (ring_ != nullptr) AddBatch(entry, times, number);
    if (TraceOf(entry.command) != nullptr) {
      LogTraced(entry.command, (entry.stamped ? "written at " : "a duplicate of ") +
                                   std::to_string(entry.result.base_offset));
    }
  }
  if (ring_ == nullptr || !written) return;
  GroupDecision& decision = group_.emplace();
  decision.head = Head(EntryKind::kGroup);
  decision.head.flags = static_cast<std::uint8_t>(group.closed);
  decision.batches = batches;
  decision.bytes = bytes;
  decision.leader_epoch = handle_.leader_epoch;
  decision.formed_ns = times.formed.count();
  decision.write_ns = (times.written - times.begun).count();
  decision.number = number;
  written_ = times.written;
}

void PartitionDecisions::AddBatch(const GroupEntry& entry, const GroupTimes& times,
                                  std::uint64_t group) {
  const AppendCommand& command = entry.command;
  BatchDecision decision;
  decision.head = Head(entry.stamped ? EntryKind::kBatch : EntryKind::kDuplicate, command);
  decision.received_ns = command.received_at.count();
  const std::int64_t check = Between(command.received_at, command.checked_at);
  decision.check_ns = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(check, 0, std::numeric_limits<std::uint32_t>::max()));
  decision.bytes = SizeOf(command);
  decision.queue_ns = Between(command.checked_at, times.formed);
  decision.base_offset = entry.result.base_offset;
  decision.last_offset_delta =
      static_cast<std::int32_t>(entry.result.last_offset - entry.result.base_offset);
  decision.leader_epoch = entry.result.leader_epoch;
  SetProducer(command.header, decision);
  decision.expected_offset = command.expected_offset.value_or(kNoOffset);
  decision.group = group;
  if (const TraceParent* const trace = TraceOf(command)) SetTrace(*trace, decision);
  ring_->Add(decision);
}

void PartitionDecisions::OnAcknowledged(MonotonicTime now, Durability durability) {
  if (!group_) return;
  group_->head.code = static_cast<std::uint8_t>(durability);
  group_->sync_ns = durability == Durability::kFsync ? (now - written_).count() : -1;
  group_->acknowledged_ns = now.count();
  group_->acknowledged_ms = clock_.NowMs();
  ring_->Add(*group_);
  group_.reset();
}

void PartitionDecisions::OnRefused(const AppendCommand& command, const Error& error, Offset log_end,
                                   MonotonicTime now) {
  if (TraceOf(command) != nullptr) LogTraced(command, "refused, " + error.ToString());
  if (ring_ == nullptr) return;
  RefusalDecision decision;
  decision.head = Head(EntryKind::kRefusal, command);
  decision.head.code = static_cast<std::uint8_t>(error.code());
  decision.at_ms = clock_.NowMs();
  decision.bytes = SizeOf(command);
  decision.records = command.header.records_count;
  decision.queue_ns = Between(command.checked_at, now);
  decision.log_end_offset = log_end;
  SetProducer(command.header, decision);
  decision.expected_offset = command.expected_offset.value_or(kNoOffset);
  if (const TraceParent* const trace = TraceOf(command)) SetTrace(*trace, decision);
  ring_->Add(decision, NeedsNoText(error.code()) ? std::string_view() : error.message());
}

void PartitionDecisions::TakeReadMark() {
  if (ring_ == nullptr) return;
  const auto range = handle_.read_mark.Take();
  if (!range) return;
  ReadDecision decision;
  decision.head = Head(EntryKind::kRead);
  decision.from = range->from;
  decision.to = range->to;
  decision.at_ns = range->at.count();
  // Of now: as long ago as that is.
  decision.at_ms = clock_.NowMs() - (clock_.Now() - range->at).count() / 1'000'000;
  ring_->Add(decision);
}

void PartitionDecisions::LogTraced(const AppendCommand& command, const std::string& what) const {
  auto& log = Logger("partition");
  if (!log.should_log(spdlog::level::debug)) return;
  log.debug("traced batch {} tp={} traceparent={} client={}", what, handle_.name.ToString(),
            TraceOf(command)->ToString(),
            Quoted(command.origin ? command.origin->client_id : std::string()));
}

}  // namespace qalam
