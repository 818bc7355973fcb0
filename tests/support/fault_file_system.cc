#include "tests/support/fault_file_system.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

std::string_view NameOf(FaultFileSystem::Kind kind) {
  constexpr std::array<std::string_view, 9> kNames = {
      "create",   "create-directory", "write",  "zero-fill",     "sync",
      "truncate", "rename",           "remove", "sync-directory"};
  return kNames.at(static_cast<std::size_t>(kind));
}

Error Stopped(const std::string& path) {
  return Error(ErrorCode::kIo, path + ": the process was stopped on cue");
}

}  // namespace

std::string FaultFileSystem::Call::ToString() const {
  return std::to_string(number) + " " + std::string(NameOf(kind)) + " " + path;
}

class FaultFileSystem::FaultFile final : public File {
 public:
  FaultFile(FaultFileSystem& fs, std::string path, std::unique_ptr<File> base)
      : fs_(fs), path_(std::move(path)), base_(std::move(base)) {}

  std::size_t write_alignment() const override { return base_->write_alignment(); }
  std::uint64_t size_bytes() const override { return base_->size_bytes(); }
  Status WriteAt(std::uint64_t position, std::span<const BytesView> parts) override {
    Verdict verdict = fs_.Count(Kind::kWrite, path_);
    if (!verdict.error) return base_->WriteAt(position, parts);
    if (verdict.extent == Extent::kHalf) (void)WriteHalf(position, parts);
    return std::move(*verdict.error);
  }
  Status ReadAt(std::uint64_t position, std::span<std::byte> out) const override {
    QALAM_RETURN_IF_ERROR(fs_.CheckRunning(path_));
    return base_->ReadAt(position, out);
  }
  Status ZeroFill(std::uint64_t from, std::uint64_t to) override {
    Verdict verdict = fs_.Count(Kind::kZeroFill, path_);
    if (!verdict.error) return base_->ZeroFill(from, to);
    if (verdict.extent == Extent::kHalf) (void)base_->ZeroFill(from, from + Half(to - from));
    return std::move(*verdict.error);
  }
  void StartWriteback(std::uint64_t from, std::uint64_t to) override {
    if (fs_.CheckRunning(path_).ok()) base_->StartWriteback(from, to);
  }
  Status Sync() override {
    Verdict verdict = fs_.Count(Kind::kSync, path_);
    MutexLock lock(mutex_);
    if (sync_failed_) return *sync_failed_;
    if (!verdict.error) return base_->Sync();
    if (!fs_.stopped()) {  // A process that is gone does not make the kernel forget pages.
      MemoryFileSystem::LoseUnsynced(*base_);
      sync_failed_ = verdict.error;
    }
    return std::move(*verdict.error);
  }
  Status Truncate(std::uint64_t size_bytes) override {
    Verdict verdict = fs_.Count(Kind::kTruncate, path_);
    if (verdict.error) return std::move(*verdict.error);
    return base_->Truncate(size_bytes);
  }

 private:
  std::uint64_t Half(std::uint64_t size) const {
    const std::uint64_t alignment = base_->write_alignment();
    return size / 2 / alignment * alignment;
  }
  Status WriteHalf(std::uint64_t position, std::span<const BytesView> parts) {
    std::uint64_t size = 0;
    for (const BytesView part : parts) size += part.size();
    std::uint64_t left = Half(size);
    std::vector<BytesView> half;
    for (const BytesView part : parts) {
      const std::uint64_t taken = std::min<std::uint64_t>(left, part.size());
      half.push_back(part.first(static_cast<std::size_t>(taken)));
      left -= taken;
    }
    return base_->WriteAt(position, half);
  }

  FaultFileSystem& fs_;
  const std::string path_;
  const std::unique_ptr<File> base_;
  Mutex mutex_;
  std::optional<Error> sync_failed_ QALAM_GUARDED_BY(mutex_);
};

FaultFileSystem::Verdict FaultFileSystem::Count(Kind kind, const std::string& path) {
  Call call{.number = 0, .kind = kind, .path = path};
  Verdict verdict;
  {
    MutexLock lock(mutex_);
    if (stopped_) return {.error = Stopped(path)};
    call.number = history_.size();
    history_.push_back(call);
    if (stop_at_ && call.number >= *stop_at_) {
      stopped_ = true;
      return {.error = Stopped(path), .extent = stop_extent_};
    }
    if (const auto cue = cues_.find(call.number); cue != cues_.end()) {
      verdict = {.error = Error(cue->second.code, call.ToString() + " failed on cue"),
                 .extent = cue->second.extent};
    } else if (kind == Kind::kSync && syncs_fail_from_ && call.number >= *syncs_fail_from_) {
      verdict.error = Error(ErrorCode::kIo, call.ToString() + " failed on cue");
    }
  }
  if (hook_) hook_(call);
  return verdict;
}

Status FaultFileSystem::CheckRunning(const std::string& path) const {
  return stopped() ? Status(Stopped(path)) : OkStatus();
}

std::uint64_t FaultFileSystem::calls() const {
  MutexLock lock(mutex_);
  return history_.size();
}

std::vector<FaultFileSystem::Call> FaultFileSystem::history() const {
  MutexLock lock(mutex_);
  return history_;
}

void FaultFileSystem::FailCall(std::uint64_t number, ErrorCode code, Extent extent) {
  MutexLock lock(mutex_);
  cues_[number] = {.code = code, .extent = extent};
}

void FaultFileSystem::FailSyncsFrom(std::uint64_t number) {
  MutexLock lock(mutex_);
  syncs_fail_from_ = number;
}

void FaultFileSystem::StopAt(std::uint64_t number, Extent extent) {
  MutexLock lock(mutex_);
  stop_at_ = number;
  stop_extent_ = extent;
}

bool FaultFileSystem::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

void FaultFileSystem::Heal() {
  MutexLock lock(mutex_);
  cues_.clear();
  syncs_fail_from_.reset();
  stop_at_.reset();
  stopped_ = false;
}

void FaultFileSystem::SetHook(std::function<void(const Call&)> hook) { hook_ = std::move(hook); }

Result<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path, OpenOptions options) {
  using Mode = OpenOptions::Mode;
  QALAM_RETURN_IF_ERROR(CheckRunning(path));
  bool creates = options.mode == Mode::kCreate;
  if (options.mode == Mode::kOpenOrCreate) {
    QALAM_ASSIGN_OR_RETURN(const bool is_there, base_.Exists(path));
    creates = !is_there;
  }
  if (creates) {
    Verdict verdict = Count(Kind::kCreate, path);
    if (verdict.error) return std::move(*verdict.error);
  }
  QALAM_ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_.Open(path, options));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, path, std::move(file)));
}

Result<std::vector<DirectoryEntry>> FaultFileSystem::List(const std::string& directory) {
  QALAM_RETURN_IF_ERROR(CheckRunning(directory));
  return base_.List(directory);
}

Result<bool> FaultFileSystem::Exists(const std::string& path) {
  QALAM_RETURN_IF_ERROR(CheckRunning(path));
  return base_.Exists(path);
}

Status FaultFileSystem::CreateDirectory(const std::string& path) {
  Verdict verdict = Count(Kind::kCreateDirectory, path);
  if (verdict.error) return std::move(*verdict.error);
  return base_.CreateDirectory(path);
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  Verdict verdict = Count(Kind::kRename, from);
  if (verdict.error) return std::move(*verdict.error);
  return base_.Rename(from, to);
}

Status FaultFileSystem::Remove(const std::string& path) {
  Verdict verdict = Count(Kind::kRemove, path);
  if (verdict.error) return std::move(*verdict.error);
  return base_.Remove(path);
}

Status FaultFileSystem::SyncDirectory(const std::string& path) {
  Verdict verdict = Count(Kind::kSyncDirectory, path);
  if (verdict.error) return std::move(*verdict.error);
  return base_.SyncDirectory(path);
}

Status FaultFileSystem::ReadDirect(const std::string& path, std::uint64_t position,
                                   std::span<std::byte> out) {
  QALAM_RETURN_IF_ERROR(CheckRunning(path));
  return base_.ReadDirect(path, position, out);
}

Result<std::uint64_t> FaultFileSystem::FreeBytes(const std::string& path) {
  QALAM_RETURN_IF_ERROR(CheckRunning(path));
  return base_.FreeBytes(path);
}

std::size_t FaultFileSystem::ProbeDirectAlignment(const std::string& directory) {
  return base_.ProbeDirectAlignment(directory);
}

}  // namespace qalam
