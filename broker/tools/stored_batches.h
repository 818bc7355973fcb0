#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/file_system.h"
#include "common/record/batch_header.h"
#include "common/result.h"

namespace qalam {

// What the tools take for granted of a file that is read whole, and of a batch's unpacked records.
inline constexpr std::size_t kSmallFileBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kDecompressedBytesMax = std::size_t{100} << 20;

// a + b for numbers that come from a file and may be anything: wraps instead of overflowing.
constexpr Offset AddOffsets(Offset a, Offset b) {
  return static_cast<Offset>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Walks the batches of a `.log`, whole, and believes nothing but magic and length. Reads a MiB at
// a time. Thread: its owner; blocks.
class StoredBatches {
 public:
  // A longer batch is none: no broker takes one.
  static constexpr std::uint64_t kBatchBytesMax = std::uint64_t{100} << 20;

  struct Item {
    std::uint64_t position = 0;
    BatchHeader header;
    BytesView bytes;  // Header and records; until the next call.
  };

  // Errors: kNotFound, kIo.
  static Result<StoredBatches> Open(FileSystem& fs, const std::string& path);
  // Nothing where no whole batch begins. Errors: kIo, kOutOfRange (the file has become shorter).
  Result<std::optional<Item>> Next();

  std::uint64_t position() const { return position_; }  // Behind the last batch.
  std::uint64_t size_bytes() const { return size_bytes_; }
  // Of everything from position() on.
  Result<bool> RestIsZero() const;

 private:
  explicit StoredBatches(std::unique_ptr<File> file)
      : file_(std::move(file)), size_bytes_(file_->size_bytes()) {}
  // `count` bytes from position_, which the file has.
  Result<BytesView> Look(std::uint64_t count);

  std::unique_ptr<File> file_;
  std::uint64_t size_bytes_;
  std::uint64_t position_ = 0;
  Bytes buffer_;
  std::uint64_t buffer_start_ = 0;
};

}  // namespace qalam
