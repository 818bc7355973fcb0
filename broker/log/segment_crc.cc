#include "broker/log/segment_crc.h"

#include "common/byte_order.h"
#include "common/crc32c.h"

namespace qalam {
namespace {

// magic u32 | version u32 | size u64 | crc of the log u32 | crc of all before u32
constexpr std::uint32_t kMagic = 0x514C5343;  // "QLSC"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kBytes = 24;
constexpr std::size_t kOwnCrcAt = 20;

}  // namespace

Bytes SegmentCrc::Encode() const {
  Bytes bytes(kBytes);
  StoreBig32(&bytes[0], kMagic);
  StoreBig32(&bytes[4], kVersion);
  StoreBig64(&bytes[8], size_bytes);
  StoreBig32(&bytes[16], crc);
  StoreBig32(&bytes[kOwnCrcAt], Crc32c(BytesView(bytes).first(kOwnCrcAt)));
  return bytes;
}

std::optional<SegmentCrc> SegmentCrc::Decode(BytesView bytes) {
  if (bytes.size() != kBytes || LoadBig32(&bytes[0]) != kMagic ||
      LoadBig32(&bytes[4]) != kVersion ||
      LoadBig32(&bytes[kOwnCrcAt]) != Crc32c(bytes.first(kOwnCrcAt))) {
    return std::nullopt;
  }
  return SegmentCrc{LoadBig64(&bytes[8]), LoadBig32(&bytes[16])};
}

std::optional<SegmentCrc> SegmentCrc::Load(FileSystem& fs, const std::string& path) {
  const auto bytes = ReadWholeFile(fs, path, kBytes);
  return bytes.ok() ? Decode(bytes.value()) : std::nullopt;
}

}  // namespace qalam
