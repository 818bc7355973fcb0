#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

// Fails on cue: wraps any file system and counts the calls that change something (opening counts
// where it makes a file), from 1. Run a piece of work once to learn changes(), then once for every
// n up to it with StopAtChange(n) or FailChange(n): that visits every place where it can break.
// A sync that fails on cue stays failed for that file, and on a MemoryFileSystem loses what was
// not synced, as Linux does. It must outlive its files. Thread: any.
class FaultFileSystem final : public FileSystem {
 public:
  struct Change {
    std::uint64_t number = 0;
    FileCall call = FileCall::kWrite;
    std::string path;
    std::string ToString() const;  // "7 sync /data/0.log"
  };
  // The error that this call shall get; nothing: it goes through.
  using Rule = std::function<std::optional<Error>(FileCall, const std::string& path)>;
  // How far a write or zero-fill gets that fails or is stopped on cue.
  // kHalfInSectors: only whole sectors of 512 bytes, as a kernel or a disk leaves it.
  enum class Extent { kNothing, kHalf, kHalfInSectors };

  explicit FaultFileSystem(FileSystem& below) : below_(below) {}

  // Called from whatever thread makes a call, one at a time. Empty: none.
  void SetRule(Rule rule);
  // Called before each counted call goes on, with no lock held: to watch, or to hold a sync back
  // while other calls go on. Set it while no call is running.
  void SetHook(std::function<void(const Change&)> hook);

  // From the n-th change (counted from 1, from now) on, that one and every call after it, reading
  // ones too, fails with kIo and does nothing: as if the process had been killed there. 0: never,
  // and what was stopped goes on. Of a write, the halves still do the first half.
  void StopAtChange(std::uint64_t n, Extent extent = Extent::kNothing);
  // The n-th change fails, once.
  void FailChange(std::uint64_t n, ErrorCode code, Extent extent = Extent::kNothing);
  // Every file's sync fails with kIo that is the n-th change or a later one. 0: no more.
  void FailSyncsFrom(std::uint64_t n);

  std::uint64_t changes() const;  // Since StopAtChange, else since the start; failed ones too.
  std::vector<Change> history() const;  // The same, one by one.
  bool stopped() const;

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

 private:
  class FaultFile;
  struct Cue {
    ErrorCode code = ErrorCode::kIo;
    Extent extent = Extent::kNothing;
  };
  struct Verdict {
    std::optional<Error> error;
    Extent extent = Extent::kNothing;
  };

  Verdict Count(FileCall call, const std::string& path);
  Verdict Judge(const Change& change) QALAM_REQUIRES(mutex_);
  // For calls that change nothing.
  Status Ask(FileCall call, const std::string& path);
  std::optional<Error> AskRule(FileCall call, const std::string& path);

  FileSystem& below_;
  std::function<void(const Change&)> hook_;
  Mutex rule_mutex_;
  Rule rule_ QALAM_GUARDED_BY(rule_mutex_);
  mutable Mutex mutex_;
  std::vector<Change> history_ QALAM_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Cue> cues_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t syncs_fail_from_ QALAM_GUARDED_BY(mutex_) = 0;
  std::uint64_t stop_at_ QALAM_GUARDED_BY(mutex_) = 0;
  Extent stop_extent_ QALAM_GUARDED_BY(mutex_) = Extent::kNothing;
  bool stopped_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
