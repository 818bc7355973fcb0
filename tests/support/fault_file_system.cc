#include "tests/support/fault_file_system.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

std::string_view NameOf(FileCall call) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"open", "read", "write", "zero-fill", "sync", "truncate", "list", "create-directory",
       "rename", "remove", "sync-directory", "read-direct"});
  return kNames.at(static_cast<std::size_t>(call));
}

Error Stopped(const std::string& path) {
  return Error(ErrorCode::kIo, path + ": the process was stopped on cue");
}

}  // namespace

std::string FaultFileSystem::Change::ToString() const {
  return std::to_string(number) + " " + std::string(NameOf(call)) + " " + path;
}

class FaultFileSystem::FaultFile final : public File {
 public:
  FaultFile(FaultFileSystem& fs, std::string path, std::unique_ptr<File> below)
      : fs_(fs), path_(std::move(path)), below_(std::move(below)) {}

  std::size_t write_alignment() const override { return below_->write_alignment(); }
  std::uint64_t size_bytes() const override { return below_->size_bytes(); }
  Status WriteAt(std::uint64_t position, std::span<const BytesView> parts) override {
    Verdict verdict = fs_.Count(FileCall::kWrite, path_);
    if (!verdict.error) return below_->WriteAt(position, parts);
    if (verdict.extent != Extent::kNothing) (void)WriteHalf(position, parts, verdict.extent);
    return std::move(*verdict.error);
  }
  Status ReadAt(std::uint64_t position, std::span<std::byte> out) const override {
    QALAM_RETURN_IF_ERROR(fs_.Ask(FileCall::kRead, path_));
    return below_->ReadAt(position, out);
  }
  Status ZeroFill(std::uint64_t from, std::uint64_t to) override {
    Verdict verdict = fs_.Count(FileCall::kZeroFill, path_);
    if (!verdict.error) return below_->ZeroFill(from, to);
    if (verdict.extent != Extent::kNothing) {
      (void)below_->ZeroFill(from, from + Half(to - from, verdict.extent));
    }
    return std::move(*verdict.error);
  }
  void StartWriteback(std::uint64_t from, std::uint64_t to) override {
    if (!fs_.stopped()) below_->StartWriteback(from, to);
  }
  Status Sync() override {
    Verdict verdict = fs_.Count(FileCall::kSync, path_);
    MutexLock lock(mutex_);
    if (sync_failed_) return *sync_failed_;
    if (!verdict.error) return below_->Sync();
    if (!fs_.stopped()) {  // A process that is gone does not make the kernel forget pages.
      MemoryFileSystem::LoseUnsynced(*below_);
      sync_failed_ = verdict.error;
    }
    return std::move(*verdict.error);
  }
  Status Truncate(std::uint64_t size_bytes) override {
    Verdict verdict = fs_.Count(FileCall::kTruncate, path_);
    if (verdict.error) return std::move(*verdict.error);
    return below_->Truncate(size_bytes);
  }

 private:
  std::uint64_t Half(std::uint64_t size, Extent extent) const {
    const std::uint64_t unit = extent == Extent::kHalfInSectors ? MemoryInode::kSectorBytes : 1;
    const std::uint64_t alignment = std::max<std::uint64_t>(below_->write_alignment(), unit);
    return size / 2 / alignment * alignment;
  }
  Status WriteHalf(std::uint64_t position, std::span<const BytesView> parts, Extent extent) {
    std::uint64_t size = 0;
    for (const BytesView part : parts) size += part.size();
    std::uint64_t left = Half(size, extent);
    std::vector<BytesView> half;
    for (const BytesView part : parts) {
      const std::uint64_t taken = std::min<std::uint64_t>(left, part.size());
      half.push_back(part.first(static_cast<std::size_t>(taken)));
      left -= taken;
    }
    return below_->WriteAt(position, half);
  }

  FaultFileSystem& fs_;
  const std::string path_;
  const std::unique_ptr<File> below_;
  Mutex mutex_;
  std::optional<Error> sync_failed_ QALAM_GUARDED_BY(mutex_);
};

FaultFileSystem::Verdict FaultFileSystem::Count(FileCall call, const std::string& path) {
  Change change{.number = 0, .call = call, .path = path};
  Verdict verdict;
  {
    MutexLock lock(mutex_);
    if (stopped_) return {.error = Stopped(path)};
    change.number = history_.size() + 1;
    history_.push_back(change);
    verdict = Judge(change);
    if (stopped_) return verdict;
  }
  if (hook_) hook_(change);
  if (!verdict.error) verdict.error = AskRule(call, path);
  return verdict;
}

FaultFileSystem::Verdict FaultFileSystem::Judge(const Change& change) {
  if (stop_at_ != 0 && change.number >= stop_at_) {
    stopped_ = true;
    return {.error = Stopped(change.path), .extent = stop_extent_};
  }
  const std::string why = change.ToString() + " failed on cue";
  if (const auto cue = cues_.find(change.number); cue != cues_.end()) {
    return {.error = Error(cue->second.code, why), .extent = cue->second.extent};
  }
  if (change.call == FileCall::kSync && syncs_fail_from_ != 0 &&
      change.number >= syncs_fail_from_) {
    return {.error = Error(ErrorCode::kIo, why)};
  }
  return {};
}

Status FaultFileSystem::Ask(FileCall call, const std::string& path) {
  if (stopped()) return Stopped(path);
  if (auto error = AskRule(call, path)) return std::move(*error);
  return OkStatus();
}

std::optional<Error> FaultFileSystem::AskRule(FileCall call, const std::string& path) {
  MutexLock lock(rule_mutex_);
  if (!rule_) return std::nullopt;
  return rule_(call, path);
}

void FaultFileSystem::SetRule(Rule rule) {
  MutexLock lock(rule_mutex_);
  rule_ = std::move(rule);
}

void FaultFileSystem::SetHook(std::function<void(const Change&)> hook) { hook_ = std::move(hook); }

void FaultFileSystem::StopAtChange(std::uint64_t n, Extent extent) {
  MutexLock lock(mutex_);
  history_.clear();
  cues_.clear();
  syncs_fail_from_ = 0;
  stop_at_ = n;
  stop_extent_ = extent;
  stopped_ = false;
}

void FaultFileSystem::FailChange(std::uint64_t n, ErrorCode code, Extent extent) {
  MutexLock lock(mutex_);
  cues_[n] = {.code = code, .extent = extent};
}

void FaultFileSystem::FailSyncsFrom(std::uint64_t n) {
  MutexLock lock(mutex_);
  syncs_fail_from_ = n;
}

std::uint64_t FaultFileSystem::changes() const {
  MutexLock lock(mutex_);
  return history_.size();
}

std::vector<FaultFileSystem::Change> FaultFileSystem::history() const {
  MutexLock lock(mutex_);
  return history_;
}

bool FaultFileSystem::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

Result<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path, OpenOptions options) {
  using Mode = OpenOptions::Mode;
  bool creates = false;
  if (!stopped() && (options.mode == Mode::kCreate || options.mode == Mode::kOpenOrCreate)) {
    QALAM_ASSIGN_OR_RETURN(const bool is_there, below_.Exists(path));
    creates = !is_there;
  }
  if (creates) {
    Verdict verdict = Count(FileCall::kOpen, path);
    if (verdict.error) return std::move(*verdict.error);
  } else {
    QALAM_RETURN_IF_ERROR(Ask(FileCall::kOpen, path));
  }
  QALAM_ASSIGN_OR_RETURN(std::unique_ptr<File> file, below_.Open(path, options));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, path, std::move(file)));
}

Result<std::vector<DirectoryEntry>> FaultFileSystem::List(const std::string& directory) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kList, directory));
  return below_.List(directory);
}

Result<bool> FaultFileSystem::Exists(const std::string& path) {
  if (stopped()) return Stopped(path);
  return below_.Exists(path);
}

Status FaultFileSystem::CreateDirectory(const std::string& path) {
  Verdict verdict = Count(FileCall::kCreateDirectory, path);
  if (verdict.error) return std::move(*verdict.error);
  return below_.CreateDirectory(path);
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  Verdict verdict = Count(FileCall::kRename, from);
  if (verdict.error) return std::move(*verdict.error);
  return below_.Rename(from, to);
}

Status FaultFileSystem::Remove(const std::string& path) {
  Verdict verdict = Count(FileCall::kRemove, path);
  if (verdict.error) return std::move(*verdict.error);
  return below_.Remove(path);
}

Status FaultFileSystem::SyncDirectory(const std::string& path) {
  Verdict verdict = Count(FileCall::kSyncDirectory, path);
  if (verdict.error) return std::move(*verdict.error);
  return below_.SyncDirectory(path);
}

Status FaultFileSystem::ReadDirect(const std::string& path, std::uint64_t position,
                                   std::span<std::byte> out) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kReadDirect, path));
  return below_.ReadDirect(path, position, out);
}

Result<std::uint64_t> FaultFileSystem::FreeBytes(const std::string& path) {
  if (stopped()) return Stopped(path);
  return below_.FreeBytes(path);
}

std::size_t FaultFileSystem::ProbeDirectAlignment(const std::string& directory) {
  return below_.ProbeDirectAlignment(directory);
}

}  // namespace qalam
