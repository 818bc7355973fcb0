#include "broker/log/segment.h"

#include <algorithm>

#include "broker/log/file_names.h"
#include "broker/log/index_files.h"
#include "broker/log/log_errors.h"
#include "common/mutant.h"
#include "common/record/batch_header.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

// Read beyond what was asked for, so that the last batch is usually whole.
constexpr std::size_t kReadAheadBytes = std::size_t{64} << 10;
constexpr std::size_t kReadBytesMax = std::size_t{16} << 20;      // But for one larger batch.
constexpr std::int64_t kBatchBytesMax = std::int64_t{256} << 20;  // No group may be larger.

std::string AtOffset(Offset found, Offset wanted) {
  return "base offset " + std::to_string(found) + " where " + std::to_string(wanted) + " belongs";
}

}  // namespace

Segment::Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
                 Offset base_offset, std::uint32_t index_interval_bytes, std::uint64_t size_bytes)
    : fs_(fs),
      cache_(std::move(cache)),
      directory_(std::move(directory)),
      base_offset_(base_offset),
      index_interval_bytes_(index_interval_bytes),
      sealed_bytes_(size_bytes) {}

Segment::Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
                 Offset base_offset, std::uint32_t index_interval_bytes, OpenSegment open)
    : Segment(fs, std::move(cache), std::move(directory), base_offset, index_interval_bytes, 0) {
  MutexLock lock(mutex_);
  kept_ = std::make_shared<const OpenSegment>(std::move(open));
}

std::string Segment::Path(std::string_view suffix) const {
  return JoinPath(directory_, SegmentFileName(base_offset_, suffix));
}

void Segment::Seal(std::uint64_t size_bytes) {
  MutexLock lock(mutex_);
  sealed_bytes_ = size_bytes;
  cache_->Keep(kept_);
  sealed_ = kept_;
  largest_timestamp_ = kept_->index->largest_timestamp();
  kept_.reset();
}

void Segment::Retire() {
  auto open = Open();
  MutexLock lock(mutex_);
  retired_ = true;
  if (!open.ok()) return;
  kept_ = std::move(open).value();
  cache_->Drop(kept_.get());
}

Segment::~Segment() {
  if (const auto open = sealed_.lock()) cache_->Drop(open.get());
}

Result<std::shared_ptr<const OpenSegment>> Segment::Open() const {
  MutexLock lock(mutex_);
  if (kept_) return kept_;
  if (auto open = sealed_.lock()) {
    cache_->Keep(open);
    return open;
  }
  if (retired_) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 Path(kLogSuffix) + " was removed by retention and is closed");
  }
  QALAM_ASSIGN_OR_RETURN(auto file, fs_.Open(Path(kLogSuffix), {.mode = OpenOptions::Mode::kRead}));
  QALAM_ASSIGN_OR_RETURN(
      LoadedIndex loaded,
      LoadIndex(fs_, directory_, base_offset_, index_interval_bytes_, *file, sealed_bytes_));
  if (loaded.complete) largest_timestamp_ = loaded.index->largest_timestamp();
  auto open = std::make_shared<const OpenSegment>(
      OpenSegment{std::move(file), std::move(loaded.index), loaded.complete});
  sealed_ = open;
  cache_->Keep(open);
  return std::shared_ptr<const OpenSegment>(std::move(open));
}

Result<TimestampMs> Segment::LargestTimestamp() const {
  {
    MutexLock lock(mutex_);
    if (largest_timestamp_) return *largest_timestamp_;
  }
  QALAM_ASSIGN_OR_RETURN(const auto open, Open());
  if (open->index_complete) return open->index->largest_timestamp();
  return Error(ErrorCode::kCorruption, Path(kLogSuffix) + " is damaged");
}

Status CheckStoredBatch(BytesView batch, const BatchHeader& header, const EpochCache& epochs,
                        const BatchPlace& place) {
  if (place.base_offset >= 0 && header.base_offset != place.base_offset) {
    return CorruptionAt(place.path, place.position,
                        AtOffset(header.base_offset, place.base_offset));
  }
  if (!header.offsets_are_sound() || header.records_count < 0) {
    return CorruptionAt(place.path, place.position, "offsets or counts that can't be");
  }
  if (!epochs.Agrees(header.last_offset(), header.leader_epoch)) {
    return CorruptionAt(place.path, place.position,
                        "leader epoch " + std::to_string(header.leader_epoch) + ", but " +
                            std::string(kEpochCheckpointName) + " says " +
                            std::to_string(epochs.EpochOf(header.last_offset())));
  }
  if (!CheckBatchCrc(batch).ok()) {
    return CorruptionAt(place.path, place.position, "the CRC does not match");
  }
  return OkStatus();
}

namespace {

// One look at a stretch of a segment that was read into memory: which batches of it to return.
class Stretch {
 public:
  Stretch(const Segment::ReadRange& range, const EpochCache& epochs, const std::string& path,
          std::uint64_t position, BytesView bytes)
      : range_(range), epochs_(epochs), path_(path), position_(position), bytes_(bytes) {}

  // `expected`, `expected_last`: base and last offset of the first batch; -1: not known.
  Status Look(Offset expected, Offset expected_last) {
    if (MutantIs(Mutant::kTrustIndex)) expected = expected_last = kNoOffset;
    while (bytes_.size() - at_ >= kBatchHeaderBytes) {
      const BatchHeader header = BatchHeader::Decode(bytes_.subspan(at_));
      const std::int64_t size = header.size_bytes();
      const BatchPlace place{expected, path_, position_ + at_};
      Status good = OkStatus();
      if (header.magic != kBatchMagic || size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
          size > kBatchBytesMax ||
          static_cast<std::uint64_t>(size) > range_.end_position - place.position) {
        good = CorruptionAt(path_, place.position, "no batch begins here");
      } else if (!header.offsets_are_sound()) {
        good = CorruptionAt(path_, place.position, "offsets that can't be");
      } else if (expected >= 0 && header.base_offset != expected) {
        good = CorruptionAt(path_, place.position, AtOffset(header.base_offset, expected));
      } else if (expected_last >= 0 && header.last_offset() != expected_last) {
        good = CorruptionAt(path_, place.position, "not the batch that the index says is here");
      }
      if (!good.ok()) return HaveSome() ? OkStatus() : good;  // The next read meets it.
      if (header.base_offset >= range_.until) {
        done_ = true;
        return OkStatus();
      }
      const auto batch_bytes = static_cast<std::size_t>(size);
      if (batch_bytes > bytes_.size() - at_) {
        needed_ = batch_bytes;
        return OkStatus();
      }
      if (header.last_offset() >= range_.from) {
        if (HaveSome() && at_ - first_ + batch_bytes > range_.bytes_max) return OkStatus();
        good = CheckStoredBatch(bytes_.subspan(at_, batch_bytes), header, epochs_, place);
        if (!good.ok()) return HaveSome() ? OkStatus() : good;
        if (!HaveSome()) first_ = at_;
        next_offset_ = header.next_offset();
      }
      expected = header.next_offset();
      expected_last = kNoOffset;
      expected_ = expected;
      at_ += batch_bytes;
    }
    return OkStatus();
  }
  bool HaveSome() const { return next_offset_ >= 0; }
  bool done() const { return done_; }                  // `until` was reached.
  std::size_t needed() const { return needed_; }       // Of the batch that is not whole here.
  std::size_t looked_at() const { return at_; }        // Bytes of whole batches.
  Offset expected() const { return expected_; }        // Base offset of the batch behind them.
  Offset next_offset() const { return next_offset_; }  // Behind what is returned.
  BytesView found() const { return bytes_.subspan(first_, at_ - first_); }

 private:
  const Segment::ReadRange& range_;
  const EpochCache& epochs_;
  const std::string& path_;
  const std::uint64_t position_;
  const BytesView bytes_;
  std::size_t at_ = 0;
  std::size_t first_ = 0;
  std::size_t needed_ = 0;
  bool done_ = false;
  Offset expected_ = kNoOffset;
  Offset next_offset_ = kNoOffset;
};

}  // namespace

Result<LogRead> Segment::Read(const ReadRange& range, const EpochCache& epochs) const {
  QALAM_ASSIGN_OR_RETURN(const auto open, Open());
  const std::string path = Path(kLogSuffix);
  const SegmentIndex::Floor floor = open->index->FloorOf(range.from);
  std::uint64_t position = floor.position;
  Offset expected = position == 0 ? base_offset_ : kNoOffset;
  Offset expected_last = floor.last_offset;
  std::size_t want = std::min(range.bytes_max, kReadBytesMax) + kReadAheadBytes;
  LogRead read;
  read.next_offset = range.from;
  while (position < range.end_position) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(want, range.end_position - position));
    if (size < kBatchHeaderBytes) return CorruptionAt(path, position, "no batch begins here");
    const auto buffer = std::make_shared_for_overwrite<std::byte[]>(size);
    const std::span<std::byte> bytes(buffer.get(), size);
    QALAM_RETURN_IF_ERROR(open->file->ReadAt(position, bytes));
    Stretch stretch(range, epochs, path, position, bytes);
    QALAM_RETURN_IF_ERROR(stretch.Look(expected, expected_last));
    if (stretch.HaveSome()) {
      read.next_offset = stretch.next_offset();
      read.size_bytes = stretch.found().size();
      read.batches.emplace_back(buffer, stretch.found());
      return read;
    }
    if (stretch.done()) return read;
    if (stretch.looked_at() > 0) {
      expected = stretch.expected();
      expected_last = kNoOffset;
    }
    position += stretch.looked_at();
    want = std::max(want, stretch.needed());
  }
  return read;
}

}  // namespace qalam
