#include "broker/api/story_search.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/printable.h"

namespace qalam {
namespace {

// Whatever a file said: nothing overflows.
std::int64_t Minus(std::int64_t a, std::int64_t b) {
  std::int64_t difference = 0;
  return __builtin_sub_overflow(a, b, &difference) ? -1 : difference;
}

bool IsOf(const EntryHead& head, const StoryQuestion& question) {
  return head.partition == question.partition.partition && head.topic_id == question.topic_id.bytes;
}

Offset LastOffset(const BatchDecision& batch) {
  Offset last = 0;
  return __builtin_add_overflow(batch.base_offset, Offset{batch.last_offset_delta}, &last)
             ? batch.base_offset
             : last;
}

Sender SenderOf(const DecisionRing& ring, std::uint32_t origin) {
  const auto label = ring.origins().Find(origin);
  if (!label) return {};
  return {Printable(label->client()), Printable(label->protocol()), Printable(label->peer())};
}

// A batch, where it stands.
struct Place {
  const DecisionRing* ring = nullptr;
  std::uint64_t sequence = 0;
  BatchDecision batch;
};

std::optional<Place> FindIn(const DecisionRing& ring, const StoryQuestion& question,
                            Offset offset) {
  const EntryRing& entries = ring.decisions();
  RingEntry entry;
  for (std::uint64_t at = entries.end(); at > 0 && entries.Read(at - 1, entry); --at) {
    if (KindOf(entry) != EntryKind::kBatch) continue;
    const auto batch = FromEntry<BatchDecision>(entry);
    if (!IsOf(batch.head, question)) continue;
    if (batch.base_offset <= offset && offset <= LastOffset(batch)) {
      return Place{&ring, at - 1, batch};
    }
  }
  return std::nullopt;
}

// What became of a batch after it was decided: what stands behind it in the ring.
class Aftermath {
 public:
  Aftermath(const Place& place, const StoryQuestion& question)
      : place_(place), batch_(place.batch), question_(question) {}

  void Fill(BatchStory& story) {
    const EntryRing& entries = place_.ring->decisions();
    RingEntry entry;
    for (std::uint64_t at = place_.sequence + 1; at < entries.end(); ++at) {
      if (!entries.Read(at, entry)) continue;
      switch (KindOf(entry)) {
        case EntryKind::kGroup:
          See(FromEntry<GroupDecision>(entry));
          break;
        case EntryKind::kRead:
          See(FromEntry<ReadDecision>(entry));
          break;
        case EntryKind::kDuplicate:
          See(FromEntry<BatchDecision>(entry), story);
          break;
        default:
          break;
      }
    }
    if (group_) FillGroup(story);
    if (story.received_ms == kNoTimestamp) {  // Not acknowledged yet: as long ago as that is.
      story.received_ms =
          question_.now_ms - Minus(question_.now.count(), batch_.received_ns) / 1'000'000;
    }
  }

 private:
  void See(const GroupDecision& group) {
    if (group_ || group.number != batch_.group || group.head.writer != batch_.head.writer ||
        !IsOf(group.head, question_)) {
      return;
    }
    group_ = group;
  }
  void See(const ReadDecision& read) {
    if (read_ || !IsOf(read.head, question_)) return;
    if (read.from <= LastOffset(batch_) && batch_.base_offset < read.to) read_ = read;
  }
  void See(const BatchDecision& again, BatchStory& story) const {
    if (!IsOf(again.head, question_) || again.base_offset != batch_.base_offset ||
        again.producer_id != batch_.producer_id) {
      return;
    }
    ++story.duplicates;
  }

  void FillGroup(BatchStory& story) const {
    const GroupDecision& group = *group_;
    GroupStory& told = story.group.emplace();
    told.number = group.number;
    told.writer_thread = group.head.writer;
    told.batches = group.batches;
    told.bytes = group.bytes;
    told.closed = static_cast<GroupClosed>(std::min<std::uint8_t>(group.head.flags, 2));
    told.write_ns = group.write_ns;
    told.sync_ns = group.sync_ns;
    story.total_ns = Minus(group.acknowledged_ns, batch_.received_ns);
    story.received_ms = Minus(group.acknowledged_ms, story.total_ns / 1'000'000);
    const bool at_once = (batch_.head.flags & BatchDecision::kAnsweredAtOnce) != 0;
    story.durability = at_once
                           ? Durability::kMemory
                           : static_cast<Durability>(std::min<std::uint8_t>(group.head.code, 2));
    if (read_) {
      // The clock since boot says it exactly; but not from one boot to the next.
      const bool one_run = read_->head.run == group.head.run;
      const std::int64_t after = one_run ? Minus(read_->at_ns, group.acknowledged_ns)
                                         : Nanoseconds(Minus(read_->at_ms, group.acknowledged_ms));
      story.first_read_ns = std::max<std::int64_t>(after, 0);
    } else if (const auto& mark = question_.unread_mark; mark && mark->from <= LastOffset(batch_) &&
                                                         batch_.base_offset < mark->to &&
                                                         group.head.run == place_.ring->run()) {
      story.first_read_ns =
          std::max<std::int64_t>(Minus(mark->at.count(), group.acknowledged_ns), 0);
    }
  }
  static std::int64_t Nanoseconds(std::int64_t ms) {
    std::int64_t ns = 0;
    return __builtin_mul_overflow(ms, 1'000'000, &ns) ? -1 : ns;
  }

  const Place& place_;
  const BatchDecision& batch_;
  const StoryQuestion& question_;
  std::optional<GroupDecision> group_;
  std::optional<ReadDecision> read_;
};

template <typename T>
std::string TraceText(const T& decision) {
  const auto trace = TraceOf(decision);
  return trace ? trace->ToString() : std::string();
}

std::string RefusalMessage(const RefusalDecision& refusal, ErrorCode code, const std::string& kept,
                           const StoryQuestion& question) {
  if (!kept.empty()) return Printable(kept);
  switch (code) {
    case ErrorCode::kUnexpectedOffset:
      return question.partition.ToString() + " ends at offset " +
             std::to_string(refusal.log_end_offset) + ", not at " +
             std::to_string(refusal.expected_offset);
    case ErrorCode::kPrecedingFailed:
      return "an earlier batch of this stream was refused; nothing was written";
    default:
      return std::string(InfoOf(code).meaning);
  }
}

std::optional<ErrorCode> CodeOf(std::uint8_t code) {
  for (const ErrorInfo& info : AllErrors()) {
    if (static_cast<int>(info.code) == code) return info.code;
  }
  return std::nullopt;
}

void CollectRefusals(const DecisionRing& ring, const StoryQuestion& question, std::size_t limit,
                     std::vector<RefusalStory>& out) {
  const EntryRing& entries = ring.refusals();
  const std::size_t most = out.size() + limit;
  RingEntry entry;
  std::string text;
  for (std::uint64_t at = entries.end(); at > 0 && out.size() < most && entries.Read(at - 1, entry);
       --at) {
    if (KindOf(entry) == EntryKind::kText) {
      const auto part = FromEntry<TextDecision>(entry);
      const std::size_t bytes = std::min<std::size_t>(part.bytes, TextDecision::kTextBytes);
      text.insert(0, part.text.data(), bytes);
      continue;
    }
    const std::string kept = std::exchange(text, {});
    if (KindOf(entry) != EntryKind::kRefusal) continue;
    const auto refusal = FromEntry<RefusalDecision>(entry);
    if (!IsOf(refusal.head, question)) continue;
    RefusalStory story;
    story.at_ms = refusal.at_ms;
    story.sender = SenderOf(ring, refusal.head.origin);
    story.code = CodeOf(refusal.head.code).value_or(ErrorCode::kUnknown);
    story.message = RefusalMessage(refusal, story.code, kept, question);
    story.producer_id = refusal.producer_id;
    story.producer_epoch = refusal.producer_epoch;
    story.base_sequence = refusal.base_sequence;
    story.expected_offset = refusal.expected_offset;
    story.log_end_offset = refusal.log_end_offset;
    story.records = refusal.records;
    story.bytes = refusal.bytes;
    story.queue_ns = refusal.queue_ns;
    story.traceparent = TraceText(refusal);
    out.push_back(std::move(story));
  }
}

}  // namespace

std::optional<BatchStory> FindBatch(const DecisionRingList& rings, const StoryQuestion& question,
                                    Offset offset) {
  std::optional<Place> newest;
  for (const auto& ring : rings) {
    auto place = FindIn(*ring, question, offset);
    if (!place) continue;
    const auto age = [](const BatchDecision& b) { return std::pair(b.head.run, b.received_ns); };
    if (!newest || age(newest->batch) < age(place->batch)) newest = std::move(place);
  }
  if (!newest) return std::nullopt;
  const BatchDecision& batch = newest->batch;
  BatchStory story;
  story.sender = SenderOf(*newest->ring, batch.head.origin);
  story.check_ns = batch.check_ns;
  story.queue_ns = batch.queue_ns;
  story.base_offset = batch.base_offset;
  story.last_offset = LastOffset(batch);
  story.leader_epoch = batch.leader_epoch;
  story.bytes = batch.bytes;
  story.producer_id = batch.producer_id;
  story.producer_epoch = batch.producer_epoch;
  story.base_sequence = batch.base_sequence;
  story.expected_offset = batch.expected_offset;
  story.traceparent = TraceText(batch);
  Aftermath(*newest, question).Fill(story);
  return story;
}

RefusalList FindRefusals(const DecisionRingList& rings, const StoryQuestion& question,
                         std::size_t limit) {
  RefusalList list;
  for (const auto& ring : rings) {
    CollectRefusals(*ring, question, limit, list.refusals);
    list.complete_since_ms = std::max(list.complete_since_ms, ring->refusals_whole_since());
  }
  std::stable_sort(list.refusals.begin(), list.refusals.end(),
                   [](const RefusalStory& a, const RefusalStory& b) { return a.at_ms > b.at_ms; });
  if (list.refusals.size() > limit) list.refusals.resize(limit);
  return list;
}

}  // namespace qalam
