#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"

namespace qalam {

// Fails on cue: wraps any file system, counts the calls that change something, from 0, and lets
// chosen ones fail. Run a piece of work once to learn calls(), then once for every n below it with
// StopAt(n) or FailCall(n): that visits every place where it can break.
// A sync that fails on cue stays failed for that file, and on a MemoryFileSystem loses what was
// not synced, as Linux does. It must outlive its files. Thread: any.
class FaultFileSystem final : public FileSystem {
 public:
  enum class Kind {
    kCreate,  // Open, where it makes a file.
    kCreateDirectory,
    kWrite,
    kZeroFill,
    kSync,
    kTruncate,
    kRename,
    kRemove,
    kSyncDirectory,
  };
  struct Call {
    std::uint64_t number = 0;
    Kind kind = Kind::kWrite;
    std::string path;
    std::string ToString() const;  // "7 sync /data/0.log"
  };
  // How far a failing or stopped write gets.
  enum class Extent { kNothing, kHalf };

  explicit FaultFileSystem(FileSystem& base) : base_(base) {}

  std::uint64_t calls() const;
  std::vector<Call> history() const;  // All counted calls, the failed ones too.

  // Call `number` fails with `code`, once; what comes after works again.
  void FailCall(std::uint64_t number, ErrorCode code, Extent extent = Extent::kNothing);
  // Every file's sync with this or a later number fails with kIo.
  void FailSyncsFrom(std::uint64_t number);
  // The process is killed when it makes call `number`: that one is not executed (of a write, with
  // kHalf, the first half is), and from then on every call fails, reading ones too.
  void StopAt(std::uint64_t number, Extent extent = Extent::kNothing);
  bool stopped() const;
  // Forgets all cues, and that it stopped. Files whose sync failed stay failed.
  void Heal();
  // Called before each counted call, on the caller's thread, with no lock held: to watch, or to
  // hold a sync back. Set it while no call is running.
  void SetHook(std::function<void(const Call&)> hook);

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
  struct Verdict {
    std::optional<Error> error;
    Extent extent = Extent::kNothing;
  };
  struct Cue {
    ErrorCode code = ErrorCode::kIo;
    Extent extent = Extent::kNothing;
  };

  Verdict Count(Kind kind, const std::string& path);
  Status CheckRunning(const std::string& path) const;  // For calls that are not counted.

  FileSystem& base_;
  std::function<void(const Call&)> hook_;
  mutable Mutex mutex_;
  std::vector<Call> history_ QALAM_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Cue> cues_ QALAM_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> syncs_fail_from_ QALAM_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> stop_at_ QALAM_GUARDED_BY(mutex_);
  Extent stop_extent_ QALAM_GUARDED_BY(mutex_) = Extent::kNothing;
  bool stopped_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
