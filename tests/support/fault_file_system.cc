#include "tests/support/fault_file_system.h"

namespace qalam {
namespace {

bool Changes(FileCall call) {
  switch (call) {
    case FileCall::kOpen:
    case FileCall::kRead:
    case FileCall::kList:
    case FileCall::kReadDirect:
      return false;
    default:
      return true;
  }
}

}  // namespace

// An open file of a FaultFileSystem. Once a Sync failed, every later one fails too.
class FaultFile final : public File {
 public:
  FaultFile(FaultFileSystem& fs, std::string path, std::unique_ptr<File> below)
      : fs_(fs), path_(std::move(path)), below_(std::move(below)) {}

  std::size_t write_alignment() const override { return below_->write_alignment(); }
  std::uint64_t size_bytes() const override { return below_->size_bytes(); }
  Status WriteAt(std::uint64_t position, std::span<const BytesView> parts) override {
    QALAM_RETURN_IF_ERROR(fs_.Ask(FileCall::kWrite, path_));
    return below_->WriteAt(position, parts);
  }
  Status ReadAt(std::uint64_t position, std::span<std::byte> out) const override {
    QALAM_RETURN_IF_ERROR(fs_.Ask(FileCall::kRead, path_));
    return below_->ReadAt(position, out);
  }
  Status ZeroFill(std::uint64_t from, std::uint64_t to) override {
    QALAM_RETURN_IF_ERROR(fs_.Ask(FileCall::kZeroFill, path_));
    return below_->ZeroFill(from, to);
  }
  void StartWriteback(std::uint64_t from, std::uint64_t to) override {
    below_->StartWriteback(from, to);
  }
  Status Sync() override {
    if (!sync_failed_.ok()) return sync_failed_;
    sync_failed_ = fs_.Ask(FileCall::kSync, path_);
    if (!sync_failed_.ok()) return sync_failed_;
    return below_->Sync();
  }
  Status Truncate(std::uint64_t size_bytes) override {
    QALAM_RETURN_IF_ERROR(fs_.Ask(FileCall::kTruncate, path_));
    return below_->Truncate(size_bytes);
  }

 private:
  FaultFileSystem& fs_;
  const std::string path_;
  const std::unique_ptr<File> below_;
  Status sync_failed_;
};

void FaultFileSystem::SetRule(Rule rule) {
  MutexLock lock(mutex_);
  rule_ = std::move(rule);
}

void FaultFileSystem::StopAtChange(std::uint64_t n) {
  MutexLock lock(mutex_);
  changes_ = 0;
  stop_at_ = n;
}

std::uint64_t FaultFileSystem::changes() const {
  MutexLock lock(mutex_);
  return changes_;
}

Status FaultFileSystem::Ask(FileCall call, const std::string& path) {
  MutexLock lock(mutex_);
  if (Changes(call)) {
    ++changes_;
    if (stop_at_ != 0 && changes_ >= stop_at_) {
      return Error(ErrorCode::kIo, path + ": the machine stopped");
    }
  }
  if (rule_) {
    if (auto error = rule_(call, path)) return std::move(*error);
  }
  return OkStatus();
}

Result<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path, OpenOptions options) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kOpen, path));
  QALAM_ASSIGN_OR_RETURN(auto file, below_.Open(path, options));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, path, std::move(file)));
}

Result<std::vector<DirectoryEntry>> FaultFileSystem::List(const std::string& directory) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kList, directory));
  return below_.List(directory);
}

Status FaultFileSystem::CreateDirectory(const std::string& path) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kCreateDirectory, path));
  return below_.CreateDirectory(path);
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kRename, from));
  return below_.Rename(from, to);
}

Status FaultFileSystem::Remove(const std::string& path) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kRemove, path));
  return below_.Remove(path);
}

Status FaultFileSystem::SyncDirectory(const std::string& path) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kSyncDirectory, path));
  return below_.SyncDirectory(path);
}

Status FaultFileSystem::ReadDirect(const std::string& path, std::uint64_t position,
                                   std::span<std::byte> out) {
  QALAM_RETURN_IF_ERROR(Ask(FileCall::kReadDirect, path));
  return below_.ReadDirect(path, position, out);
}

}  // namespace qalam
