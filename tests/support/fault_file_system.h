#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"

namespace qalam {

enum class FileCall {
  kOpen,
  kRead,
  kWrite,
  kZeroFill,
  kSync,
  kTruncate,
  kList,
  kCreateDirectory,
  kRename,
  kRemove,
  kSyncDirectory,
  kReadDirect,
};

// A file system that fails on cue, over another. Thread: any; the rule is called from whatever
// thread makes the call, one at a time.
class FaultFileSystem final : public FileSystem {
 public:
  // The error that this call shall get; nothing: it goes through.
  using Rule = std::function<std::optional<Error>(FileCall, const std::string& path)>;

  explicit FaultFileSystem(FileSystem& below) : below_(below) {}

  void SetRule(Rule rule);  // Empty: none.
  // From the n-th call that changes something (counted from 1, from now) on, every one fails with
  // kIo and does nothing: as if the machine had stopped there. 0: never.
  void StopAtChange(std::uint64_t n);
  std::uint64_t changes() const;  // Since StopAtChange.

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& directory) override;
  Result<bool> Exists(const std::string& path) override { return below_.Exists(path); }
  Status CreateDirectory(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status ReadDirect(const std::string& path, std::uint64_t position,
                    std::span<std::byte> out) override;
  Result<std::uint64_t> FreeBytes(const std::string& path) override {
    return below_.FreeBytes(path);
  }
  std::size_t ProbeDirectAlignment(const std::string& directory) override {
    return below_.ProbeDirectAlignment(directory);
  }

 private:
  friend class FaultFile;
  Status Ask(FileCall call, const std::string& path);

  FileSystem& below_;
  mutable Mutex mutex_;
  Rule rule_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t changes_ QALAM_GUARDED_BY(mutex_) = 0;
  std::uint64_t stop_at_ QALAM_GUARDED_BY(mutex_) = 0;
};

}  // namespace qalam
