#include "broker/log/producer_replay.h"

#include <algorithm>

#include "broker/log/file_names.h"
#include "broker/log/header_walk.h"
#include "broker/log/log_errors.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kSnapshotBytesMax = std::size_t{256} << 20;
constexpr std::uint64_t kLookBackBytes = std::uint64_t{4} << 20;

Status CheckCrc(const File& file, const std::string& path, const HeaderWalk::Item& item) {
  Bytes batch(static_cast<std::size_t>(item.header.size_bytes()));
  QALAM_RETURN_IF_ERROR(file.ReadAt(item.position, batch));
  if (CheckBatchCrc(batch).ok()) return OkStatus();
  return CorruptionAt(path, item.position, "the CRC does not match");
}

// Takes the segment's batches from the one at `position` on into `state`, those from `from` on.
Status ReplaySegment(FileSystem& fs, const ProducerReplay::Input& input,
                     const ProducerReplay::Segment& segment, std::uint64_t position, Offset from,
                     ProducerState& state) {
  const std::string path =
      JoinPath(input.directory, SegmentFileName(segment.base_offset, kLogSuffix));
  QALAM_ASSIGN_OR_RETURN(const auto file, fs.Open(path, {}));
  HeaderWalk walk(*file, path, position, segment.size_bytes);
  while (true) {
    QALAM_ASSIGN_OR_RETURN(const auto next, walk.Next());
    if (!next) return OkStatus();
    if (next->header.base_offset < from) continue;
    if (next->header.base_offset < input.verified_from) {
      QALAM_RETURN_IF_ERROR(CheckCrc(*file, path, *next));
    }
    state.OnAppended(next->header);
  }
}

Status Replay(FileSystem& fs, const ProducerReplay::Input& input, Offset from,
              ProducerState& state) {
  for (std::size_t i = 0; i < input.segments.size(); ++i) {
    const ProducerReplay::Segment& segment = input.segments[i];
    const bool last = i + 1 == input.segments.size();
    const Offset end = last ? input.end_offset : input.segments[i + 1].base_offset;
    if (end <= from) continue;
    const std::uint64_t position =
        segment.index != nullptr ? segment.index->FloorPosition(from) : 0;
    QALAM_RETURN_IF_ERROR(ReplaySegment(fs, input, segment, position, from, state));
  }
  return OkStatus();
}

// The batches of the active segment, from some way before `from` on; whatever can't be read is left
// out.
ProducerState History(FileSystem& fs, const ProducerReplay::Input& input, Offset from) {
  ProducerState seen;
  const ProducerReplay::Segment& active = input.segments.back();
  if (active.index == nullptr) return seen;
  const std::uint64_t there = active.index->FloorPosition(from);
  const std::uint64_t begin =
      active.index->FloorOfPosition(there - std::min(there, kLookBackBytes));
  (void)ReplaySegment(fs, input, active, begin, 0, seen);
  return seen;
}

}  // namespace

Result<ProducerReplay> ProducerReplay::Run(FileSystem& fs, const Input& input) {
  ProducerReplay replay;
  Offset from = input.segments.front().base_offset;
  for (auto it = input.snapshots->rbegin(); it != input.snapshots->rend(); ++it) {
    if (*it > input.end_offset || *it < from) continue;
    const auto bytes = ReadWholeFile(
        fs, JoinPath(input.directory, SegmentFileName(*it, kSnapshotSuffix)), kSnapshotBytesMax);
    auto state = bytes.ok() ? ProducerState::DecodeSnapshot(bytes.value())
                            : Result<ProducerState>(bytes.error());
    if (!state.ok()) {
      // What could not be read now may be good another time.
      if (state.error().code() == ErrorCode::kCorruption) replay.damaged_snapshots.push_back(*it);
      continue;
    }
    replay.state = std::move(state).value();
    replay.snapshot = *it;
    from = *it;
    break;
  }
  QALAM_RETURN_IF_ERROR(Replay(fs, input, from, replay.state));
  if (input.look_back && replay.state.size() > 0) {
    replay.state.AdoptHistory(History(fs, input, from));
  }
  return replay;
}

}  // namespace qalam
