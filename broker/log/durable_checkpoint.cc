#include "broker/log/durable_checkpoint.h"

#include <algorithm>
#include <array>
#include <limits>

#include "broker/log/file_names.h"
#include "broker/log/log_errors.h"
#include "common/byte_order.h"
#include "common/crc32c.h"

namespace qalam {
namespace {

// A slot: magic u32 | version u16 | flush mode u8 | 0 u8 | sequence u64 | durable offset i64 |
// segment base i64 | position u64 | log start offset i64 | first segment base i64 | segments count
// u32 | group bytes max u32 | crc32c u32 of all before.
constexpr std::uint32_t kMagic = 0x514C4450;  // "QLDP"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kSlotBytes = 68;
constexpr std::size_t kCrcAt = kSlotBytes - 4;
constexpr std::size_t kSlotSpacing = 4096;  // Two slots never share a sector or a page.
constexpr std::size_t kSlots = 2;
constexpr Offset kOffsetMax = std::numeric_limits<Offset>::max() / 2;

using Slot = std::array<std::byte, kSlotBytes>;

Slot Encode(const DurablePoint& point, std::uint64_t sequence) {
  Slot slot{};
  StoreBig32(&slot[0], kMagic);
  StoreBig16(&slot[4], kVersion);
  slot[6] = static_cast<std::byte>(point.flush_mode);
  StoreBig64(&slot[8], sequence);
  StoreBig64(&slot[16], static_cast<std::uint64_t>(point.durable_offset));
  StoreBig64(&slot[24], static_cast<std::uint64_t>(point.segment_base));
  StoreBig64(&slot[32], point.position);
  StoreBig64(&slot[40], static_cast<std::uint64_t>(point.log_start_offset));
  StoreBig64(&slot[48], static_cast<std::uint64_t>(point.first_segment_base));
  StoreBig32(&slot[56], point.segments_count);
  StoreBig32(&slot[60], point.group_bytes_max);
  StoreBig32(&slot[kCrcAt], Crc32c(BytesView(slot).first(kCrcAt)));
  return slot;
}

DurablePoint Decode(const Slot& slot) {
  DurablePoint point;
  point.flush_mode = static_cast<FlushMode>(slot[6]);
  point.durable_offset = static_cast<Offset>(LoadBig64(&slot[16]));
  point.segment_base = static_cast<Offset>(LoadBig64(&slot[24]));
  point.position = LoadBig64(&slot[32]);
  point.log_start_offset = static_cast<Offset>(LoadBig64(&slot[40]));
  point.first_segment_base = static_cast<Offset>(LoadBig64(&slot[48]));
  point.segments_count = LoadBig32(&slot[56]);
  point.group_bytes_max = LoadBig32(&slot[60]);
  return point;
}

// No log was ever there: whoever wrote this was not us, whatever its CRC says.
bool CanBe(const DurablePoint& point) {
  return point.flush_mode <= FlushMode::kOs && point.first_segment_base >= 0 &&
         point.first_segment_base <= point.segment_base &&
         point.segment_base <= point.durable_offset && point.durable_offset <= kOffsetMax &&
         point.log_start_offset >= 0 && point.log_start_offset <= kOffsetMax &&
         point.position <= static_cast<std::uint64_t>(kOffsetMax) && point.segments_count > 0;
}

enum class SlotState { kEmpty, kDamaged, kNewerVersion, kGood };

SlotState StateOf(const Slot& slot) {
  if (slot == Slot{}) return SlotState::kEmpty;  // Never written.
  if (LoadBig32(&slot[0]) != kMagic ||
      LoadBig32(&slot[kCrcAt]) != Crc32c(BytesView(slot).first(kCrcAt))) {
    return SlotState::kDamaged;
  }
  if (LoadBig16(&slot[4]) != kVersion) return SlotState::kNewerVersion;
  return CanBe(Decode(slot)) ? SlotState::kGood : SlotState::kDamaged;
}

std::uint64_t SequenceOf(const Slot& slot) { return LoadBig64(&slot[8]); }

std::array<Slot, kSlots> SlotsOf(BytesView content) {
  std::array<Slot, kSlots> slots{};
  for (std::size_t i = 0; i < kSlots; ++i) {
    const BytesView there = content.subspan(std::min(content.size(), i * kSlotSpacing));
    std::copy_n(there.begin(), std::min(there.size(), kSlotBytes), slots[i].begin());
  }
  return slots;
}

const Slot* NewestOf(const std::array<Slot, kSlots>& slots) {
  const Slot* newest = nullptr;
  for (const Slot& slot : slots) {
    if (StateOf(slot) != SlotState::kGood) continue;
    if (newest == nullptr || SequenceOf(slot) > SequenceOf(*newest)) newest = &slot;
  }
  return newest;
}

}  // namespace

Result<std::unique_ptr<DurableCheckpoint>> DurableCheckpoint::Open(FileSystem& fs,
                                                                   const std::string& directory) {
  std::unique_ptr<DurableCheckpoint> checkpoint(
      new DurableCheckpoint(fs, JoinPath(directory, kDurableCheckpointName)));
  const auto content = ReadWholeFile(fs, checkpoint->path_, kSlots * kSlotSpacing);
  if (!content.ok()) {
    if (content.error().code() == ErrorCode::kNotFound) return checkpoint;
    if (content.error().code() != ErrorCode::kOutOfRange) return content.error();
    checkpoint->slot_damaged_ = true;  // Longer than it ever gets.
    return checkpoint;
  }
  const auto slots = SlotsOf(content.value());
  for (const Slot& slot : slots) {
    const SlotState state = StateOf(slot);
    if (state == SlotState::kDamaged) checkpoint->slot_damaged_ = true;
    if (state != SlotState::kNewerVersion) continue;
    return Error(ErrorCode::kUnsupportedFormat,
                 checkpoint->path_ + " has version " + std::to_string(LoadBig16(&slot[4])) +
                     ", this program knows version " + std::to_string(kVersion));
  }
  if (const Slot* const newest = NewestOf(slots)) {
    checkpoint->sequence_ = SequenceOf(*newest);
    // From the second write on none is empty: what is all zeros now was wiped.
    for (const Slot& slot : slots) {
      if (checkpoint->sequence_ >= kSlots && StateOf(slot) == SlotState::kEmpty) {
        checkpoint->slot_damaged_ = true;
      }
    }
    checkpoint->last_ = Decode(*newest);
  }
  return checkpoint;
}

std::optional<DurablePoint> DurableCheckpoint::Newest(BytesView content) {
  const auto slots = SlotsOf(content);
  const Slot* const newest = NewestOf(slots);
  return newest != nullptr ? std::optional(Decode(*newest)) : std::nullopt;
}

Status DurableCheckpoint::Sync() const {
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(path_));
  if (!exists) return OkStatus();
  QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(path_, {.mode = OpenOptions::Mode::kReadWrite}));
  const Status synced = file->Sync();
  return synced.ok() ? synced : SyncFailed(path_, synced.error());
}

Status DurableCheckpoint::Write(const DurablePoint& point) {
  const std::uint64_t sequence = sequence_ + 1;
  const Slot slot = Encode(point, sequence);
  const std::array<BytesView, 1> parts = {BytesView(slot)};
  QALAM_ASSIGN_OR_RETURN(const auto file,
                         fs_.Open(path_, {.mode = OpenOptions::Mode::kOpenOrCreate}));
  QALAM_RETURN_IF_ERROR(file->WriteAt((sequence % kSlots) * kSlotSpacing, parts));
  QALAM_RETURN_IF_ERROR(file->Sync());
  sequence_ = sequence;
  last_ = point;
  slot_damaged_ = false;  // It was the older one's place that held no good point.
  return OkStatus();
}

}  // namespace qalam
