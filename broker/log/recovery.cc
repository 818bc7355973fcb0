#include "broker/log/recovery.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "broker/log/file_names.h"
#include "broker/log/header_walk.h"
#include "broker/log/index_files.h"
#include "broker/log/log_directory.h"
#include "broker/log/log_errors.h"
#include "broker/log/producer_replay.h"
#include "broker/log/tail_scan.h"
#include "common/check.h"
#include "common/mutant.h"

namespace qalam {
namespace {

constexpr std::uint64_t kDigestBytesMax = std::uint64_t{256} << 20;  // More costs too slow a start.

class Recovery {
 public:
  Recovery(FileSystem& fs, const LogOptions& options, const DurableCheckpoint& checkpoint)
      : fs_(fs), options_(options), checkpoint_(checkpoint) {}

  Result<RecoveredLog> Run(bool clean) {
    if (!checkpoint_.last()) {
      return Error(ErrorCode::kCorruption,
                   PathOf(kDurableCheckpointName) +
                       " is missing or damaged: nobody can tell what had been synced");
    }
    point_ = *checkpoint_.last();
    stopped_cleanly_ = clean;
    QALAM_ASSIGN_OR_RETURN(found_, LogDirectory::List(fs_, options_.directory));
    SetLeftoversApart();
    QALAM_RETURN_IF_ERROR(CheckChain());
    QALAM_RETURN_IF_ERROR(LoadEpochs());
    clean = clean && !epochs_unknown_ && !checkpoint_.slot_damaged() && Agrees();
    if (clean) {
      TakeClean();
    } else {
      log_.report.recovered = true;
      QALAM_RETURN_IF_ERROR(ScanAndCut());
    }
    QALAM_RETURN_IF_ERROR(LoadActive());
    QALAM_RETURN_IF_ERROR(LoadProducers());
    QALAM_RETURN_IF_ERROR(TidyUp());
    return std::move(log_);
  }

 private:
  std::string PathOf(std::string_view name) const { return JoinPath(options_.directory, name); }
  std::string PathOf(Offset base, std::string_view suffix) const {
    return PathOf(SegmentFileName(base, suffix));
  }

  // Segments below the first that counts: their removal was interrupted.
  void SetLeftoversApart() {
    const auto first = std::find_if(
        found_.segments.begin(), found_.segments.end(),
        [&](const auto& segment) { return segment.base_offset >= point_.first_segment_base; });
    leftovers_.assign(found_.segments.begin(), first);
    found_.segments.erase(found_.segments.begin(), first);
  }

  // Every segment that had been synced is there, and as long as it had been.
  Status CheckChain() const {
    const auto& segments = found_.segments;
    const auto holder = std::find_if(segments.begin(), segments.end(), [&](const auto& segment) {
      return segment.base_offset == point_.segment_base;
    });
    const auto missing = [&](Offset base) {
      return Error(ErrorCode::kCorruption, PathOf(base, kLogSuffix) +
                                               " is missing, though it had been synced; nothing "
                                               "was changed");
    };
    if (holder == segments.end()) return missing(point_.segment_base);
    if (segments.front().base_offset != point_.first_segment_base) {
      return missing(point_.first_segment_base);
    }
    const auto count = static_cast<std::size_t>(holder - segments.begin()) + 1;
    if (count < point_.segments_count) return missing(FirstGap());
    if (count > point_.segments_count) {
      return Error(ErrorCode::kCorruption,
                   options_.directory + " holds " + std::to_string(count) +
                       " segments up to the durable checkpoint, which knows of " +
                       std::to_string(point_.segments_count) + "; nothing was changed");
    }
    if (holder->size_bytes < point_.position) {
      return CorruptionAt(
          PathOf(holder->base_offset, kLogSuffix), holder->size_bytes,
          "the file ends here, but " + std::to_string(point_.position) + " bytes had been synced");
    }
    return OkStatus();
  }

  // A segment is missing: where the chain breaks first, as its headers tell.
  Offset FirstGap() const {
    for (std::size_t i = 0; i + 1 < found_.segments.size(); ++i) {
      const Offset end = EndOf(found_.segments[i]);
      if (end != found_.segments[i + 1].base_offset) return end;
    }
    return point_.segment_base;
  }

  Offset EndOf(const LogDirectory::Segment& segment) const {
    const std::string path = PathOf(segment.base_offset, kLogSuffix);
    Offset end = segment.base_offset;
    const auto file = fs_.Open(path, {});
    if (!file.ok()) return end;
    HeaderWalk walk(**file, path, 0, segment.size_bytes);
    while (true) {
      const auto next = walk.Next();
      if (!next.ok() || !*next) return end;
      end = (*next)->header.next_offset();
    }
  }

  // The file, or what the batches say. Those above the checkpoint add theirs during the scan.
  Status LoadEpochs() {
    auto loaded = EpochCache::Load(fs_, options_.directory);
    if (loaded.ok()) {
      log_.epochs = std::move(loaded).value();
      // No entry is right only as long as there is no batch.
      epochs_unknown_ = log_.epochs.entries().empty() && HasBatches();
    } else if (loaded.error().code() == ErrorCode::kCorruption ||
               loaded.error().code() == ErrorCode::kOutOfRange) {
      epochs_unknown_ = true;
    } else {
      return std::move(loaded).error();
    }
    if (!epochs_unknown_) return OkStatus();
    log_.report.notes.push_back(std::string(kEpochCheckpointName) +
                                " is missing or damaged and was made again from the log");
    log_.epochs = EpochCache();
    for (const auto& segment : found_.segments) {
      if (segment.base_offset > point_.segment_base) break;
      const bool holder = segment.base_offset == point_.segment_base;
      const std::string path = PathOf(segment.base_offset, kLogSuffix);
      QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(path, {}));
      HeaderWalk walk(*file, path, 0, holder ? point_.position : segment.size_bytes);
      while (true) {
        QALAM_ASSIGN_OR_RETURN(const auto next, walk.Next());
        if (!next) break;
        log_.epochs.Assign(next->header.leader_epoch, next->header.base_offset);
      }
    }
    return OkStatus();
  }

  bool HasBatches() const {
    return std::any_of(found_.segments.begin(), found_.segments.end(),
                       [](const auto& segment) { return segment.size_bytes > 0; });
  }

  bool Agrees() const {
    const auto& last = found_.segments.back();
    return last.base_offset == point_.segment_base && last.size_bytes == point_.position;
  }

  void TakeClean() {
    active_place_ = found_.segments.size() - 1;
    log_.active_bytes = found_.segments.back().size_bytes;
    log_.end_offset = point_.durable_offset;
  }

  Status ScanAndCut() {
    TailScanInput input{options_.directory, point_, checkpoint_.slot_damaged(), found_.segments};
    if (MutantIs(Mutant::kTruncateOnRot)) {  // From the segment's beginning.
      input.point.durable_offset = point_.segment_base;
      input.point.position = 0;
    }
    QALAM_ASSIGN_OR_RETURN(const TailScan scan, ScanTail(fs_, input, epochs_unknown_, log_.epochs));
    const TailScan::Segment& last = scan.segments.back();
    if (stopped_cleanly_ && checkpoint_.slot_damaged() && last.has_zeros) {
      return CorruptionAt(PathOf(found_.segments[last.place].base_offset, kLogSuffix), last.end,
                          "zeros follow, which a clean stop never leaves, and the durable "
                          "checkpoint that could tell what they were is damaged");
    }
    log_.report.scanned_bytes = scan.scanned_bytes;
    log_.report.torn_bytes_cut = scan.torn_bytes;
    for (std::size_t i = 0; i < scan.segments.size(); ++i) {
      QALAM_RETURN_IF_ERROR(Settle(scan.segments[i], i + 1 == scan.segments.size()));
    }
    active_place_ = scan.segments.back().place;
    log_.active_bytes = scan.segments.back().end;
    log_.end_offset = scan.end_offset;
    log_.epochs.TruncateFromEnd(log_.end_offset);
    if (epochs_unknown_) QALAM_RETURN_IF_ERROR(log_.epochs.Save(fs_, options_.directory));
    QALAM_RETURN_IF_ERROR(MoveLaterAside());
    return SealAgain(scan);
  }

  // What was read is made durable before it is believed; an empty finding too, since it may be what
  // a recovery cut that was killed before its sync. Zeros behind the active segment's end are
  // prepared space and may stay; with buffered writes, which prepare none, the page cache may still
  // show there what a failed sync lost.
  Status Settle(const TailScan::Segment& scanned, bool active) {
    auto& segment = found_.segments[scanned.place];
    const std::string path = PathOf(segment.base_offset, kLogSuffix);
    const bool prepared = active && options_.direct_alignment > 0;
    const bool cut = scanned.has_more || (scanned.has_zeros && !prepared);
    QALAM_ASSIGN_OR_RETURN(const auto file,
                           fs_.Open(path, {.mode = OpenOptions::Mode::kReadWrite}));
    if (cut) {
      QALAM_RETURN_IF_ERROR(file->Truncate(scanned.end));
      segment.size_bytes = scanned.end;
    }
    const Status synced = file->Sync();
    return synced.ok() ? synced : SyncFailed(path, synced.error());
  }

  // Logs behind the end: kept, under another name.
  Status MoveLaterAside() {
    for (std::size_t i = active_place_ + 1; i < found_.segments.size(); ++i) {
      const Offset base = found_.segments[i].base_offset;
      const std::string path = PathOf(base, kLogSuffix);
      QALAM_RETURN_IF_ERROR(fs_.Rename(path, path + std::string(kAsideSuffix)));
      renamed_ = true;
      log_.report.notes.push_back(SegmentFileName(base, kLogSuffix) +
                                  " lies behind the end of the log and was moved aside");
    }
    found_.segments.resize(active_place_ + 1);
    return OkStatus();
  }

  // Segments that a crash caught between their last batch and their indexes.
  Status SealAgain(const TailScan& scan) {
    for (const TailScan::Segment& scanned : scan.segments) {
      if (scanned.place >= active_place_) continue;
      const auto& segment = found_.segments[scanned.place];
      QALAM_ASSIGN_OR_RETURN(const auto file,
                             fs_.Open(PathOf(segment.base_offset, kLogSuffix), {}));
      QALAM_ASSIGN_OR_RETURN(LoadedIndex loaded,
                             LoadIndex(fs_, options_.directory, segment.base_offset,
                                       options_.index_interval_bytes, *file, segment.size_bytes));
      loaded.index->Finish();
      const SegmentCrc& vouched = loaded.vouched;
      // A checkpoint may have written all of it down, but for the last entry.
      if (vouched.log.size_bytes == segment.size_bytes && !loaded.rebuilt &&
          vouched.offset_index == loaded.index->offsets_digest() &&
          vouched.time_index == loaded.index->times_digest()) {
        continue;
      }
      SegmentCrc sidecar{loaded.vouched.log, loaded.index->offsets_digest(),
                         loaded.index->times_digest()};
      QALAM_RETURN_IF_ERROR(ExtendFromFile(*file, segment.size_bytes, sidecar.log));
      ++log_.report.indexes_rebuilt;
      QALAM_RETURN_IF_ERROR(
          WriteDerived(segment.base_offset, kIndexSuffix, loaded.index->EncodeOffsets()));
      QALAM_RETURN_IF_ERROR(
          WriteDerived(segment.base_offset, kTimeIndexSuffix, loaded.index->EncodeTimes()));
      QALAM_RETURN_IF_ERROR(WriteDerived(segment.base_offset, kCrcSuffix, sidecar.Encode()));
    }
    return OkStatus();
  }

  Status WriteDerived(Offset base, std::string_view suffix, const Bytes& bytes) {
    QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(PathOf(base, suffix),
                                                     {.mode = OpenOptions::Mode::kOpenOrCreate}));
    QALAM_RETURN_IF_ERROR(file->Truncate(0));
    const std::array<BytesView, 1> parts = {BytesView(bytes)};
    QALAM_RETURN_IF_ERROR(file->WriteAt(0, parts));
    return file->Sync();
  }

  // The index and the digest of the active segment, and where the sealed ones end.
  Status LoadActive() {
    const auto& segments = found_.segments;
    for (std::size_t i = 0; i < active_place_; ++i) {
      log_.sealed.push_back(
          {segments[i].base_offset, segments[i + 1].base_offset, segments[i].size_bytes});
    }
    log_.active_base = segments[active_place_].base_offset;
    log_.log_start_offset =
        std::min(log_.end_offset, std::max(point_.log_start_offset, segments.front().base_offset));
    const std::string path = PathOf(log_.active_base, kLogSuffix);
    QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(path, {}));
    QALAM_ASSIGN_OR_RETURN(LoadedIndex loaded,
                           LoadIndex(fs_, options_.directory, log_.active_base,
                                     options_.index_interval_bytes, *file, log_.active_bytes));
    if (!loaded.complete) {
      // Above the checkpoint it was checked; so this lies below.
      HeaderWalk walk(*file, path, 0, log_.active_bytes);
      while (true) {
        QALAM_ASSIGN_OR_RETURN(const auto next, walk.Next());
        QALAM_CHECK(next.has_value());
      }
    }
    if (loaded.rebuilt) ++log_.report.indexes_rebuilt;
    log_.active_index = std::move(loaded.index);
    if (log_.active_bytes > 0) {
      HeaderWalk walk(*file, path, 0, log_.active_bytes);
      QALAM_ASSIGN_OR_RETURN(const auto first, walk.Next());
      log_.active_first_timestamp = first->header.max_timestamp;
    }
    if (log_.active_bytes - loaded.vouched.log.size_bytes > kDigestBytesMax) return OkStatus();
    QALAM_RETURN_IF_ERROR(ExtendFromFile(*file, log_.active_bytes, loaded.vouched.log));
    log_.active_digest = loaded.vouched.log;
    return OkStatus();
  }

  Status LoadProducers() {
    if (MutantIs(Mutant::kForgetProducers)) return OkStatus();
    ProducerReplay::Input input;
    input.directory = options_.directory;
    input.snapshots = &found_.snapshots;
    for (const auto& sealed : log_.sealed) {
      input.segments.push_back({sealed.base_offset, sealed.size_bytes, nullptr});
    }
    input.segments.push_back({log_.active_base, log_.active_bytes, log_.active_index.get()});
    input.end_offset = log_.end_offset;
    input.verified_from = log_.report.recovered ? point_.durable_offset : log_.end_offset;
    input.look_back = log_.report.recovered;
    QALAM_ASSIGN_OR_RETURN(ProducerReplay replay, ProducerReplay::Run(fs_, input));
    log_.producers = std::move(replay.state);
    for (const Offset damaged : replay.damaged_snapshots) {
      log_.report.notes.push_back(SegmentFileName(damaged, kSnapshotSuffix) +
                                  " is damaged; the one before was used");
    }
    damaged_snapshots_ = std::move(replay.damaged_snapshots);
    used_snapshot_ = replay.snapshot;
    return OkStatus();
  }

  // Gives up what is out of date, so that nobody takes it for true later. Only derived files, and
  // segments that had been removed.
  Status TidyUp() {
    for (const std::string& name : found_.temporary)
      QALAM_RETURN_IF_ERROR(fs_.Remove(PathOf(name)));
    for (const std::string& name : found_.deletable) log_.deletable.push_back(PathOf(name));
    for (const auto& segment : leftovers_) {
      QALAM_RETURN_IF_ERROR(GiveUp(SegmentFileName(segment.base_offset, kLogSuffix)));
    }
    for (const auto& derived : found_.derived) {
      if (!IsBase(derived.base_offset)) QALAM_RETURN_IF_ERROR(GiveUp(derived.name));
    }
    for (const Offset snapshot : found_.snapshots) {
      const bool damaged = std::find(damaged_snapshots_.begin(), damaged_snapshots_.end(),
                                     snapshot) != damaged_snapshots_.end();
      if (snapshot <= log_.end_offset && IsBase(snapshot) && !damaged) continue;
      if (snapshot == used_snapshot_) {
        log_.loose_snapshot = snapshot;
        continue;
      }
      QALAM_RETURN_IF_ERROR(GiveUp(SegmentFileName(snapshot, kSnapshotSuffix)));
    }
    for (const std::string& name : found_.strays) {
      log_.report.notes.push_back(name + " does not belong here and was left alone");
    }
    if (checkpoint_.slot_damaged()) {
      log_.report.notes.push_back(std::string(kDurableCheckpointName) +
                                  " has a damaged slot; the other one was used");
    }
    return renamed_ ? fs_.SyncDirectory(options_.directory) : OkStatus();
  }

  bool IsBase(Offset base) const {
    return std::any_of(found_.segments.begin(), found_.segments.end(),
                       [&](const auto& segment) { return segment.base_offset == base; });
  }

  Status GiveUp(const std::string& name) {
    const std::string path = PathOf(name);
    const std::string gone = path + std::string(kDeletedSuffix);
    QALAM_RETURN_IF_ERROR(fs_.Rename(path, gone));
    log_.deletable.push_back(gone);
    renamed_ = true;
    return OkStatus();
  }

  FileSystem& fs_;
  const LogOptions& options_;
  const DurableCheckpoint& checkpoint_;
  DurablePoint point_;
  LogDirectory found_;
  std::vector<LogDirectory::Segment> leftovers_;
  bool epochs_unknown_ = false;
  std::size_t active_place_ = 0;  // In found_.segments.
  bool stopped_cleanly_ = false;
  Offset used_snapshot_ = kNoOffset;
  std::vector<Offset> damaged_snapshots_;
  bool renamed_ = false;
  RecoveredLog log_;
};

}  // namespace

Result<RecoveredLog> RecoverLog(FileSystem& fs, const LogOptions& options,
                                const DurableCheckpoint& checkpoint, bool clean) {
  return Recovery(fs, options, checkpoint).Run(clean);
}

}  // namespace qalam
