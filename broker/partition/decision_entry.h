#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include "common/ids.h"
#include "common/trace_parent.h"

// What a decision ring holds: entries of 128 bytes, in memory as in the file, little-endian.
// docs/formats/decision-ring.md says every byte. Times are nanoseconds since boot, wall times
// milliseconds since 1970. Thread: values.
namespace qalam {

struct RingEntry {
  static constexpr std::size_t kBytes = 128;
  std::array<std::uint64_t, kBytes / sizeof(std::uint64_t)> words{};
};

enum class EntryKind : std::uint8_t {
  kNone = 0,
  kBatch = 1,      // BatchDecision: written.
  kDuplicate = 2,  // BatchDecision: not written again; base_offset is the original's, or -1.
  kGroup = 3,
  kRead = 4,
  kRefusal = 5,
  kText = 6,  // Belongs to the refusal before it.
  kOrigin = 7,
};

struct EntryHead {
  EntryKind kind = EntryKind::kNone;
  std::uint8_t flags = 0;
  std::uint8_t writer = 0;  // The thread's number when it was made.
  std::uint8_t code = 0;
  std::uint32_t run = 0;  // Of the process: when it started, in seconds since 1970.
  std::array<std::uint8_t, 16> topic_id{};
  std::int32_t partition = 0;
  std::uint32_t origin = 0;  // See OriginTable; 0: none.
};

struct BatchDecision {
  static constexpr std::uint8_t kAnsweredAtOnce = 1;  // Flag: acks=none.
  static constexpr std::uint8_t kTraced = 2;          // Flag.

  EntryHead head;
  std::int64_t received_ns = 0;
  std::uint32_t check_ns = 0;  // At most 2^32 - 1.
  std::uint32_t bytes = 0;
  std::int64_t queue_ns = 0;
  std::int64_t base_offset = 0;
  std::int32_t last_offset_delta = 0;
  std::int32_t leader_epoch = 0;
  std::int64_t producer_id = 0;
  std::int32_t base_sequence = 0;
  std::int16_t producer_epoch = 0;
  std::uint8_t trace_version = 0;
  std::uint8_t trace_flags = 0;
  std::int64_t expected_offset = 0;  // -1: none.
  std::uint64_t group = 0;           // GroupDecision::number, of the same writer.
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> parent_id{};
};

struct RefusalDecision {
  EntryHead head;  // `code`: the ErrorCode. Flags as BatchDecision's.
  std::int64_t at_ms = 0;
  std::uint32_t bytes = 0;
  std::int32_t records = 0;
  std::int64_t queue_ns = 0;
  std::int64_t log_end_offset = 0;
  std::int64_t reserved = 0;
  std::int64_t producer_id = 0;
  std::int32_t base_sequence = 0;
  std::int16_t producer_epoch = 0;
  std::uint8_t trace_version = 0;
  std::uint8_t trace_flags = 0;
  std::int64_t expected_offset = 0;
  std::int64_t reserved2 = 0;
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> parent_id{};
};

// A group is entered when it is acknowledged.
struct GroupDecision {
  EntryHead head;  // `code`: the Durability; `flags`: GroupClosed; no origin.
  std::int32_t batches = 0;
  std::int32_t leader_epoch = 0;
  std::int64_t formed_ns = 0;
  std::int64_t write_ns = 0;
  std::int64_t sync_ns = 0;  // -1: acknowledged without one.
  std::int64_t acknowledged_ns = 0;
  std::int64_t acknowledged_ms = 0;
  std::int64_t bytes = 0;
  std::uint64_t number = 0;
  std::array<std::uint64_t, 4> reserved{};
};

// Everything from `from` up to `to` had been read for the first time by then.
struct ReadDecision {
  EntryHead head;
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t at_ns = 0;
  std::int64_t at_ms = 0;
  std::array<std::uint64_t, 8> reserved{};
};

struct TextDecision {
  static constexpr std::size_t kTextBytes = 120;
  EntryKind kind = EntryKind::kText;
  std::uint8_t bytes = 0;
  std::uint8_t writer = 0;
  std::uint8_t reserved = 0;
  std::uint32_t run = 0;
  std::array<char, kTextBytes> text{};
};

template <typename T>
RingEntry ToEntry(const T& decision) {
  static_assert(sizeof(T) == RingEntry::kBytes && std::is_trivially_copyable_v<T>);
  RingEntry entry;
  std::memcpy(entry.words.data(), &decision, sizeof(T));
  return entry;
}
template <typename T>
T FromEntry(const RingEntry& entry) {
  static_assert(sizeof(T) == RingEntry::kBytes && std::is_trivially_copyable_v<T>);
  T decision;
  std::memcpy(static_cast<void*>(&decision), entry.words.data(), sizeof(T));
  return decision;
}
inline EntryKind KindOf(const RingEntry& entry) {
  return static_cast<EntryKind>(entry.words[0] & 0xff);
}

static_assert(offsetof(EntryHead, topic_id) == 8 && sizeof(EntryHead) == 32);
static_assert(offsetof(BatchDecision, base_offset) == 56);
static_assert(offsetof(BatchDecision, expected_offset) == 88);
static_assert(offsetof(BatchDecision, trace_id) == 104);
static_assert(offsetof(RefusalDecision, trace_id) == 104);
static_assert(offsetof(GroupDecision, number) == 88);
static_assert(offsetof(TextDecision, text) == 8);

// Of a batch and a refusal alike.
template <typename T>
void SetTrace(const TraceParent& trace, T& decision) {
  decision.head.flags = static_cast<std::uint8_t>(decision.head.flags | BatchDecision::kTraced);
  decision.trace_version = trace.version;
  decision.trace_flags = trace.flags;
  decision.trace_id = trace.trace_id;
  decision.parent_id = trace.parent_id;
}
template <typename T>
std::optional<TraceParent> TraceOf(const T& decision) {
  if ((decision.head.flags & BatchDecision::kTraced) == 0) return std::nullopt;
  return TraceParent{decision.trace_version, decision.trace_id, decision.parent_id,
                     decision.trace_flags};
}

}  // namespace qalam
