#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// One open file: the seam every durable byte goes through. Real: PosixFile. In tests: MemoryFile
// (forgets what was not synced) and FaultFile (fails on cue).
// Thread: ReadAt from any thread; Sync and ZeroFill also from a pool thread (ZeroFill never over a
// range that is being written); everything else from the owner only.
class File {
 public:
  virtual ~File() = default;  // Closes. Unsynced bytes may be lost.

  // Positions, sizes and memory addresses of WriteAt must be multiples of this (1: no demand).
  // More than 1 means that writes go past the page cache (O_DIRECT).
  virtual std::size_t write_alignment() const = 0;
  virtual std::uint64_t size_bytes() const = 0;  // As the file system says now.

  // Writes `parts` in order from `position`. Readable at once, durable only after Sync(). Short
  // writes and EINTR are finished. On error the bytes from `position` on are unknown: write them
  // again or give the file up. Errors: kNoSpace, kIo.
  virtual Status WriteAt(std::uint64_t position, std::span<const BytesView> parts) = 0;
  // Fills all of `out` from byte `position`. Errors: kOutOfRange (file ends before), kIo,
  // kTooManyRequests (no descriptor is left for reading a file that was opened direct).
  virtual Status ReadAt(std::uint64_t position, std::span<std::byte> out) const = 0;
  // Writes zeros to [from, to), growing the file if need be: space whose later overwriting changes
  // no metadata, so that a sync costs the data only. Errors: kNoSpace, kIo.
  virtual Status ZeroFill(std::uint64_t from, std::uint64_t to) = 0;
  // Asks the kernel to start writing the dirty pages of [from, to); a hint, does not wait.
  virtual void StartWriteback(std::uint64_t from, std::uint64_t to) = 0;
  // Makes every earlier WriteAt durable, and the size. One failure poisons the file: Linux may
  // already have dropped the dirty pages, so a second Sync() that "succeeds" would be a lie; it
  // returns the first error again. Errors: kIo.
  virtual Status Sync() = 0;
  // Cuts or extends (sparsely) to `size_bytes`. Durable after Sync(). Errors: kIo, kNoSpace.
  virtual Status Truncate(std::uint64_t size_bytes) = 0;
};

struct OpenOptions {
  enum class Mode { kRead, kReadWrite, kCreate /* read-write, must not exist */, kOpenOrCreate };
  Mode mode = Mode::kRead;
  bool direct =
      false;  // Writes past the page cache where the file system can; see write_alignment().
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

// The seam for files and directories. Files are made 0600, directories 0700, O_CLOEXEC, O_NOFOLLOW.
// Thread: any. Errors: kNotFound, kNoSpace, kPermissionDenied, kTooManyRequests (EMFILE), kIo.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) = 0;
  virtual Result<std::vector<DirectoryEntry>> List(const std::string& directory) = 0;  // Sorted.
  virtual Result<bool> Exists(const std::string& path) = 0;
  virtual Status CreateDirectory(const std::string& path) = 0;  // Fine if it exists.
  // Atomic. Durable after SyncDirectory() of the directory (of both, if they differ).
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;  // A file or an empty directory.
  virtual Status SyncDirectory(const std::string& path) = 0;
  // Fills `out` from `position` past the page cache, as the disk has it: recovery must not believe
  // pages that a failed sync left behind. Falls back to dropping the cached pages first where the
  // file system has no direct reads. Errors: kOutOfRange, kIo.
  virtual Status ReadDirect(const std::string& path, std::uint64_t position,
                            std::span<std::byte> out) = 0;
  virtual Result<std::uint64_t> FreeBytes(const std::string& path) = 0;
  // 0 where direct I/O does not work on this file system; found out by trying once in `directory`.
  virtual std::size_t ProbeDirectAlignment(const std::string& directory) = 0;
};

// Whole small files. Read: kNotFound, kIo, kOutOfRange (longer than `size_bytes_max`).
Result<Bytes> ReadWholeFile(FileSystem& fs, const std::string& path, std::size_t size_bytes_max);
// Replaces `path` atomically and durably: writes `path`.tmp, syncs, renames, syncs the directory.
Status ReplaceFile(FileSystem& fs, const std::string& path, BytesView content);
std::string JoinPath(std::string_view directory, std::string_view name);
std::string ParentPath(std::string_view path);

}  // namespace qalam
