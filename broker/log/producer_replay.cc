#include "broker/log/producer_replay.h"

#include <algorithm>

#include "broker/log/file_names.h"
#include "broker/log/header_walk.h"

namespace qalam {
namespace {

constexpr std::size_t kSnapshotBytesMax = std::size_t{256} << 20;
constexpr std::uint64_t kLookBackBytes = std::uint64_t{16} << 20;

// Takes every batch from the one that holds `from` on into `state`. Of a segment whose index is
// known, only what is needed is walked; `look_back` bytes more.
Status Replay(FileSystem& fs, const ProducerReplay::Input& input, Offset from,
              std::uint64_t look_back, ProducerState& state) {
  for (std::size_t i = 0; i < input.segments.size(); ++i) {
    const ProducerReplay::Segment& segment = input.segments[i];
    const bool last = i + 1 == input.segments.size();
    const Offset end = last ? input.end_offset : input.segments[i + 1].base_offset;
    // The active segment is looked at even where nothing lies behind the snapshot.
    if (end <= from && !(last && look_back > 0)) continue;
    std::uint64_t position = 0;
    if (segment.index != nullptr) {
      position = segment.index->FloorPosition(from);
      position = segment.index->FloorOfPosition(position - std::min(position, look_back));
    }
    const std::string path =
        JoinPath(input.directory, SegmentFileName(segment.base_offset, kLogSuffix));
    QALAM_ASSIGN_OR_RETURN(const auto file, fs.Open(path, {}));
    HeaderWalk walk(*file, path, position, segment.size_bytes);
    while (true) {
      QALAM_ASSIGN_OR_RETURN(const auto next, walk.Next());
      if (!next) break;
      if (next->header.base_offset >= from || look_back > 0) state.OnAppended(next->header);
    }
  }
  return OkStatus();
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
      replay.damaged_snapshots.push_back(*it);
      continue;
    }
    replay.state = std::move(state).value();
    replay.snapshot = *it;
    from = *it;
    break;
  }
  if (!input.look_back) {
    QALAM_RETURN_IF_ERROR(Replay(fs, input, from, 0, replay.state));
    return replay;
  }
  // What the batches tell goes before the snapshot where they know a producer: they are newer, or
  // the same and more of them.
  ProducerState seen;
  QALAM_RETURN_IF_ERROR(Replay(fs, input, from, kLookBackBytes, seen));
  replay.state.Overlay(std::move(seen));
  return replay;
}

}  // namespace qalam
