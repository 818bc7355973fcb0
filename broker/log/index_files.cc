#include "broker/log/index_files.h"

#include "broker/log/file_names.h"
#include "broker/log/header_walk.h"

namespace qalam {
namespace {

constexpr std::size_t kIndexBytesMax = std::size_t{64} << 20;

Bytes ReadOrNothing(FileSystem& fs, const std::string& path) {
  auto content = ReadWholeFile(fs, path, kIndexBytesMax);
  return content.ok() ? std::move(content).value() : Bytes();
}

}  // namespace

Result<LoadedIndex> LoadIndex(FileSystem& fs, const std::string& directory, Offset base_offset,
                              std::uint32_t interval_bytes, const File& log, std::uint64_t end) {
  const auto path = [&](std::string_view suffix) {
    return JoinPath(directory, SegmentFileName(base_offset, suffix));
  };
  LoadedIndex loaded;
  loaded.index = std::make_shared<SegmentIndex>(base_offset, interval_bytes);
  std::uint64_t position = 0;
  const auto sidecar = SegmentCrc::Load(fs, path(kCrcSuffix));
  loaded.rebuilt = end > 0;
  if (sidecar && sidecar->log.size_bytes <= end) {
    const Bytes offsets = ReadOrNothing(fs, path(kIndexSuffix));
    const Bytes times = ReadOrNothing(fs, path(kTimeIndexSuffix));
    if (sidecar->offset_index.Matches(offsets) && sidecar->time_index.Matches(times)) {
      position = loaded.index->Load(
          BytesView(offsets).first(static_cast<std::size_t>(sidecar->offset_index.size_bytes)),
          BytesView(times).first(static_cast<std::size_t>(sidecar->time_index.size_bytes)));
      loaded.rebuilt = false;
      loaded.vouched = *sidecar;
    }
  }
  HeaderWalk walk(log, path(kLogSuffix), position, end);
  while (true) {
    const auto next = walk.Next();
    if (!next.ok()) {
      if (next.error().code() != ErrorCode::kCorruption) return next.error();
      loaded.complete = false;
      return loaded;
    }
    if (!*next) return loaded;
    loaded.index->Add((*next)->header, (*next)->position);
  }
}

}  // namespace qalam
