#include "broker/metadata/revision_guard.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "common/crc32c.h"

namespace qalam {
namespace {

constexpr std::size_t kSlotBytes = 512;  // A sector: one slot never tears the other.
constexpr std::size_t kSlots = 2;
constexpr std::string_view kMagic = "QMDG";
constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kCrcAt = 20;  // After magic (4), format (8), revision (8).

using Slot = std::array<std::byte, kSlotBytes>;

void PutBig(std::span<std::byte> out, std::uint64_t value) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[out.size() - 1 - i] = static_cast<std::byte>(value >> (8 * i));
  }
}

std::uint64_t GetBig(std::span<const std::byte> in) {
  std::uint64_t value = 0;
  for (const std::byte byte : in) value = (value << 8) | static_cast<std::uint64_t>(byte);
  return value;
}

Slot Encode(std::uint64_t revision) {
  Slot slot{};
  std::memcpy(slot.data(), kMagic.data(), kMagic.size());
  const std::span<std::byte> all(slot);
  PutBig(all.subspan(4, 8), kFormat);
  PutBig(all.subspan(12, 8), revision);
  PutBig(all.subspan(kCrcAt, 4), Crc32c(all.first(kCrcAt)));
  return slot;
}

std::optional<std::uint64_t> Decode(const Slot& slot) {
  const std::span<const std::byte> all(slot);
  if (std::memcmp(slot.data(), kMagic.data(), kMagic.size()) != 0 ||
      GetBig(all.subspan(4, 8)) != kFormat ||
      GetBig(all.subspan(kCrcAt, 4)) != Crc32c(all.first(kCrcAt))) {
    return std::nullopt;
  }
  return GetBig(all.subspan(12, 8));
}

}  // namespace

Result<std::optional<std::uint64_t>> RevisionGuard::Read(FileSystem& fs, const std::string& path) {
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs.Exists(path));
  if (!exists) return std::optional<std::uint64_t>();
  QALAM_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Open(path, {}));
  std::optional<std::uint64_t> highest;
  bool written = false;
  for (std::size_t i = 0; i < kSlots; ++i) {
    Slot slot{};
    const Status read = file->ReadAt(i * kSlotBytes, slot);
    if (!read.ok() && read.error().code() != ErrorCode::kOutOfRange) return read.error();
    if (!read.ok()) continue;
    written = written || slot != Slot{};
    if (const auto revision = Decode(slot)) highest = std::max(highest, revision);
  }
  if (!highest && (written || (file->size_bytes() % kSlotBytes) != 0)) {
    return Error(ErrorCode::kMetadataDamaged, path + " can't be read: no slot has a valid checksum")
        .With("path", path);
  }
  return highest;
}

Status RevisionGuard::Write(std::uint64_t revision) {
  const Slot slot = Encode(revision);
  const std::size_t place = (revision % kSlots) * kSlotBytes;
  const bool first = file_ == nullptr;
  if (first) {
    QALAM_ASSIGN_OR_RETURN(const bool exists, fs_->Exists(path_));
    if (!exists) {
      // It appears with its first slot whole: a guard that has no good slot is damaged.
      Bytes content(place);
      content.insert(content.end(), slot.begin(), slot.end());
      return ReplaceFile(*fs_, path_, content);
    }
    QALAM_ASSIGN_OR_RETURN(file_, fs_->Open(path_, {OpenOptions::Mode::kReadWrite, false}));
  }
  const BytesView part(slot);
  QALAM_RETURN_IF_ERROR(file_->WriteAt(place, std::span(&part, 1)));
  QALAM_RETURN_IF_ERROR(file_->Sync());
  return first ? fs_->SyncDirectory(ParentPath(path_)) : OkStatus();
}

}  // namespace qalam
