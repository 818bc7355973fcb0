#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/file_system.h"

namespace qalam {

// Size and CRC-32C of the first bytes of a file.
struct Digest {
  std::uint64_t size_bytes = 0;
  std::uint32_t crc = 0;

  void Extend(BytesView bytes);
  // True if `content` begins with what this is the digest of.
  bool Matches(BytesView content) const;
  friend bool operator==(const Digest&, const Digest&) = default;
};

// The sidecar `<base>.crc`: digests of a segment's log and of its two indexes, whole once the
// segment is sealed (docs/formats/segment.md). That of the log also covers what a batch's own CRC
// leaves out; those of the indexes make Kafka's index formats, which have no checksum, trustworthy.
// Derived: what it does not vouch for is built again from the log. Thread: a value.
struct SegmentCrc {
  Digest log;
  Digest offset_index;
  Digest time_index;

  Bytes Encode() const;
  static std::optional<SegmentCrc> Decode(BytesView bytes);
  // Nothing if there is none or it is damaged.
  static std::optional<SegmentCrc> Load(FileSystem& fs, const std::string& path);
  friend bool operator==(const SegmentCrc&, const SegmentCrc&) = default;
};

// Extends `digest` by the file's bytes up to `end`. Errors: kIo, kOutOfRange.
Status ExtendFromFile(const File& file, std::uint64_t end, Digest& digest);

}  // namespace qalam
