#include "broker/log/partition_metadata.h"

#include "broker/log/file_names.h"

namespace qalam {
namespace {

constexpr std::string_view kVersionLine = "version: 0\n";
constexpr std::string_view kIdPrefix = "topic_id: ";
constexpr std::size_t kPartitionMetadataBytesMax = 4096;

}  // namespace

Status WritePartitionMetadata(FileSystem& fs, const std::string& directory, const Uuid& topic_id) {
  const std::string text =
      std::string(kVersionLine) + std::string(kIdPrefix) + topic_id.ToString() + "\n";
  return ReplaceFile(fs, JoinPath(directory, kPartitionMetadataName), AsBytes(text));
}

Result<Uuid> ReadPartitionMetadata(FileSystem& fs, const std::string& directory) {
  const std::string path = JoinPath(directory, kPartitionMetadataName);
  QALAM_ASSIGN_OR_RETURN(const Bytes content, ReadWholeFile(fs, path, kPartitionMetadataBytesMax));
  std::string_view text = AsText(content);
  if (!text.starts_with("version: "))
    return Error(ErrorCode::kCorruption, path + " has no version");
  if (!text.starts_with(kVersionLine)) {
    return Error(ErrorCode::kUnsupportedFormat, path + " has a version that is not 0");
  }
  text.remove_prefix(kVersionLine.size());
  if (!text.starts_with(kIdPrefix)) return Error(ErrorCode::kCorruption, path + " has no topic_id");
  text.remove_prefix(kIdPrefix.size());
  while (text.ends_with('\n')) text.remove_suffix(1);
  auto id = Uuid::Parse(text);
  if (!id.ok()) return Error(ErrorCode::kCorruption, path + ": " + id.error().message());
  return id;
}

}  // namespace qalam
