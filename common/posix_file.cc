#include "common/posix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "common/check.h"
#include "common/huge_pages.h"
#include "common/mutant.h"
#include "common/no_memory.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

constexpr std::size_t kZeroChunkBytes = std::size_t{1} << 20;

off_t ToOffset(std::uint64_t position) {
  QALAM_CHECK(position <= static_cast<std::uint64_t>(INT64_MAX));
  return static_cast<off_t>(position);
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size_bytes)
    : size_((size_bytes + kAlignment - 1) / kAlignment * kAlignment) {
  const bool huge = size_ >= kHugePageBytes;
  const std::size_t alignment = huge ? kHugePageBytes : kAlignment;
  const std::size_t allocated =
      (std::max(size_, kAlignment) + alignment - 1) / alignment * alignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(alignment, allocated));
  if (memory == nullptr) ThrowNoMemory();
  if (huge) PreferHugePages(memory, allocated);
  std::memset(memory, 0, size_);
  data_.reset(memory);
}

void AlignedBuffer::Free::operator()(std::byte* memory) const { std::free(memory); }

PosixFile::PosixFile(std::string path, int descriptor, Writing writing)
    : path_(std::move(path)),
      write_(descriptor),
      read_(writing == Writing::kDirect ? -1 : descriptor),
      write_alignment_(writing == Writing::kDirect ? AlignedBuffer::kAlignment : 1) {}

PosixFile::~PosixFile() {
  const int read = read_.load();
  if (read >= 0 && read != write_) ::close(read);
  ::close(write_);
}

// Opens the file again by the descriptor that is open, whatever its name is by now.
Result<int> PosixFile::ForReading() const {
  const int known = read_.load(std::memory_order_acquire);
  if (known >= 0) return known;
  const std::string itself = "/proc/self/fd/" + std::to_string(write_);
  int opened = -1;
  do {
    opened = ::open(itself.c_str(), O_RDONLY | O_CLOEXEC);
  } while (opened < 0 && errno == EINTR);
  if (opened < 0) return ErrorFromErrno(errno, "open for reading", path_);
  int none = -1;
  if (read_.compare_exchange_strong(none, opened)) return opened;
  ::close(opened);  // Another thread was first.
  return none;
}

std::uint64_t PosixFile::size_bytes() const {
  struct stat status {};
  QALAM_CHECK(::fstat(write_, &status) == 0);
  return static_cast<std::uint64_t>(status.st_size);
}

Status PosixFile::WriteAt(std::uint64_t position, std::span<const BytesView> parts) {
  std::vector<iovec> vectors;
  vectors.reserve(parts.size());
  QALAM_CHECK(position % write_alignment_ == 0);
  for (const BytesView part : parts) {
    if (part.empty()) continue;
    QALAM_CHECK(part.size() % write_alignment_ == 0 &&
                reinterpret_cast<std::uintptr_t>(part.data()) % write_alignment_ == 0);
    vectors.push_back({const_cast<std::byte*>(part.data()), part.size()});
  }
  std::size_t first = 0;
  while (first < vectors.size()) {
    const auto count = static_cast<int>(std::min<std::size_t>(vectors.size() - first, IOV_MAX));
    const ssize_t written = ::pwritev(write_, &vectors[first], count, ToOffset(position));
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrorFromErrno(errno, "write", path_);
    }
    if (written == 0) return Error(ErrorCode::kIo, "write to " + path_ + " made no progress");
    // A short write may end inside a part, and under direct I/O at any sector: go on from there.
    auto done = static_cast<std::size_t>(written);
    position += done;
    while (done > 0) {
      iovec& vector = vectors[first];
      const std::size_t used = std::min(done, vector.iov_len);
      vector.iov_base = static_cast<std::byte*>(vector.iov_base) + used;
      vector.iov_len -= used;
      done -= used;
      if (vector.iov_len == 0) ++first;
    }
  }
  return OkStatus();
}

Status ReadFully(int fd, const std::string& path, std::uint64_t position,
                 std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd, out.data(), out.size(), ToOffset(position));
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrorFromErrno(errno, "read", path);
    }
    if (got == 0) {
      return Error(ErrorCode::kOutOfRange, path + " ends at or before byte " +
                                               std::to_string(position) + ", " +
                                               std::to_string(out.size()) + " bytes too early");
    }
    position += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return OkStatus();
}

Status PosixFile::ReadAt(std::uint64_t position, std::span<std::byte> out) const {
  QALAM_ASSIGN_OR_RETURN(const int descriptor, ForReading());
  return ReadFully(descriptor, path_, position, out);
}

Status PosixFile::ZeroFill(std::uint64_t from, std::uint64_t to) {
  QALAM_CHECK(from % write_alignment_ == 0 && to % write_alignment_ == 0);
  static AlignedBuffer zeros(kZeroChunkBytes);  // Read only; kept for the life of the process.
  while (from < to) {
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::uint64_t>(to - from, kZeroChunkBytes));
    const std::array<BytesView, 1> parts = {BytesView(zeros.bytes()).first(size)};
    QALAM_RETURN_IF_ERROR(WriteAt(from, parts));
    from += size;
  }
  return OkStatus();
}

void PosixFile::StartWriteback(std::uint64_t from, std::uint64_t to) {
  if (to <= from) return;
  ::sync_file_range(write_, ToOffset(from), ToOffset(to - from), SYNC_FILE_RANGE_WRITE);
}

Status PosixFile::Sync() {
  MutexLock lock(mutex_);
  if (sync_failed_) return *sync_failed_;
  int result = 0;
  do {
    result = ::fdatasync(write_);
  } while (result != 0 && errno == EINTR);
  if (MutantIs(Mutant::kRetryFailedSync)) {
    for (int tries = 0; result != 0 && tries < 3; ++tries) result = ::fdatasync(write_);
  }
  if (result == 0) return OkStatus();
  // Even ENOSPC: whatever the reason, the kernel may have dropped the pages.
  sync_failed_ =
      Error(ErrorCode::kIo, "fdatasync of " + path_ + " failed: " + std::strerror(errno));
  return *sync_failed_;
}

Status PosixFile::Truncate(std::uint64_t size_bytes) {
  int result = 0;
  do {
    result = ::ftruncate(write_, ToOffset(size_bytes));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? OkStatus() : Status(ErrorFromErrno(errno, "truncate", path_));
}

}  // namespace qalam
