#include "client/cli/ceiling_segments.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/posix_file.h"

namespace qalam::cli {
namespace {

constexpr std::size_t kZeroBytes = std::size_t{1} << 20;
// A file system that discards what is freed takes about a millisecond for each MiB, and syncs wait.
constexpr std::uint64_t kCutBytes = std::uint64_t{4} << 20;
// Beside the full ones: the active, the next, and one that is full while the oldest is removed.
constexpr std::uint64_t kOtherSegments = 3;

ErrorCode CeilingCodeOf(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kNoSpace;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
      return ErrorCode::kDirectoryUnusable;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

Error CeilingIoError(const char* what, const std::string& path, int error_number) {
  return Error(CeilingCodeOf(error_number),
               std::string("cannot ") + what + " " + path + ": " + std::strerror(error_number));
}

SegmentSupply::SegmentSupply(SegmentOptions options)
    : options_(std::move(options)),
      full_max_(std::max<std::uint64_t>(options_.space_bytes / options_.segment_bytes,
                                        kOtherSegments + 1) -
                kOtherSegments),
      thread_([this] { Run(); }) {}

SegmentSupply::~SegmentSupply() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (ready_) Remove(*ready_);
  if (active_) Remove(*active_);
  for (const Segment& segment : full_) Remove(segment);
}

Result<int> SegmentSupply::Next(int full) {
  std::unique_lock lock(mutex_);
  if (full >= 0) {
    full_.push_back(*std::exchange(active_, std::nullopt));
    changed_.notify_all();
  }
  changed_.wait(lock, [this] { return failed_ || (ready_ && full_.size() <= full_max_); });
  if (failed_) return *failed_;
  active_ = std::exchange(ready_, std::nullopt);
  changed_.notify_all();
  return active_->descriptor;
}

void SegmentSupply::Run() {
  std::uint64_t made_count = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !ready_ || full_.size() > full_max_; });
    if (stop_ || failed_) return;
    if (!ready_) {
      lock.unlock();
      auto segment = Make(made_count++);
      lock.lock();
      if (segment.ok()) {
        ready_ = std::move(segment).value();
      } else {
        failed_ = std::move(segment).error();
      }
    } else {
      const Segment segment = full_.front();
      lock.unlock();
      auto status = Empty(segment);
      Remove(segment);
      lock.lock();
      full_.pop_front();
      if (!status.ok()) failed_ = std::move(status).error();
    }
    changed_.notify_all();
  }
}

Result<SegmentSupply::Segment> SegmentSupply::Make(std::uint64_t number) {
  Segment segment{options_.directory + "/segment-" + std::to_string(number), -1};
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | (options_.direct ? O_DIRECT : 0);
  segment.descriptor = ::open(segment.path.c_str(), flags, 0600);
  if (segment.descriptor < 0) {
    if (errno == EINVAL && options_.direct)
      return Error(ErrorCode::kInvalidArgument,
                   "the file system of " + options_.directory + " takes no direct I/O");
    return CeilingIoError("create", segment.path, errno);
  }
  if (options_.zeroed) {
    if (auto status = Zero(segment); !status.ok()) {
      Remove(segment);
      return std::move(status).error();
    }
  }
  return segment;
}

Status SegmentSupply::Zero(const Segment& segment) {
  AlignedBuffer zeros(kZeroBytes);
  for (std::uint64_t at = 0; at < options_.segment_bytes;) {
    if (stopping()) return OkStatus();
    const std::size_t count = std::min<std::uint64_t>(kZeroBytes, options_.segment_bytes - at);
    const ssize_t written =
        ::pwrite(segment.descriptor, zeros.bytes().data(), count, static_cast<off_t>(at));
    if (written < 0) return CeilingIoError("write", segment.path, errno);
    at += static_cast<std::uint64_t>(written);
  }
  if (::fdatasync(segment.descriptor) != 0) return CeilingIoError("sync", segment.path, errno);
  return OkStatus();
}

Status SegmentSupply::Empty(const Segment& segment) {
  if (::fdatasync(segment.descriptor) != 0) return CeilingIoError("sync", segment.path, errno);
  for (std::uint64_t left = options_.segment_bytes; left > 0 && !stopping();) {
    left -= std::min(left, kCutBytes);
    if (::ftruncate(segment.descriptor, static_cast<off_t>(left)) != 0)
      return CeilingIoError("cut", segment.path, errno);
    if (::fsync(segment.descriptor) != 0) return CeilingIoError("sync", segment.path, errno);
  }
  return OkStatus();
}

bool SegmentSupply::stopping() {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void SegmentSupply::Remove(const Segment& segment) {
  ::close(segment.descriptor);
  ::unlink(segment.path.c_str());
}

}  // namespace qalam::cli
