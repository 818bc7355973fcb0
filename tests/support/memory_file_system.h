#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"

namespace qalam {

// A file system in memory that forgets what was not synced: a file's bytes until Sync(), a name
// until SyncDirectory(). Knows when space runs out. Thread: any.
class MemoryFileSystem final : public FileSystem {
 public:
  // `direct_alignment`: what files opened direct demand; 0: there is no direct I/O.
  explicit MemoryFileSystem(std::size_t direct_alignment = 0)
      : direct_alignment_(direct_alignment) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& directory) override;
  Result<bool> Exists(const std::string& path) override;
  Status CreateDirectory(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status ReadDirect(const std::string& path, std::uint64_t position,
                    std::span<std::byte> out) override;
  Result<std::uint64_t> FreeBytes(const std::string& path) override;
  std::size_t ProbeDirectAlignment(const std::string& directory) override;

  // The machine stops: what was not synced is gone, and files that are open work no more. With a
  // `seed` other than 0, of what was not synced some 512-byte sectors and some sizes survive,
  // chosen by it, in any order; names still only when synced.
  void Crash(std::uint64_t seed = 0);
  void SetSpace(std::uint64_t bytes);  // All files together; beyond it: kNoSpace.
  std::uint64_t syncs() const;         // Sync() of files, so far.

  // For corrupting on purpose: the bytes as they are now, and as they shall be, synced.
  Bytes Content(const std::string& path) const;
  void SetContent(const std::string& path, Bytes content);

 private:
  friend class MemoryFile;
  struct Change {  // Not synced yet.
    bool resize = false;
    std::uint64_t position = 0;  // Or the new size.
    Bytes bytes;
  };
  struct Node {
    bool is_directory = false;
    Bytes content;
    Bytes durable;
    std::vector<Change> pending;
  };
  using NodePtr = std::shared_ptr<Node>;

  NodePtr Find(const std::string& path) const QALAM_REQUIRES(mutex_);
  Status Grow(Node& node, std::uint64_t size) QALAM_REQUIRES(mutex_);

  const std::size_t direct_alignment_;
  mutable Mutex mutex_;
  std::map<std::string, NodePtr> names_ QALAM_GUARDED_BY(mutex_);
  std::map<std::string, NodePtr> durable_names_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t space_ QALAM_GUARDED_BY(mutex_) = std::uint64_t{1} << 40;
  std::uint64_t used_ QALAM_GUARDED_BY(mutex_) = 0;
  std::uint64_t syncs_ QALAM_GUARDED_BY(mutex_) = 0;
  std::uint64_t generation_ QALAM_GUARDED_BY(mutex_) = 0;  // Counts crashes.
};

}  // namespace qalam
