#include "broker/log/index_files.h"

#include "broker/log/file_names.h"
#include "broker/log/header_walk.h"
#include "common/mutant.h"

namespace qalam {
namespace {

constexpr std::size_t kIndexBytesMax = std::size_t{64} << 20;

Bytes ReadOrNothing(FileSystem& fs, const std::string& path) {
  auto content = ReadWholeFile(fs, path, kIndexBytesMax);
  return content.ok() ? std::move(content).value() : Bytes();
}

struct SegmentFiles {
  FileSystem& fs;
  const std::string& directory;
  const Offset base_offset;
  const std::uint32_t interval_bytes;
  const File& log;
  const std::uint64_t end;

  std::string Path(std::string_view suffix) const {
    return JoinPath(directory, SegmentFileName(base_offset, suffix));
  }
};

// Whether the log has, where the index's last entry says, the batch that it says. Files of another
// segment have a right checksum, too.
bool Belongs(const SegmentFiles& files, const SegmentIndex::Floor& last) {
  if (last.last_offset < 0) return true;  // No entry.
  HeaderWalk walk(files.log, files.Path(kLogSuffix), last.position, files.end);
  const auto batch = walk.Next();
  return batch.ok() && *batch && (*batch)->header.last_offset() == last.last_offset;
}

// The index files, as far as the sidecar vouches for them and they are of this log. Returns from
// where on the log is to be read.
std::uint64_t LoadFiles(const SegmentFiles& files, LoadedIndex& loaded) {
  const auto sidecar = SegmentCrc::Load(files.fs, files.Path(kCrcSuffix));
  if (!sidecar || sidecar->log.size_bytes > files.end) return 0;
  const Bytes offsets = ReadOrNothing(files.fs, files.Path(kIndexSuffix));
  const Bytes times = ReadOrNothing(files.fs, files.Path(kTimeIndexSuffix));
  const bool whole = sidecar->offset_index.size_bytes <= offsets.size() &&
                     sidecar->time_index.size_bytes <= times.size();
  const bool trusted = MutantIs(Mutant::kTrustIndex) && whole;
  if (!trusted && !(sidecar->offset_index.Matches(offsets) && sidecar->time_index.Matches(times))) {
    return 0;
  }
  auto index = std::make_shared<SegmentIndex>(files.base_offset, files.interval_bytes);
  const auto last = index->Load(
      BytesView(offsets).first(static_cast<std::size_t>(sidecar->offset_index.size_bytes)),
      BytesView(times).first(static_cast<std::size_t>(sidecar->time_index.size_bytes)));
  if (!last || (!trusted && !Belongs(files, *last))) return 0;
  loaded.index = std::move(index);
  loaded.rebuilt = false;
  loaded.vouched = *sidecar;
  return last->position;
}

Result<LoadedIndex> Load(const SegmentFiles& files, bool from_files) {
  LoadedIndex loaded;
  loaded.index = std::make_shared<SegmentIndex>(files.base_offset, files.interval_bytes);
  loaded.rebuilt = files.end > 0;
  const std::uint64_t position = from_files ? LoadFiles(files, loaded) : 0;
  HeaderWalk walk(files.log, files.Path(kLogSuffix), position, files.end);
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

}  // namespace

Result<LoadedIndex> LoadIndex(FileSystem& fs, const std::string& directory, Offset base_offset,
                              std::uint32_t interval_bytes, const File& log, std::uint64_t end) {
  const SegmentFiles files{fs, directory, base_offset, interval_bytes, log, end};
  QALAM_ASSIGN_OR_RETURN(LoadedIndex loaded, Load(files, true));
  if (loaded.complete || loaded.rebuilt) return loaded;
  // The log is damaged, or else the files led astray.
  QALAM_ASSIGN_OR_RETURN(LoadedIndex again, Load(files, false));
  return again.complete ? std::move(again) : std::move(loaded);
}

}  // namespace qalam
