#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/partition/decision_ring.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// A decision ring's file: a header and three areas of 4 KiB blocks, each overwritten in a circle.
// Every block has its checksum, so that a torn or a stale one is known. Never synced: what a crash
// leaves of it is good enough. Format: docs/formats/decision-ring.md.
//
// Writes what is new in `ring` to `path`. The first time it makes the whole file anew, beside the
// old one, which it then replaces. Thread: one at a time.
class RingFile {
 public:
  RingFile(FileSystem& fs, std::string path, const DecisionRing& ring);
  // After an error the file is as good as gone: write no more. Errors: those of FileSystem.
  Status Write();

 private:
  Status Begin();
  // Blocks of `entries` that have changed since `written`, into the area at `area`.
  Status WriteRing(const EntryRing& entries, std::size_t area, std::size_t blocks,
                   std::uint64_t& written);
  Status WriteOrigins();

  FileSystem& fs_;
  const std::string path_;
  const DecisionRing& ring_;
  std::uint64_t id_ = 0;
  std::unique_ptr<File> file_;
  Bytes blocks_;  // To be written together.
  std::uint64_t decisions_written_ = 0;
  std::uint64_t refusals_written_ = 0;
  std::uint64_t origins_written_ = 0;
};

struct RestoredRing {
  std::size_t damaged_blocks = 0;
  TimestampMs refusals_whole_since = 0;
};
// Gives the entries of the file at `path` to `ring`, oldest first, their origins interned there.
// Whatever the bytes are, nothing worse than wrong entries comes of them. Errors: kNotFound,
// kCorruption (no such file), kUnsupportedFormat, and those of File.
Result<RestoredRing> RestoreRing(FileSystem& fs, const std::string& path, DecisionRing& ring);

}  // namespace qalam
