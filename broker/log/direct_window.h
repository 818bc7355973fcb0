#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/file_system.h"
#include "common/record/batch_header.h"
#include "common/result.h"

namespace qalam {

// A file's bytes as the disk has them, past the page cache, through a buffer that moves forward
// with the caller. Thread: its owner; blocks.
class DirectWindow {
 public:
  DirectWindow(FileSystem& fs, std::string path, std::uint64_t size_bytes)
      : fs_(fs), path_(std::move(path)), size_bytes_(size_bytes) {}

  const std::string& path() const { return path_; }
  std::uint64_t size_bytes() const { return size_bytes_; }

  // Bytes [position, position + count), which must lie in the file. Valid until the next call.
  Result<BytesView> Get(std::uint64_t position, std::size_t count);
  // The batch at `position`, if one lies there: whole, with our magic and a CRC that matches.
  Result<std::optional<BatchHeader>> BatchAt(std::uint64_t position);
  // Position of the first byte at or behind `position` that is not zero; nothing if there is none.
  Result<std::optional<std::uint64_t>> FirstNonZero(std::uint64_t position);

 private:
  Status Fill();

  FileSystem& fs_;
  const std::string path_;
  const std::uint64_t size_bytes_;
  std::uint64_t start_ = 0;
  Bytes buffer_;
};

}  // namespace qalam
