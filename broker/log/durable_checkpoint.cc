#include "broker/log/durable_checkpoint.h"

#include <array>

#include "broker/log/file_names.h"
#include "common/byte_order.h"
#include "common/crc32c.h"

namespace qalam {
namespace {

// A slot: magic u32 | version u16 | flush mode u8 | 0 u8 | sequence u64 | durable offset i64 |
// segment base i64 | position u64 | log start offset i64 | group bytes max u32 | crc32c u32 of all
// before.
constexpr std::uint32_t kMagic = 0x514C4450;  // "QLDP"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kSlotBytes = 60;
constexpr std::size_t kCrcAt = kSlotBytes - 4;
constexpr std::size_t kSlotSpacing = 4096;  // Two slots never share a sector or a page.
constexpr std::size_t kSlots = 2;

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
  StoreBig32(&slot[48], point.group_bytes_max);
  StoreBig32(&slot[kCrcAt], Crc32c(BytesView(slot).first(kCrcAt)));
  return slot;
}

struct Decoded {
  DurablePoint point;
  std::uint64_t sequence = 0;
};

std::optional<Decoded> Decode(const Slot& slot) {
  if (LoadBig32(&slot[0]) != kMagic || LoadBig16(&slot[4]) != kVersion) return std::nullopt;
  if (LoadBig32(&slot[kCrcAt]) != Crc32c(BytesView(slot).first(kCrcAt))) return std::nullopt;
  Decoded decoded;
  decoded.sequence = LoadBig64(&slot[8]);
  decoded.point.flush_mode = static_cast<FlushMode>(slot[6]);
  decoded.point.durable_offset = static_cast<Offset>(LoadBig64(&slot[16]));
  decoded.point.segment_base = static_cast<Offset>(LoadBig64(&slot[24]));
  decoded.point.position = LoadBig64(&slot[32]);
  decoded.point.log_start_offset = static_cast<Offset>(LoadBig64(&slot[40]));
  decoded.point.group_bytes_max = LoadBig32(&slot[48]);
  return decoded;
}

}  // namespace

Result<std::unique_ptr<DurableCheckpoint>> DurableCheckpoint::Open(FileSystem& fs,
                                                                   const std::string& directory) {
  QALAM_ASSIGN_OR_RETURN(auto file, fs.Open(JoinPath(directory, kDurableCheckpointName),
                                            {.mode = OpenOptions::Mode::kOpenOrCreate}));
  const std::uint64_t size = file->size_bytes();
  std::unique_ptr<DurableCheckpoint> checkpoint(new DurableCheckpoint(std::move(file)));
  for (std::size_t i = 0; i < kSlots; ++i) {
    Slot slot{};
    if (size < i * kSlotSpacing + kSlotBytes) continue;
    QALAM_RETURN_IF_ERROR(checkpoint->file_->ReadAt(i * kSlotSpacing, slot));
    const auto decoded = Decode(slot);
    if (decoded && decoded->sequence > checkpoint->sequence_) {
      checkpoint->sequence_ = decoded->sequence;
      checkpoint->last_ = decoded->point;
    }
  }
  return checkpoint;
}

Status DurableCheckpoint::Write(const DurablePoint& point) {
  const std::uint64_t sequence = sequence_ + 1;
  const Slot slot = Encode(point, sequence);
  const std::array<BytesView, 1> parts = {BytesView(slot)};
  QALAM_RETURN_IF_ERROR(file_->WriteAt((sequence % kSlots) * kSlotSpacing, parts));
  QALAM_RETURN_IF_ERROR(file_->Sync());
  sequence_ = sequence;
  last_ = point;
  return OkStatus();
}

}  // namespace qalam
