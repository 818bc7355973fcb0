#include "broker/api/log_directory.h"

#include <algorithm>
#include <optional>

#include "broker/log/file_names.h"
#include "broker/log/partition_metadata.h"

namespace qalam {
namespace {

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

bool BelongsTo(const ClusterImage& image, FileSystem& fs, const std::string& path,
               const TopicPartition& partition) {
  const auto topic = image.topics.find(partition.topic);
  if (topic == image.topics.end()) return false;
  if (partition.partition >= static_cast<PartitionId>(topic->second->partitions.size())) {
    return false;
  }
  const auto id = ReadPartitionMetadata(fs, path);
  return !id.ok() || *id == topic->second->id;
}

Result<std::string> MoveAside(FileSystem& fs, const std::string& directory, const std::string& name,
                              std::string_view suffix) {
  const std::string tail = "." + Uuid::Random().ToString() + std::string(suffix);
  std::string aside = name.substr(0, std::min(name.size(), kNameBytesMax - tail.size()));
  aside += tail;
  QALAM_RETURN_IF_ERROR(fs.Rename(JoinPath(directory, name), JoinPath(directory, aside)));
  return aside;
}

}  // namespace

Result<LogDirectoryScan> ScanLogDirectory(FileSystem& fs, const std::string& directory,
                                          const ClusterImage& image) {
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(directory));
  LogDirectoryScan scan;
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
    if (BelongsTo(image, fs, JoinPath(directory, entry.name), *partition)) {
      scan.partitions.insert(entry.name);
    } else {
      scan.strays.push_back(entry.name);
    }
  }
  return scan;
}

Result<std::string> MoveAsideToDelete(FileSystem& fs, const std::string& directory,
                                      const std::string& name) {
  return MoveAside(fs, directory, name, kDeleteSuffix);
}

Result<std::string> MoveAsideAsStray(FileSystem& fs, const std::string& directory,
                                     const std::string& name) {
  return MoveAside(fs, directory, name, kStraySuffix);
}

Status RemovePartitionDirectory(FileSystem& fs, const std::string& path) {
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(path));
  for (const DirectoryEntry& entry : entries) {
    QALAM_RETURN_IF_ERROR(fs.Remove(JoinPath(path, entry.name)));
  }
  return fs.Remove(path);
}

void RemoveRetiredFiles(FileSystem& fs, const std::string& path) {
  const auto entries = fs.List(path);
  if (!entries.ok()) return;
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.is_directory && entry.name.ends_with(kDeletedSuffix)) {
      (void)fs.Remove(JoinPath(path, entry.name));
    }
  }
}

bool HasRecords(FileSystem& fs, const std::string& path) {
  const auto entries = fs.List(path);
  if (!entries.ok()) return false;
  std::size_t segments = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (!ParseSegmentFileName(entry.name, kLogSuffix)) continue;
    if (++segments > 1) return true;
    const auto file = fs.Open(JoinPath(path, entry.name), {});
    if (file.ok() && (*file)->size_bytes() > 0) return true;
  }
  return false;
}

}  // namespace qalam
