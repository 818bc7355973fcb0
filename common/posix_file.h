#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "common/file_system.h"
#include "common/mutex.h"

namespace qalam {

// Memory aligned for direct I/O. Thread: a value.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 4096;
  explicit AlignedBuffer(std::size_t size_bytes);  // Zeroed. Rounded up to the alignment.
  std::span<std::byte> bytes() { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::size_t size_;
  std::unique_ptr<std::byte[], Free> data_;
};

// A file of the operating system. Contract and threads: File.
class PosixFile final : public File {
 public:
  enum class Writing {
    kBuffered,
    kDirect,  // Reads go through the page cache, by a second descriptor that the first one opens.
  };
  PosixFile(std::string path, int descriptor, Writing writing);
  ~PosixFile() override;
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  std::size_t write_alignment() const override { return write_alignment_; }
  std::uint64_t size_bytes() const override;
  Status WriteAt(std::uint64_t position, std::span<const BytesView> parts) override;
  Status ReadAt(std::uint64_t position, std::span<std::byte> out) const override;
  Status ZeroFill(std::uint64_t from, std::uint64_t to) override;
  void StartWriteback(std::uint64_t from, std::uint64_t to) override;
  Status Sync() override;
  Status Truncate(std::uint64_t size_bytes) override;

 private:
  Result<int> ForReading() const;

  const std::string path_;
  const int write_;
  mutable std::atomic<int> read_;  // -1: not needed yet.
  const std::size_t write_alignment_;
  Mutex mutex_;
  std::optional<Error> sync_failed_ QALAM_GUARDED_BY(mutex_);  // Sticky.
};

// Fills all of `out` from `position` of descriptor `fd`. Errors: kOutOfRange, kIo.
Status ReadFully(int fd, const std::string& path, std::uint64_t position, std::span<std::byte> out);

}  // namespace qalam
