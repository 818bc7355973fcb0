#include "broker/partition/log_root.h"

#include <algorithm>
#include <string_view>

#include "broker/log/file_names.h"
#include "broker/log/partition_metadata.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::string_view kCreatingPrefix = "create:";  // No topic's name has a colon.
constexpr std::string_view kDeleteSuffix = "-delete";
constexpr std::string_view kStraySuffix = "-stray";
constexpr std::size_t kNameBytesMax = 255;  // Of a file, on every file system we know.
constexpr PartitionId kPartitionMax = 100'000'000;

std::optional<TopicPartition> ParseName(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == name.size()) return std::nullopt;
  const std::string_view digits = name.substr(dash + 1);
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  PartitionId partition = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9' || partition > kPartitionMax) return std::nullopt;
    partition = partition * 10 + (c - '0');
  }
  if (!ValidateTopicName(name.substr(0, dash)).ok()) return std::nullopt;
  return TopicPartition{std::string(name.substr(0, dash)), partition};
}

}  // namespace

LogRoot::LogRoot(FileSystem& fs, const Clock& clock, std::string path,
                 std::size_t open_segments_max)
    : fs_(fs),
      clock_(clock),
      path_(std::move(path)),
      segment_cache_(std::make_shared<SegmentCache>(open_segments_max)) {}

Result<std::unique_ptr<LogRoot>> LogRoot::Open(FileSystem& fs, const Clock& clock, std::string path,
                                               std::size_t open_segments_max) {
  QALAM_RETURN_IF_ERROR(fs.CreateDirectory(path));
  std::unique_ptr<LogRoot> directory(new LogRoot(fs, clock, std::move(path), open_segments_max));
  directory->direct_alignment_ = fs.ProbeDirectAlignment(directory->path_);
  QALAM_ASSIGN_OR_RETURN(directory->dirty_, DirtySet::Open(fs, directory->path_));
  QALAM_ASSIGN_OR_RETURN(auto retention_clock, RetentionClock::Open(fs, directory->path_, clock));
  directory->retention_clock_.emplace(std::move(retention_clock));
  return directory;
}

Result<LogRoot::Scan> LogRoot::List(const TopicIdOf& topic_id_of) {
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs_.List(path_));
  Scan scan;
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory) continue;
    if (entry.name.ends_with(kStraySuffix)) {
      ++scan.strays_before;
      continue;
    }
    if (entry.name.ends_with(kDeleteSuffix)) {
      scan.deleted.push_back(entry.name);
      continue;
    }
    const auto partition = ParseName(entry.name);
    if (!partition) continue;
    const auto known = topic_id_of(*partition);
    const auto found =
        known ? ReadPartitionMetadata(fs_, JoinPath(path_, entry.name)) : Result<Uuid>(Uuid{});
    if (known && (!found.ok() || *found == *known)) {
      scan.partitions.insert(entry.name);
    } else {
      scan.strays.push_back(entry.name);
    }
  }
  return scan;
}

std::string LogRoot::PathOf(const TopicPartition& partition) const {
  return JoinPath(path_, partition.ToString());
}

void LogRoot::Complete(LogOptions& options, const TopicPartition& partition) const {
  options.directory = PathOf(partition);
  options.direct_alignment = direct_alignment_;
  options.segment_cache = segment_cache_;
}

std::string LogRoot::CreatingName(const std::string& topic) {
  return std::string(kCreatingPrefix) + topic;
}

Status LogRoot::AnnounceCreation(const std::string& topic) {
  return dirty_->Add({CreatingName(topic)});
}

bool LogRoot::IsCreating(const std::string& topic) const {
  return dirty_->Contains(CreatingName(topic));
}

std::vector<std::string> LogRoot::AnnouncedTopics() const {
  std::vector<std::string> topics;
  for (const std::string& name : dirty_->names()) {
    if (name.starts_with(kCreatingPrefix)) topics.push_back(name.substr(kCreatingPrefix.size()));
  }
  return topics;
}

bool LogRoot::NeverHadData(const PartitionHandle& handle) const {
  return IsCreating(handle.name.topic) && !dirty_->Contains(handle.name.ToString());
}

Status LogRoot::Make(const PartitionHandle& handle) {
  const std::string path = PathOf(handle.name);
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(path));
  if (exists) {
    const auto id = ReadPartitionMetadata(fs_, path);
    if (id.ok() && *id == handle.topic_id) return OkStatus();
    // Half made: written last, the metadata file says that the rest is there.
    QALAM_ASSIGN_OR_RETURN(const std::string aside, MoveAsideAsStray(handle.name.ToString()));
    Logger("partition")
        .warn("half-made partition moved aside tp={} to={}", handle.name.ToString(), aside);
  }
  return Log::Create(fs_, handle.settings.Load()->log, handle.topic_id);
}

Result<std::unique_ptr<Log>> LogRoot::OpenLog(const PartitionHandle& handle, bool clean) {
  if (NeverHadData(handle)) QALAM_RETURN_IF_ERROR(Make(handle));
  auto log = Log::Open(fs_, clock_, handle.settings.Load()->log, handle.topic_id, clean);
  if (!log.ok()) {
    if (log.error().code() != ErrorCode::kNotFound) return log;
    return Error(ErrorCode::kCorruption,
                 "the directory of " + handle.name.ToString() +
                     " or a file in it is missing: " + log.error().message());
  }
  const RecoveryReport& report = (*log)->recovery();
  if (report.recovered) {
    Logger("partition")
        .info("partition recovered tp={} end={} scanned_bytes={} torn_bytes_cut={}",
              handle.name.ToString(), (*log)->end_offset(), report.scanned_bytes,
              report.torn_bytes_cut);
  }
  for (const std::string& note : report.notes) {
    Logger("partition").warn("recovery tp={} note=\"{}\"", handle.name.ToString(), note);
  }
  return log;
}

bool LogRoot::HasWorkForRetention(const TopicPartition& partition) {
  const std::string path = PathOf(partition);
  const auto entries = fs_.List(path);
  if (!entries.ok()) return false;
  std::size_t segments = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name.ends_with(kDeletedSuffix)) return true;
    if (!ParseSegmentFileName(entry.name, kLogSuffix)) continue;
    if (++segments > 1) return true;
    const auto file = fs_.Open(JoinPath(path, entry.name), {});
    if (file.ok() && (*file)->size_bytes() > 0) return true;
  }
  return false;
}

Result<std::string> LogRoot::MoveAsideToDelete(const TopicPartition& partition) {
  return MoveAside(partition.ToString(), kDeleteSuffix);
}

Result<std::string> LogRoot::MoveAsideAsStray(const std::string& name) {
  return MoveAside(name, kStraySuffix);
}

Result<std::string> LogRoot::MoveAside(const std::string& name, std::string_view suffix) {
  const std::string tail = "." + Uuid::Random().ToString() + std::string(suffix);
  std::string aside = name.substr(0, std::min(name.size(), kNameBytesMax - tail.size()));
  aside += tail;
  QALAM_RETURN_IF_ERROR(fs_.Rename(JoinPath(path_, name), JoinPath(path_, aside)));
  return aside;
}

Status LogRoot::Remove(const std::string& name) {
  const std::string path = JoinPath(path_, name);
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs_.List(path));
  for (const DirectoryEntry& entry : entries) {
    QALAM_RETURN_IF_ERROR(fs_.Remove(JoinPath(path, entry.name)));
  }
  return fs_.Remove(path);
}

std::int64_t LogRoot::free_bytes() const {
  const auto free = fs_.FreeBytes(path_);
  return free.ok() ? static_cast<std::int64_t>(*free) : 0;
}

}  // namespace qalam
