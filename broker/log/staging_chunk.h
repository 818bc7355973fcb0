#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/bytes.h"
#include "common/ids.h"

namespace qalam {

// Page-aligned memory that is written to disk as it is, and read by whoever tails the log: byte i
// is the file's byte file_start + i. The writer only ever writes behind what it has published, so
// readers of published bytes need no lock. Memory is mapped, so pages never touched cost nothing; a
// few buffers are kept for reuse. Thread: writable() from the writer; view() of published bytes
// from any.
class StagingChunk {
 public:
  // `file_start` and `capacity` are multiples of kAlignment; it may get more.
  StagingChunk(std::size_t capacity, std::uint64_t file_start);
  ~StagingChunk();
  StagingChunk(const StagingChunk&) = delete;
  StagingChunk& operator=(const StagingChunk&) = delete;

  static constexpr std::size_t kAlignment = 4096;

  std::uint64_t file_start() const { return file_start_; }
  std::uint64_t file_end() const { return file_start_ + capacity_; }
  std::size_t capacity() const { return capacity_; }
  std::span<std::byte> writable() { return {memory_, capacity_}; }
  // [from, to) of the file, which must lie in the chunk.
  BytesView view(std::uint64_t from, std::uint64_t to) const;

 private:
  const std::uint64_t file_start_;
  std::size_t capacity_ = 0;
  std::byte* memory_ = nullptr;
};

constexpr std::uint64_t AlignDown(std::uint64_t position) {
  return position / StagingChunk::kAlignment * StagingChunk::kAlignment;
}
constexpr std::uint64_t AlignUp(std::uint64_t position) {
  return AlignDown(position + StagingChunk::kAlignment - 1);
}

}  // namespace qalam
