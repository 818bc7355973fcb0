#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"
#include "tests/support/memory_inode.h"

namespace qalam {

// A file system in memory that forgets what was not synced, as strictly as POSIX lets a disk:
// a file's bytes and size are durable after its Sync(), its name after SyncDirectory() of the
// directory that holds it, and a directory's name after that of its parent. A rename that crosses
// directories is durable in each by itself.
// Starts with "/" alone; directories right below it are like mounted ones, durable at once. It must
// outlive its files; handles opened before a crash fail with kIo. Thread: any.
class MemoryFileSystem final : public FileSystem {
 public:
  // `direct_alignment`: what files opened with `direct` demand of every part that WriteAt gets:
  // position, size and memory address. 0: this file system has no direct I/O.
  explicit MemoryFileSystem(std::size_t direct_alignment = 0);
  ~MemoryFileSystem() override;

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& directory) override;
  Result<bool> Exists(const std::string& path) override;
  Status CreateDirectory(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  // As direct I/O sees it: what was written counts, unless a failed sync lost it; then the old
  // bytes, while ReadAt still shows the new ones.
  Status ReadDirect(const std::string& path, std::uint64_t position,
                    std::span<std::byte> out) override;
  Result<std::uint64_t> FreeBytes(const std::string& path) override;
  std::size_t ProbeDirectAlignment(const std::string& directory) override;

  // The power goes: what was not synced is gone. With a `seed` other than 0, by chance some of it
  // had reached the disk: of every file some sectors of 512 bytes, torn and out of order; of every
  // directory some of its newest names. What was synced is never touched.
  void Crash(std::uint64_t seed = 0);

  // All files together may take so much, in blocks of 4 KiB; a write that needs more does what
  // fits and fails with kNoSpace. Overwriting needs nothing.
  void SetSpace(std::uint64_t bytes);
  void SetFreeBytes(std::uint64_t bytes);  // The same, beside what they take now.
  std::uint64_t syncs() const;             // Sync() of files that went well, so far.

  // All that ReadAt would read; empty if there is no such file.
  Bytes Content(const std::string& path) const;
  // For corrupting on purpose. Makes the file if need be; synced, with its name.
  void SetContent(const std::string& path, Bytes content);
  // A sync of this file failed: what it should have written never reaches the disk. Does nothing
  // to files of other file systems. FaultFileSystem calls it.
  static void LoseUnsynced(File& file);

 private:
  class MemoryFile;
  struct Directory;
  struct Node {  // One of the two is set.
    std::shared_ptr<MemoryInode> file;
    std::shared_ptr<Directory> directory;
  };
  // Names set to a node or taken away, all at once.
  using DirectoryChange = std::vector<std::pair<std::string, std::optional<Node>>>;
  struct Directory {
    std::map<std::string, Node> entries;
    std::map<std::string, Node> durable;
    std::vector<DirectoryChange> unsynced;

    void Change(DirectoryChange change);
    void Arrive(std::size_t changes_count);  // That many of the unsynced become durable.
  };
  struct Place {  // Where a name is or would be.
    std::shared_ptr<Directory> parent;
    std::string name;
  };

  Result<Place> Find(const std::string& path, std::string_view what) const QALAM_REQUIRES(mutex_);
  Result<Node> FindNode(const std::string& path, std::string_view what) const
      QALAM_REQUIRES(mutex_);
  std::uint64_t Free() const QALAM_REQUIRES(mutex_);
  static std::uint64_t UsedBytes(const Directory& directory);
  static void Crash(Directory& directory, MemoryInode::Random* random);

  const std::size_t direct_alignment_;
  mutable Mutex mutex_;
  const std::shared_ptr<Directory> root_;
  std::uint64_t crashes_ QALAM_GUARDED_BY(mutex_) = 0;
  std::uint64_t syncs_ QALAM_GUARDED_BY(mutex_) = 0;
  std::optional<std::uint64_t> capacity_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
