#include "common/posix_file_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/posix_file.h"

namespace qalam {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
// Never follow a link that somebody planted, never wait for the other end of a pipe.
constexpr int kOnlyFiles = O_NOFOLLOW | O_NONBLOCK;
constexpr std::size_t kDirectReadChunkBytes = std::size_t{1} << 20;

int OpenRetrying(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, kFileMode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

int FlagsOf(OpenOptions::Mode mode) {
  switch (mode) {
    case OpenOptions::Mode::kRead:
      return O_RDONLY;
    case OpenOptions::Mode::kReadWrite:
      return O_RDWR;
    case OpenOptions::Mode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenOptions::Mode::kOpenOrCreate:
      return O_RDWR | O_CREAT;
  }
  QALAM_CHECK(false);
}

// Closes at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Where there are no direct reads: writes back what is dirty, drops what is cached, then reads.
Status ReadUncached(const std::string& path, std::uint64_t position, std::span<std::byte> out) {
  const Descriptor buffered(OpenRetrying(path, O_RDONLY | kOnlyFiles));
  if (buffered.get() < 0) return ErrorFromErrno(errno, "open", path);
  if (::fdatasync(buffered.get()) != 0) return ErrorFromErrno(errno, "fdatasync", path);
  ::posix_fadvise(buffered.get(), 0, 0, POSIX_FADV_DONTNEED);
  return ReadFully(buffered.get(), path, position, out);
}

}  // namespace

Error ErrorFromErrno(int number, std::string_view what, std::string_view path) {
  ErrorCode code = ErrorCode::kIo;
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      code = ErrorCode::kNoSpace;
      break;
    case EMFILE:
    case ENFILE:
      code = ErrorCode::kTooManyRequests;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::kPermissionDenied;
      break;
    case ENOENT:
      code = ErrorCode::kNotFound;
      break;
    case EEXIST:
      code = ErrorCode::kConflict;
      break;
    default:
      break;
  }
  std::string message(what);
  message += " of ";
  message += path;
  message += " failed: ";
  message += std::strerror(number);
  return Error(code, std::move(message));
}

Result<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path, OpenOptions options) {
  Descriptor buffered(OpenRetrying(path, FlagsOf(options.mode) | kOnlyFiles));
  if (buffered.get() < 0) return ErrorFromErrno(errno, "open", path);
  struct stat status {};
  if (::fstat(buffered.get(), &status) != 0) return ErrorFromErrno(errno, "stat", path);
  if (!S_ISREG(status.st_mode)) return Error(ErrorCode::kIo, path + " is not a regular file");
  if (options.direct && options.mode != OpenOptions::Mode::kRead) {
    Descriptor direct(OpenRetrying(path, O_RDWR | O_DIRECT | kOnlyFiles));
    if (direct.get() >= 0) {
      return std::unique_ptr<File>(
          std::make_unique<PosixFile>(path, direct.Release(), PosixFile::Writing::kDirect));
    }
    if (const int number = errno; number != EINVAL) {
      // Out of descriptors, as a rule. Whoever tries again must not find a file in the way.
      if (options.mode == OpenOptions::Mode::kCreate) ::unlink(path.c_str());
      return ErrorFromErrno(number, "open", path);
    }
  }
  return std::unique_ptr<File>(
      std::make_unique<PosixFile>(path, buffered.Release(), PosixFile::Writing::kBuffered));
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::List(const std::string& directory) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return ErrorFromErrno(errno, "list", directory);
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool is_directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) {
      struct stat status {};
      is_directory =
          ::lstat(JoinPath(directory, name).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    }
    entries.push_back({std::string(name), is_directory});
    errno = 0;
  }
  const int failed = errno;
  ::closedir(stream);
  if (failed != 0) return ErrorFromErrno(failed, "list", directory);
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

Result<bool> PosixFileSystem::Exists(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrorFromErrno(errno, "stat", path);
}

Status PosixFileSystem::CreateDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) return OkStatus();
  const int number = errno;
  struct stat status {};
  if (number == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return OkStatus();
  }
  return ErrorFromErrno(number, "create directory", path);
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return OkStatus();
  return ErrorFromErrno(errno, "rename to " + to, from);
}

Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return OkStatus();
  if (errno == EISDIR && ::rmdir(path.c_str()) == 0) return OkStatus();
  return ErrorFromErrno(errno, "remove", path);
}

Status PosixFileSystem::SyncDirectory(const std::string& path) {
  // Links are followed: a data directory may well be one.
  const Descriptor directory(OpenRetrying(path, O_RDONLY | O_DIRECTORY));
  if (directory.get() < 0) return ErrorFromErrno(errno, "open", path);
  int result = 0;
  do {
    result = ::fsync(directory.get());
  } while (result != 0 && errno == EINTR);
  return result == 0 ? OkStatus() : Status(ErrorFromErrno(errno, "fsync", path));
}

Status PosixFileSystem::ReadDirect(const std::string& path, std::uint64_t position,
                                   std::span<std::byte> out) {
  constexpr std::uint64_t kAlign = AlignedBuffer::kAlignment;
  const Descriptor direct(OpenRetrying(path, O_RDONLY | O_DIRECT | kOnlyFiles));
  if (direct.get() < 0) {
    if (errno == EINVAL) return ReadUncached(path, position, out);
    return ErrorFromErrno(errno, "open", path);
  }
  AlignedBuffer chunk(std::min<std::size_t>(kDirectReadChunkBytes, out.size() + 2 * kAlign));
  while (!out.empty()) {
    const std::uint64_t start = position / kAlign * kAlign;
    const auto skip = static_cast<std::size_t>(position - start);
    ssize_t got = 0;
    do {
      got = ::pread(direct.get(), chunk.bytes().data(), chunk.bytes().size(),
                    static_cast<off_t>(start));
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EINVAL) return ReadUncached(path, position, out);
    if (got < 0) return ErrorFromErrno(errno, "read", path);
    if (static_cast<std::size_t>(got) <= skip) {
      return Error(ErrorCode::kOutOfRange, path + " ends before byte " + std::to_string(position));
    }
    const std::size_t size = std::min(out.size(), static_cast<std::size_t>(got) - skip);
    std::memcpy(out.data(), chunk.bytes().data() + skip, size);
    out = out.subspan(size);
    position += size;
  }
  return OkStatus();
}

Result<std::uint64_t> PosixFileSystem::FreeBytes(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return ErrorFromErrno(errno, "statvfs", path);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

std::size_t PosixFileSystem::ProbeDirectAlignment(const std::string& directory) {
  const std::string path = JoinPath(directory, ".direct-probe-" + std::to_string(::getpid()));
  ::unlink(path.c_str());  // Of a process before us with the same number, as in a container.
  const Descriptor probe(OpenRetrying(path, O_RDWR | O_CREAT | O_EXCL | O_DIRECT | kOnlyFiles));
  if (probe.get() < 0) {
    ::unlink(path.c_str());
    return 0;
  }
  AlignedBuffer block(AlignedBuffer::kAlignment);
  const bool works = ::pwrite(probe.get(), block.bytes().data(), block.bytes().size(), 0) ==
                         static_cast<ssize_t>(block.bytes().size()) &&
                     ::pread(probe.get(), block.bytes().data(), block.bytes().size(), 0) ==
                         static_cast<ssize_t>(block.bytes().size());
  ::unlink(path.c_str());
  return works ? AlignedBuffer::kAlignment : 0;
}

PosixFileSystem& PosixFileSystem::Get() {
  static PosixFileSystem fs;
  return fs;
}

}  // namespace qalam
