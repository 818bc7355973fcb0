#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// A small file beside the metadata store that says which of its revisions was acknowledged last:
// the witness that the store was set up, and that it has lost nothing since. A store that is older
// than its guard has forgotten something, whatever the reason (emptied, damaged, an old copy).
//   two slots of 512 B, written in turn: {magic, format, revision, crc32c}; the higher one counts
// Thread: one at a time.
class RevisionGuard {
 public:
  // Nothing when the file is not there, or was made and never written. Errors: kMetadataDamaged (no
  // slot can be read), kIo.
  static Result<std::optional<std::uint64_t>> Read(FileSystem& fs, const std::string& path);

  RevisionGuard(FileSystem& fs, std::string path) : fs_(&fs), path_(std::move(path)) {}
  // Makes the file when it is missing. Durable when it returns. Errors: kIo, kNoSpace.
  Status Write(std::uint64_t revision);

 private:
  FileSystem* fs_;
  std::string path_;
  std::unique_ptr<File> file_;  // From the first write to a guard that is there.
};

}  // namespace qalam
