#include "client/cli/ceiling_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/posix_file.h"

namespace qalam::cli {
namespace {

constexpr std::size_t kBlockBytes = AlignedBuffer::kAlignment;
// Write-out starts after so many bytes; so many may lie behind them in the page cache.
constexpr std::uint64_t kWriteoutBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kBehindBytes = std::uint64_t{16} << 20;

std::size_t SizeOf(std::span<const BytesView> parts) {
  std::size_t bytes = 0;
  for (const BytesView part : parts) bytes += part.size();
  return bytes;
}

// What all ways share: segment after segment. Thread: its owner.
class SegmentedFile : public CeilingFile {
 public:
  SegmentedFile(CeilingAck ack, const SegmentOptions& options)
      : ack_(ack), segment_bytes_(options.segment_bytes), supply_(options) {}

  Status Roll() {
    if (descriptor_ >= 0 && ack_ == CeilingAck::kFsync) QALAM_RETURN_IF_ERROR(SyncSegment());
    QALAM_ASSIGN_OR_RETURN(descriptor_, supply_.Next(descriptor_));
    position_ = 0;
    return OkStatus();
  }

 protected:
  bool HasRoomFor(std::size_t bytes) const { return position_ + bytes <= segment_bytes_; }
  Status SyncSegment() {
    if (::fdatasync(descriptor_) != 0) return Failed("sync");
    return OkStatus();
  }
  // Names no file: the directory is what its user knows.
  Error Failed(const char* what) const {
    return CeilingIoError(what, "a file in " + supply_.options().directory, errno);
  }

  int descriptor_ = -1;
  std::uint64_t position_ = 0;  // In the segment.

 private:
  const CeilingAck ack_;
  const std::uint64_t segment_bytes_;
  SegmentSupply supply_;
};

// Direct writes of whole blocks from one buffer:
//   | blocks on the disk | last block, partial: kept in front of the buffer, written again |
class DirectFile final : public SegmentedFile {
 public:
  using SegmentedFile::SegmentedFile;

  Status Write(std::span<const BytesView> parts) override {
    const std::size_t bytes = SizeOf(parts);
    QALAM_CHECK(bytes <= kCeilingWriteBytesMax);
    if (!HasRoomFor(kept_bytes_ + bytes + kBlockBytes)) {
      kept_bytes_ = 0;
      QALAM_RETURN_IF_ERROR(Roll());
    }
    std::size_t filled = kept_bytes_;
    for (const BytesView part : parts) {
      std::memcpy(staging_.bytes().data() + filled, part.data(), part.size());
      filled += part.size();
    }
    const std::size_t padded = (filled + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    std::memset(staging_.bytes().data() + filled, 0, padded - filled);
    QALAM_RETURN_IF_ERROR(WriteStaging(padded));
    kept_bytes_ = filled % kBlockBytes;
    const std::size_t whole = filled - kept_bytes_;
    std::memcpy(staging_.bytes().data(), staging_.bytes().data() + whole, kept_bytes_);
    position_ += whole;
    return OkStatus();
  }
  Status Sync() override { return SyncSegment(); }

 private:
  Status WriteStaging(std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t written = ::pwrite(descriptor_, staging_.bytes().data() + done, bytes - done,
                                       static_cast<off_t>(position_ + done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Failed("write");
      done += static_cast<std::size_t>(written);
    }
    return OkStatus();
  }

  AlignedBuffer staging_{kCeilingWriteBytesMax + kBlockBytes};
  std::size_t kept_bytes_ = 0;
};

// Writes through the page cache. Thread: its owner.
class BufferedFile : public SegmentedFile {
 public:
  using SegmentedFile::SegmentedFile;

  Status Write(std::span<const BytesView> parts) override {
    if (!HasRoomFor(SizeOf(parts))) QALAM_RETURN_IF_ERROR(Roll());
    vectors_.clear();
    for (const BytesView part : parts)
      vectors_.push_back({const_cast<std::byte*>(part.data()), part.size()});
    std::span<iovec> left(vectors_);
    while (!left.empty()) {
      const ssize_t written = ::pwritev(
          descriptor_, left.data(), static_cast<int>(std::min<std::size_t>(left.size(), IOV_MAX)),
          static_cast<off_t>(position_));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Failed("write");
      position_ += static_cast<std::uint64_t>(written);
      left = Skip(left, static_cast<std::size_t>(written));
    }
    return OkStatus();
  }
  Status Sync() override { return SyncSegment(); }

 private:
  // What is left of `vectors` after `bytes` of them.
  static std::span<iovec> Skip(std::span<iovec> vectors, std::size_t bytes) {
    while (!vectors.empty() && bytes >= vectors.front().iov_len) {
      bytes -= vectors.front().iov_len;
      vectors = vectors.subspan(1);
    }
    if (bytes > 0) {
      vectors.front().iov_base = static_cast<std::byte*>(vectors.front().iov_base) + bytes;
      vectors.front().iov_len -= bytes;
    }
    return vectors;
  }

  std::vector<iovec> vectors_;
};

// Asks the kernel early to write out, and drops pages that are on the disk, so that the same few
// are used again and again: the first touch of a page is what costs.
class WritebackFile final : public BufferedFile {
 public:
  using BufferedFile::BufferedFile;

  Status Write(std::span<const BytesView> parts) override {
    const int descriptor_before = descriptor_;
    QALAM_RETURN_IF_ERROR(BufferedFile::Write(parts));
    if (descriptor_ != descriptor_before) started_ = dropped_ = 0;
    // Only hints: a failure shows in the sync.
    if (position_ - started_ >= kWriteoutBytes) {
      ::sync_file_range(descriptor_, static_cast<off_t>(started_),
                        static_cast<off_t>(position_ - started_), SYNC_FILE_RANGE_WRITE);
      started_ = position_;
    }
    if (position_ > dropped_ + 2 * kBehindBytes) Drop(position_ - kBehindBytes, true);
    return OkStatus();
  }
  Status Sync() override {
    QALAM_RETURN_IF_ERROR(BufferedFile::Sync());
    started_ = position_;
    Drop(position_, false);
    return OkStatus();
  }

 private:
  // Whole pages up to `end`. `wait`: until they are on the disk; else they are.
  void Drop(std::uint64_t end, bool wait) {
    end -= end % kBlockBytes;
    if (end <= dropped_) return;
    const auto from = static_cast<off_t>(dropped_);
    const auto count = static_cast<off_t>(end - dropped_);
    if (wait) {
      ::sync_file_range(
          descriptor_, from, count,
          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    }
    ::posix_fadvise(descriptor_, from, count, POSIX_FADV_DONTNEED);
    dropped_ = end;
  }

  std::uint64_t started_ = 0;  // Write-out was asked for up to here,
  std::uint64_t dropped_ = 0;  // and pages dropped up to here.
};

template <typename File>
Result<std::unique_ptr<CeilingFile>> OpenAs(CeilingAck ack, const SegmentOptions& options) {
  auto file = std::make_unique<File>(ack, options);
  QALAM_RETURN_IF_ERROR(file->Roll());
  return std::unique_ptr<CeilingFile>(std::move(file));
}

}  // namespace

Result<std::unique_ptr<CeilingFile>> CeilingFile::Open(CeilingWay way, CeilingAck ack,
                                                       SegmentOptions options) {
  QALAM_CHECK(way != CeilingWay::kNone);
  options.direct = way == CeilingWay::kDirect || way == CeilingWay::kZeroed;
  options.zeroed = way == CeilingWay::kZeroed;
  if (options.direct) return OpenAs<DirectFile>(ack, options);
  if (way == CeilingWay::kWriteback) return OpenAs<WritebackFile>(ack, options);
  return OpenAs<BufferedFile>(ack, options);
}

}  // namespace qalam::cli
