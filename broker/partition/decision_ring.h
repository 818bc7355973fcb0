#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "broker/partition/decision_entry.h"
#include "broker/partition/entry_ring.h"
#include "broker/partition/origin_table.h"

namespace qalam {

// How a ring's memory is divided, in blocks of 31 entries (4 KiB with the block's header in the
// file). Refusals have their own share, so that a busy partition does not flush them, nor they the
// stories. Thread: a value.
struct RingShape {
  static constexpr std::size_t kBlockBytes = 4096;
  static constexpr std::size_t kBlockEntries = 31;
  static constexpr std::size_t kBlocksMin = 8;

  std::size_t decisions = 0;
  std::size_t refusals = 0;
  std::size_t origins = 0;

  // About so many bytes; 32 KiB at least.
  static RingShape Of(std::size_t bytes);
  friend bool operator==(const RingShape&, const RingShape&) = default;
};

// What one writer thread decided lately, and how long it took: batches, duplicates, groups and
// first reads in one ring, refusals in another, and who sent them. Adding is a copy of 128 bytes
// without lock, allocation or system call.
// Thread: Add..., Intern and NextGroup from the writer's (before its start, from who restores it);
// the rest from any.
class DecisionRing {
 public:
  DecisionRing(std::int32_t writer, std::uint32_t run, const RingShape& shape);

  std::uint64_t NextGroup() { return ++last_group_; }
  std::uint32_t Intern(const OriginLabel& label) { return origins_.Intern(label); }
  void Add(const BatchDecision& batch) { decisions_.Append(ToEntry(batch)); }
  void Add(const GroupDecision& group) { decisions_.Append(ToEntry(group)); }
  void Add(const ReadDecision& read) { decisions_.Append(ToEntry(read)); }
  // `text`: its message; as much of it as two entries hold.
  void Add(const RefusalDecision& refusal, std::string_view text);

  // Entries of an earlier run, oldest first; their origins have been interned here.
  void Restore(const RingEntry& entry);
  void RestoreRefusal(const RingEntry& entry) { refusals_.Append(entry); }
  // From when on its refusals are whole.
  void SetWholeSince(TimestampMs at) { whole_since_ = at; }

  std::uint8_t writer() const { return writer_; }
  std::uint32_t run() const { return run_; }
  const RingShape& shape() const { return shape_; }
  const EntryRing& decisions() const { return decisions_; }
  const EntryRing& refusals() const { return refusals_; }
  const OriginTable& origins() const { return origins_; }
  TimestampMs refusals_whole_since() const;

 private:
  const std::uint8_t writer_;
  const std::uint32_t run_;
  const RingShape shape_;
  EntryRing decisions_;
  EntryRing refusals_;
  OriginTable origins_;
  std::uint64_t last_group_ = 0;
  TimestampMs whole_since_ = 0;  // Set before the writer starts.
};

}  // namespace qalam
