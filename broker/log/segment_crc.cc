#include "broker/log/segment_crc.h"

#include <algorithm>

#include "common/byte_order.h"
#include "common/crc32c.h"

namespace qalam {
namespace {

// magic u32 | version u32 | three times: size u64, crc u32 (log, offset index, time index) | crc of
// all before u32
constexpr std::uint32_t kMagic = 0x514C5343;  // "QLSC"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kDigestsAt = 8;
constexpr std::size_t kDigestBytes = 12;
constexpr std::size_t kOwnCrcAt = kDigestsAt + 3 * kDigestBytes;
constexpr std::size_t kBytes = kOwnCrcAt + 4;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

}  // namespace

void Digest::Extend(BytesView bytes) {
  crc = Crc32cExtend(crc, bytes);
  size_bytes += bytes.size();
}

bool Digest::Matches(BytesView content) const {
  return content.size() >= size_bytes &&
         Crc32c(content.first(static_cast<std::size_t>(size_bytes))) == crc;
}

Bytes SegmentCrc::Encode() const {
  Bytes bytes(kBytes);
  StoreBig32(&bytes[0], kMagic);
  StoreBig32(&bytes[4], kVersion);
  std::byte* at = &bytes[kDigestsAt];
  for (const Digest& digest : {log, offset_index, time_index}) {
    StoreBig64(at, digest.size_bytes);
    StoreBig32(at + 8, digest.crc);
    at += kDigestBytes;
  }
  StoreBig32(&bytes[kOwnCrcAt], Crc32c(BytesView(bytes).first(kOwnCrcAt)));
  return bytes;
}

std::optional<SegmentCrc> SegmentCrc::Decode(BytesView bytes) {
  if (bytes.size() != kBytes || LoadBig32(&bytes[0]) != kMagic ||
      LoadBig32(&bytes[4]) != kVersion ||
      LoadBig32(&bytes[kOwnCrcAt]) != Crc32c(bytes.first(kOwnCrcAt))) {
    return std::nullopt;
  }
  SegmentCrc decoded;
  const std::byte* at = &bytes[kDigestsAt];
  for (Digest* const digest : {&decoded.log, &decoded.offset_index, &decoded.time_index}) {
    digest->size_bytes = LoadBig64(at);
    digest->crc = LoadBig32(at + 8);
    at += kDigestBytes;
  }
  return decoded;
}

std::optional<SegmentCrc> SegmentCrc::Load(FileSystem& fs, const std::string& path) {
  const auto bytes = ReadWholeFile(fs, path, kBytes);
  return bytes.ok() ? Decode(bytes.value()) : std::nullopt;
}

Status ExtendFromFile(const File& file, std::uint64_t end, Digest& digest) {
  Bytes buffer;
  while (digest.size_bytes < end) {
    buffer.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(end - digest.size_bytes, kReadBytes)));
    QALAM_RETURN_IF_ERROR(file.ReadAt(digest.size_bytes, buffer));
    digest.Extend(buffer);
  }
  return OkStatus();
}

}  // namespace qalam
