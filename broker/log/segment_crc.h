#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/file_system.h"

namespace qalam {

// The sidecar `<base>.crc`: CRC-32C of the first `size_bytes` bytes of the segment's log, all of it
// once the segment is sealed. It also covers what a batch's own CRC leaves out
// (docs/formats/checkpoints.md).
struct SegmentCrc {
  std::uint64_t size_bytes = 0;
  std::uint32_t crc = 0;

  Bytes Encode() const;
  static std::optional<SegmentCrc> Decode(BytesView bytes);
  // Nothing if there is none or it is damaged.
  static std::optional<SegmentCrc> Load(FileSystem& fs, const std::string& path);
};

}  // namespace qalam
