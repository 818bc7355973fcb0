#include "broker/partition/group_commit.h"

#include <unordered_map>
#include <utility>

namespace qalam {
namespace {

Error Unexpected(const GroupRules& rules, Offset expected, Offset next) {
  return Error(ErrorCode::kUnexpectedOffset, rules.partition.ToString() + " ends at offset " +
                                                 std::to_string(next) + ", not at " +
                                                 std::to_string(expected))
      .With("log_end_offset", next)
      .With("expected_offset", expected);
}

class Former {
 public:
  Former(const GroupRules& rules) : rules_(rules), next_(rules.end_offset) {}

  // False: not in this group; `command` is untouched.
  bool Take(AppendCommand& command) {
    if (!group_.entries.empty() && bytes_ + command.batch.size() > rules_.bytes_max) {
      group_.closed = GroupClosed::kFull;
      return false;
    }
    if (command.header.has_producer() && command.origin &&
        !rules_.fence.Admit(command.header.producer_id, command.origin->stream_number)) {
      return Refuse(command, Error(ErrorCode::kProducerFenced,
                                   "the producer has opened a newer stream; nothing was written"));
    }
    if (command.stream && command.stream->HasFailed(command.generation)) {
      return Refuse(command, Error(ErrorCode::kPrecedingFailed,
                                   "an earlier batch of this stream was refused; nothing was "
                                   "written"));
    }
    if (command.refused) {
      Error error = *std::exchange(command.refused, std::nullopt);
      return Refuse(command, std::move(error));
    }
    if (command.deadline && *command.deadline <= rules_.now) {
      return Refuse(command, Error(ErrorCode::kTimedOut,
                                   "the deadline passed in the queue; nothing was written"));
    }
    if (command.header.has_producer()) {
      const auto known = ahead_.find(command.header.producer_id);
      if (known != ahead_.end()) {
        // The log hears of the batches in this group only when it is written: anything but the next
        // in sequence is judged then.
        if (command.header.producer_epoch != known->second.epoch ||
            command.header.base_sequence != known->second.next_sequence) {
          group_.closed = GroupClosed::kSequence;
          return false;
        }
      } else {
        auto verdict = rules_.producers.Check(command.header);
        if (!verdict.ok()) return Refuse(command, std::move(verdict).error());
        if (verdict->duplicate) return AddDuplicate(command, *verdict);
      }
    }
    if (command.expected_offset && *command.expected_offset != next_) {
      return Refuse(command, Unexpected(rules_, *command.expected_offset, next_));
    }
    return Add(command);
  }
  AppendGroup Finish() { return std::move(group_); }

 private:
  // Sequences of producers in this group, which the log does not know yet.
  struct Ahead {
    std::int16_t epoch = 0;
    std::int32_t next_sequence = 0;
  };

  bool Refuse(AppendCommand& command, Error error) {
    if (command.stream) command.stream->Fail(command.generation);
    group_.refused.push_back({std::move(command), std::move(error), next_});
    return true;
  }
  bool AddDuplicate(AppendCommand& command, const ProducerVerdict& verdict) {
    GroupEntry entry;
    entry.result.base_offset = verdict.base_offset;
    entry.result.last_offset = verdict.last_offset;
    entry.result.leader_epoch = rules_.leader_epoch;
    entry.result.duplicate = true;
    // As durable as the original, which lies below the log's end if its place is forgotten.
    entry.needed = verdict.last_offset >= 0 ? verdict.last_offset + 1 : rules_.end_offset;
    entry.command = std::move(command);
    group_.entries.push_back(std::move(entry));
    return true;
  }
  bool Add(AppendCommand& command) {
    GroupEntry entry;
    StampedBatch& stamped = entry.stamped.emplace();
    stamped.header = command.header;
    stamped.header.base_offset = next_;
    stamped.header.leader_epoch = rules_.leader_epoch;
    stamped.records = command.batch.view().subspan(kBatchHeaderBytes);
    entry.result.base_offset = next_;
    entry.result.last_offset = stamped.header.last_offset();
    entry.result.leader_epoch = rules_.leader_epoch;
    if (stamped.header.log_append_time()) entry.result.append_time = stamped.header.max_timestamp;
    entry.needed = stamped.header.next_offset();
    if (stamped.header.has_producer()) {
      ahead_[stamped.header.producer_id] = {
          stamped.header.producer_epoch,
          BatchHeader::AddSequence(stamped.header.last_sequence(), 1)};
    }
    bytes_ += command.batch.size();
    next_ = entry.needed;
    entry.command = std::move(command);
    group_.entries.push_back(std::move(entry));
    return true;
  }

  const GroupRules& rules_;
  AppendGroup group_;
  std::unordered_map<ProducerId, Ahead> ahead_;
  std::size_t bytes_ = 0;
  Offset next_;
};

}  // namespace

std::vector<StampedBatch> AppendGroup::Batches() const {
  std::vector<StampedBatch> batches;
  batches.reserve(entries.size());
  for (const GroupEntry& entry : entries) {
    if (entry.stamped) batches.push_back(*entry.stamped);
  }
  return batches;
}

AppendGroup FormGroup(std::deque<AppendCommand>& queued, const GroupRules& rules) {
  Former former(rules);
  while (!queued.empty() && former.Take(queued.front())) queued.pop_front();
  return former.Finish();
}

}  // namespace qalam
