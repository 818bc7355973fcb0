#pragma once

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

// A file of the operating system. `write` may be a direct descriptor; `read` is always a buffered
// one, or -1 where `write` serves both. Contract and threads: File.
class PosixFile final : public File {
 public:
  PosixFile(std::string path, int write, int read, std::size_t write_alignment);
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
  int reading() const { return read_ >= 0 ? read_ : write_; }

  const std::string path_;
  const int write_;
  const int read_;
  const std::size_t write_alignment_;
  Mutex mutex_;
  std::optional<Error> sync_failed_ QALAM_GUARDED_BY(mutex_);  // Sticky.
};

// Fills all of `out` from `position` of descriptor `fd`. Errors: kOutOfRange, kIo.
Status ReadFully(int fd, const std::string& path, std::uint64_t position, std::span<std::byte> out);

}  // namespace qalam
