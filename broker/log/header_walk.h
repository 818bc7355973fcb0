#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/file_system.h"
#include "common/record/batch_header.h"
#include "common/result.h"

namespace qalam {

// Walks the batches of a segment by their headers alone, without reading the records. Checks that
// each begins with our magic, ends in bounds and has offsets that can be; not its CRC, nor its
// place. Thread: its owner.
class HeaderWalk {
 public:
  struct Item {
    BatchHeader header;
    std::uint64_t position = 0;
  };
  // From the batch at `position` up to byte `end`. `file` must outlive the walk.
  HeaderWalk(const File& file, std::string path, std::uint64_t position, std::uint64_t end)
      : file_(file), path_(std::move(path)), position_(position), end_(end) {}

  // Nothing at the end. Errors: kCorruption (no batch where one must be), kIo.
  Result<std::optional<Item>> Next();
  std::uint64_t position() const { return position_; }  // Of what Next() looks at.

 private:
  const File& file_;
  const std::string path_;
  std::uint64_t position_;
  const std::uint64_t end_;
  Bytes buffer_;
  std::uint64_t buffer_start_ = 0;
};

}  // namespace qalam
