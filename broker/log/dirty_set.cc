#include "broker/log/dirty_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/crc32c.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::string_view kFileName = "dirty-partitions";
constexpr std::size_t kDirtySetBytesMax = std::size_t{256} << 20;
constexpr std::size_t kCrcDigits = 8;

std::string LineOf(std::string_view name) {
  return fmt::format("{:08x} {}\n", Crc32c(AsBytes(name)), name);
}

}  // namespace

Result<std::unique_ptr<DirtySet>> DirtySet::Open(FileSystem& fs, const std::string& directory) {
  std::unique_ptr<DirtySet> set(new DirtySet(fs, JoinPath(directory, kFileName)));
  auto content = ReadWholeFile(fs, set->path_, kDirtySetBytesMax);
  MutexLock lock(set->mutex_);
  if (!content.ok()) {
    if (content.error().code() == ErrorCode::kNotFound) return set;
    return std::move(content).error();
  }
  std::string_view text = AsText(content.value());
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
      break;  // The last one, or zeros that a crash left behind it.
    const std::string_view name =
        text.substr(std::min(end, kCrcDigits + 1), end - std::min(end, kCrcDigits + 1));
    if (text.substr(0, end + 1) != LineOf(name)) {
      set->damaged_ = true;
      Logger("log").warn("damaged, every partition will be checked file={} byte={}", set->path_,
                         set->end_);
      break;
    }
    set->names_.emplace(name);
    set->end_ += end + 1;
    text.remove_prefix(end + 1);
  }
  return set;
}

bool DirtySet::Contains(std::string_view name) const {
  MutexLock lock(mutex_);
  return damaged_ || names_.contains(name);
}

bool DirtySet::empty() const {
  MutexLock lock(mutex_);
  return names_.empty() && !damaged_;
}

std::set<std::string, std::less<>> DirtySet::names() const {
  MutexLock lock(mutex_);
  return names_;
}

Status DirtySet::OpenFile() {
  if (file_) return OkStatus();
  QALAM_ASSIGN_OR_RETURN(file_, fs_.Open(path_, {.mode = OpenOptions::Mode::kOpenOrCreate}));
  QALAM_RETURN_IF_ERROR(file_->Truncate(end_));
  return fs_.SyncDirectory(ParentPath(path_));
}

Status DirtySet::Add(const std::vector<std::string>& names) {
  MutexLock lock(mutex_);
  if (damaged_) return OkStatus();
  std::string lines;
  for (const std::string& name : names) {
    if (!names_.contains(name)) lines += LineOf(name);
  }
  if (lines.empty()) return OkStatus();
  QALAM_RETURN_IF_ERROR(OpenFile());
  const std::array<BytesView, 1> parts = {AsBytes(lines)};
  if (const Status written = file_->WriteAt(end_, parts); !written.ok()) {
    file_.reset();  // Opened anew, it is cut: a shorter write must not leave the rest of this one.
    return written;
  }
  QALAM_RETURN_IF_ERROR(file_->Sync());
  end_ += lines.size();
  names_.insert(names.begin(), names.end());
  return OkStatus();
}

Status DirtySet::Remove(const std::vector<std::string>& names) {
  MutexLock lock(mutex_);
  if (damaged_) return OkStatus();  // Nobody knows what is in it; Reset does.
  auto rest = names_;
  for (const std::string& name : names) rest.erase(name);
  return rest.size() == names_.size() ? OkStatus() : Replace(std::move(rest));
}

Status DirtySet::Reset(std::set<std::string, std::less<>> names) {
  MutexLock lock(mutex_);
  return Replace(std::move(names));
}

Status DirtySet::Replace(std::set<std::string, std::less<>> names) {
  std::string text;
  for (const std::string& name : names) text += LineOf(name);
  file_.reset();
  QALAM_RETURN_IF_ERROR(ReplaceFile(fs_, path_, AsBytes(text)));
  names_ = std::move(names);
  end_ = text.size();
  damaged_ = false;
  return OkStatus();
}

}  // namespace qalam
