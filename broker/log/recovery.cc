#include "broker/log/recovery.h"

#include <algorithm>
#include <optional>
#include <string>

#include "broker/log/file_names.h"
#include "broker/log/segment.h"
#include "common/check.h"
#include "common/logging.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kReadBytes = std::size_t{4} << 20;
constexpr std::size_t kSnapshotBytesMax = std::size_t{256} << 20;
constexpr std::size_t kIndexBytesMax = std::size_t{64} << 20;

// A window on a file's bytes past the page cache, moved forward as the scan goes on.
class DirectWindow {
 public:
  DirectWindow(FileSystem& fs, std::string path, std::uint64_t size)
      : fs_(fs), path_(std::move(path)), size_(size) {}

  // Bytes [position, position + count), which must lie in the file.
  Result<BytesView> Get(std::uint64_t position, std::size_t count) {
    QALAM_CHECK(position + count <= size_);
    if (position < start_ || position + count > start_ + buffer_.size()) {
      const auto want = static_cast<std::size_t>(
          std::min<std::uint64_t>(size_ - position, std::max(count, kReadBytes)));
      buffer_.resize(want);
      start_ = position;
      QALAM_RETURN_IF_ERROR(fs_.ReadDirect(path_, position, buffer_));
    }
    return BytesView(buffer_).subspan(static_cast<std::size_t>(position - start_), count);
  }
  std::uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  FileSystem& fs_;
  const std::string path_;
  const std::uint64_t size_;
  std::uint64_t start_ = 0;
  Bytes buffer_;
};

// The batch at `position` if one lies there, whole, with a CRC that matches and the magic of ours.
Result<std::optional<BatchHeader>> BatchAt(DirectWindow& window, std::uint64_t position) {
  if (window.size() - position < kBatchHeaderBytes) return std::optional<BatchHeader>();
  QALAM_ASSIGN_OR_RETURN(const BytesView head, window.Get(position, kBatchHeaderBytes));
  const BatchHeader header = BatchHeader::Decode(head);
  const std::int64_t size = header.size_bytes();
  if (header.magic != kBatchMagic || size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
      static_cast<std::uint64_t>(size) > window.size() - position || header.base_offset < 0 ||
      header.last_offset_delta < 0 || header.records_count < 0) {
    return std::optional<BatchHeader>();
  }
  QALAM_ASSIGN_OR_RETURN(const BytesView batch,
                         window.Get(position, static_cast<std::size_t>(size)));
  if (!CheckBatchCrc(batch).ok()) return std::optional<BatchHeader>();
  return std::optional<BatchHeader>(header);
}

class Recovery {
 public:
  Recovery(FileSystem& fs, const LogOptions& options, const DurableCheckpoint& checkpoint)
      : fs_(fs), options_(options) {
    if (checkpoint.last()) point_ = *checkpoint.last();
    has_point_ = checkpoint.last().has_value();
  }

  Result<RecoveredLog> Run(bool clean) {
    QALAM_RETURN_IF_ERROR(ListFiles());
    QALAM_RETURN_IF_ERROR(CheckChain());
    QALAM_ASSIGN_OR_RETURN(log_.epochs, EpochCache::Load(fs_, options_.directory));
    if (clean && has_point_ && Agrees()) {
      QALAM_RETURN_IF_ERROR(TakeClean());
    } else {
      log_.report.recovered = true;
      QALAM_RETURN_IF_ERROR(ScanAll());
    }
    QALAM_RETURN_IF_ERROR(LoadProducers());
    return std::move(log_);
  }

 private:
  struct FoundSegment {
    Offset base = 0;
    std::uint64_t size = 0;
  };

  std::string PathOf(Offset base, std::string_view suffix) const {
    return JoinPath(options_.directory, SegmentFileName(base, suffix));
  }

  Status ListFiles() {
    QALAM_ASSIGN_OR_RETURN(const auto entries, fs_.List(options_.directory));
    for (const DirectoryEntry& entry : entries) {
      if (const auto base = ParseSegmentFileName(entry.name, kLogSuffix)) {
        QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(PathOf(*base, kLogSuffix), {}));
        segments_.push_back({*base, file->size_bytes()});
      } else if (const auto snapshot = ParseSegmentFileName(entry.name, kSnapshotSuffix)) {
        snapshots_.push_back(*snapshot);
      } else if (entry.name.ends_with(".tmp")) {
        QALAM_RETURN_IF_ERROR(fs_.Remove(JoinPath(options_.directory, entry.name)));
      }
    }
    if (segments_.empty()) {
      return Error(ErrorCode::kCorruption,
                   options_.directory + " has no segment; one was there before");
    }
    return OkStatus();
  }

  // Without a checkpoint all of it is above: nothing is known to have been synced.
  Status CheckChain() {
    if (!has_point_) {
      point_.segment_base = segments_.front().base;
      point_.durable_offset = segments_.front().base;
      point_.log_start_offset = segments_.front().base;
      point_.flush_mode = options_.flush_mode;
      point_.group_bytes_max = options_.group_bytes_max;
      return OkStatus();
    }
    const auto holder =
        std::find_if(segments_.begin(), segments_.end(),
                     [&](const FoundSegment& s) { return s.base == point_.segment_base; });
    if (holder == segments_.end()) {
      // Retention may have removed it, with all before, if later ones begin at or behind the
      // durable end.
      if (segments_.front().base >= point_.durable_offset) {
        point_.segment_base = segments_.front().base;
        point_.durable_offset = segments_.front().base;
        point_.position = 0;
        return OkStatus();
      }
      return Error(ErrorCode::kCorruption, options_.directory + ": segment " +
                                               SegmentFileName(point_.segment_base, kLogSuffix) +
                                               " is missing; it had been synced");
    }
    if (holder->size < point_.position) {
      return Error(ErrorCode::kCorruption,
                   PathOf(holder->base, kLogSuffix) + " has " + std::to_string(holder->size) +
                       " bytes, but " + std::to_string(point_.position) + " had been synced");
    }
    return OkStatus();
  }

  bool Agrees() const {
    return segments_.back().base == point_.segment_base && segments_.back().size == point_.position;
  }

  // Sealed segments: where one ends the next begins; whether the bytes agree is checked when they
  // are read.
  void TakeSealed(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      log_.sealed.push_back({segments_[i].base, segments_[i + 1].base, segments_[i].size});
    }
  }

  // Loads the active segment's index as far as it is usable below byte `end`. Returns from where
  // batches are to be added again.
  std::uint64_t LoadIndex(Offset base, std::uint64_t end) {
    auto read = [&](std::string_view suffix) {
      auto content = ReadWholeFile(fs_, PathOf(base, suffix), kIndexBytesMax);
      return content.ok() ? std::move(content).value() : Bytes();
    };
    const Bytes offsets = read(kIndexSuffix);
    const Bytes times = read(kTimeIndexSuffix);
    log_.active_index = std::make_shared<SegmentIndex>(base, options_.index_interval_bytes);
    const auto reached = log_.active_index->Load(offsets, times, end);
    if (reached && *reached > 0) return *reached;
    if (end > options_.index_interval_bytes) ++log_.report.indexes_rebuilt;
    log_.active_index = std::make_shared<SegmentIndex>(base, options_.index_interval_bytes);
    return 0;
  }

  Status TakeClean() {
    TakeSealed(segments_.size() - 1);
    log_.active_base = segments_.back().base;
    log_.active_bytes = segments_.back().size;
    log_.end_offset = point_.durable_offset;
    log_.log_start_offset = std::max(point_.log_start_offset, segments_.front().base);
    const std::uint64_t from = LoadIndex(log_.active_base, log_.active_bytes);
    return IndexAgain(from, log_.active_bytes);
  }

  // Adds the batches of [position, end) of the active segment, all known to be there, to the index.
  Status IndexAgain(std::uint64_t position, std::uint64_t end) {
    const std::string path = PathOf(log_.active_base, kLogSuffix);
    QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(path, {}));
    BatchHeaderBytes bytes{};
    while (position < end) {
      if (end - position < kBatchHeaderBytes) return Rot(path, position);
      QALAM_RETURN_IF_ERROR(file->ReadAt(position, bytes));
      const BatchHeader header = BatchHeader::Decode(bytes);
      const std::int64_t size = header.size_bytes();
      if (header.magic != kBatchMagic || size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
          static_cast<std::uint64_t>(size) > end - position) {
        return Rot(path, position);
      }
      if (position == 0) log_.active_first_timestamp = header.max_timestamp;
      log_.active_index->Add(header, position);
      position += static_cast<std::uint64_t>(size);
    }
    return OkStatus();
  }

  static Error Rot(const std::string& path, std::uint64_t position) {
    return Error(ErrorCode::kCorruption, path + " at byte " + std::to_string(position) +
                                             ": what had been synced is not there any more")
        .With("file", path)
        .With("position", static_cast<std::int64_t>(position));
  }

  // Scans from the checkpoint through every later segment.
  Status ScanAll() {
    std::size_t at = 0;
    while (segments_[at].base != point_.segment_base) ++at;
    Offset expected = point_.durable_offset;
    Epoch epoch = kNoEpoch;
    std::uint64_t position = point_.position;
    while (true) {
      const bool last = at + 1 == segments_.size();
      DirectWindow window(fs_, PathOf(segments_[at].base, kLogSuffix), segments_[at].size);
      if (segments_[at].base != expected && position == 0 && at > 0) return Gap(at, expected);
      const std::uint64_t begun = position;
      QALAM_RETURN_IF_ERROR(ScanBatches(window, &position, &expected, &epoch));
      log_.report.scanned_bytes += position - begun;
      const bool whole = position == window.size();
      if (whole && !last && segments_[at + 1].base == expected) {
        ++at;
        position = 0;
        continue;
      }
      // The log ends here, unless something proves that it went on.
      QALAM_RETURN_IF_ERROR(JudgeRest(window, at, position, expected));
      QALAM_RETURN_IF_ERROR(CutAt(at, position));
      break;
    }
    TakeSealed(at);
    log_.active_base = segments_[at].base;
    log_.active_bytes = position;
    log_.end_offset = expected;
    log_.log_start_offset =
        std::min(expected, std::max(point_.log_start_offset, segments_.front().base));
    log_.epochs.TruncateFromEnd(expected);
    const std::uint64_t from = LoadIndex(log_.active_base, position);
    return IndexAgain(from, position);
  }

  Error Gap(std::size_t at, Offset expected) const {
    return Error(ErrorCode::kCorruption,
                 options_.directory + ": the log reaches offset " + std::to_string(expected) +
                     ", but the next segment begins at " + std::to_string(segments_[at].base));
  }

  // Moves on over good batches; stops at the first that is not.
  static Status ScanBatches(DirectWindow& window, std::uint64_t* position, Offset* expected,
                            Epoch* epoch) {
    while (*position < window.size()) {
      QALAM_ASSIGN_OR_RETURN(const auto batch, BatchAt(window, *position));
      if (!batch || batch->base_offset != *expected || batch->leader_epoch < *epoch) break;
      *position += static_cast<std::uint64_t>(batch->size_bytes());
      *expected = batch->next_offset();
      *epoch = batch->leader_epoch;
    }
    return OkStatus();
  }

  // Torn or rotten? Rot is proved by a valid batch that can only have been written after what is
  // missing had been synced.
  Status JudgeRest(DirectWindow& window, std::size_t at, std::uint64_t bad, Offset expected) {
    if (point_.flush_mode != FlushMode::kFsync) return OkStatus();
    const std::uint64_t torn_end = bad + point_.group_bytes_max;
    QALAM_ASSIGN_OR_RETURN(const auto island, FindBatch(window, torn_end, expected));
    if (island) return Island(window.path(), bad, window.path(), *island);
    for (std::size_t later = at + 1; later < segments_.size(); ++later) {
      DirectWindow rest(fs_, PathOf(segments_[later].base, kLogSuffix), segments_[later].size);
      QALAM_ASSIGN_OR_RETURN(const auto found, FindBatch(rest, 0, expected));
      if (found) return Island(window.path(), bad, rest.path(), *found);
    }
    return OkStatus();
  }

  static Error Island(const std::string& path, std::uint64_t bad, const std::string& where,
                      std::uint64_t position) {
    return Error(ErrorCode::kCorruption,
                 path + " at byte " + std::to_string(bad) +
                     ": damaged, and not by a torn write: a good batch follows in " + where +
                     " at byte " + std::to_string(position))
        .With("file", path)
        .With("position", static_cast<std::int64_t>(bad));
  }

  // Position of the first good batch of this log at or behind `position`.
  Result<std::optional<std::uint64_t>> FindBatch(DirectWindow& window, std::uint64_t position,
                                                 Offset expected) {
    constexpr std::size_t kMagicAt = 16;
    while (position + kBatchHeaderBytes <= window.size()) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, window.size() - position));
      QALAM_ASSIGN_OR_RETURN(const BytesView view, window.Get(position, count));
      // A copy: BatchAt moves the window.
      const Bytes bytes(view.begin(), view.end());
      for (std::size_t i = 0; i + kBatchHeaderBytes <= bytes.size(); ++i) {
        if (bytes[i + kMagicAt] != std::byte{kBatchMagic}) continue;
        const BatchHeader header = BatchHeader::Decode(BytesView(bytes).subspan(i));
        if (header.base_offset <= expected || header.size_bytes() < std::int64_t{kBatchHeaderBytes})
          continue;
        QALAM_ASSIGN_OR_RETURN(const auto batch, BatchAt(window, position + i));
        if (batch) return std::optional<std::uint64_t>(position + i);
      }
      if (count < kReadBytes) break;
      position += count - kBatchHeaderBytes;
    }
    return std::optional<std::uint64_t>();
  }

  // Makes `position` of segment `at` the durable end of the log.
  Status CutAt(std::size_t at, std::uint64_t position) {
    QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(PathOf(segments_[at].base, kLogSuffix),
                                                     {.mode = OpenOptions::Mode::kReadWrite}));
    if (segments_[at].size > position) {
      log_.report.torn_bytes_cut += segments_[at].size - position;
      QALAM_RETURN_IF_ERROR(file->Truncate(position));
    }
    // Also where nothing was cut: what we have just read must be durable before it is served.
    QALAM_RETURN_IF_ERROR(file->Sync());
    bool moved = false;
    for (std::size_t later = at + 1; later < segments_.size(); ++later) {
      for (const std::string_view suffix :
           {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kCrcSuffix}) {
        const std::string path = PathOf(segments_[later].base, suffix);
        QALAM_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(path));
        if (!exists) continue;
        QALAM_RETURN_IF_ERROR(fs_.Rename(path, path + std::string(kAsideSuffix)));
        moved = true;
      }
      log_.report.notes.push_back(SegmentFileName(segments_[later].base, kLogSuffix) +
                                  " lies behind the end of the log and was moved aside");
    }
    if (moved) QALAM_RETURN_IF_ERROR(fs_.SyncDirectory(options_.directory));
    segments_.resize(at + 1);
    return OkStatus();
  }

  // The newest good snapshot, then the batches behind it.
  Status LoadProducers() {
    std::sort(snapshots_.begin(), snapshots_.end());
    Offset from = log_.log_start_offset;
    while (!snapshots_.empty()) {
      const Offset offset = snapshots_.back();
      snapshots_.pop_back();
      if (offset > log_.end_offset || offset < log_.log_start_offset) continue;
      const auto bytes = ReadWholeFile(fs_, PathOf(offset, kSnapshotSuffix), kSnapshotBytesMax);
      if (!bytes.ok()) continue;
      auto state = ProducerState::DecodeSnapshot(bytes.value());
      if (!state.ok()) {
        log_.report.notes.push_back(SegmentFileName(offset, kSnapshotSuffix) +
                                    " is damaged, the one before is used");
        continue;
      }
      log_.producers = std::move(state).value();
      from = offset;
      break;
    }
    return Replay(from);
  }

  Status Replay(Offset from) {
    for (const auto& sealed : log_.sealed) {
      if (sealed.end_offset <= from) continue;
      QALAM_RETURN_IF_ERROR(ReplaySegment(sealed.base_offset, 0, sealed.size_bytes, from));
    }
    if (log_.end_offset <= from) return OkStatus();
    return ReplaySegment(log_.active_base, log_.active_index->FloorPosition(from),
                         log_.active_bytes, from);
  }

  Status ReplaySegment(Offset base, std::uint64_t position, std::uint64_t end, Offset from) {
    const std::string path = PathOf(base, kLogSuffix);
    QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(path, {}));
    BatchHeaderBytes bytes{};
    while (position + kBatchHeaderBytes <= end) {
      QALAM_RETURN_IF_ERROR(file->ReadAt(position, bytes));
      const BatchHeader header = BatchHeader::Decode(bytes);
      if (header.size_bytes() < std::int64_t{kBatchHeaderBytes}) return Rot(path, position);
      if (header.base_offset >= from) log_.producers.OnAppended(header);
      position += static_cast<std::uint64_t>(header.size_bytes());
    }
    return OkStatus();
  }

  FileSystem& fs_;
  const LogOptions& options_;
  DurablePoint point_;
  bool has_point_ = false;
  std::vector<FoundSegment> segments_;
  std::vector<Offset> snapshots_;
  RecoveredLog log_;
};

}  // namespace

Result<RecoveredLog> RecoverLog(FileSystem& fs, const LogOptions& options,
                                const DurableCheckpoint& checkpoint, bool clean) {
  return Recovery(fs, options, checkpoint).Run(clean);
}

}  // namespace qalam
