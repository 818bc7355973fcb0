#include "broker/log/segment.h"

#include <algorithm>

#include "broker/log/file_names.h"
#include "common/record/batch_header.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kScanBytes = std::size_t{64} << 10;
constexpr std::size_t kIndexBytesMax = std::size_t{64} << 20;

Error Rot(const std::string& path, std::uint64_t position, const std::string& what) {
  return Error(ErrorCode::kCorruption, path + " at byte " + std::to_string(position) + ": " + what)
      .With("file", path)
      .With("position", static_cast<std::int64_t>(position));
}

Bytes ReadIndexFile(FileSystem& fs, const std::string& path) {
  auto content = ReadWholeFile(fs, path, kIndexBytesMax);
  return content.ok() ? std::move(content).value() : Bytes();
}

// Adds every batch of [position, end) by its header alone.
Status IndexBatches(const File& file, const std::string& path, std::uint64_t position,
                    std::uint64_t end, SegmentIndex& index) {
  BatchHeaderBytes bytes{};
  while (position + kBatchHeaderBytes <= end) {
    QALAM_RETURN_IF_ERROR(file.ReadAt(position, bytes));
    const BatchHeader header = BatchHeader::Decode(bytes);
    const std::int64_t size = header.size_bytes();
    if (header.magic != kBatchMagic || size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
        static_cast<std::uint64_t>(size) > end - position) {
      return Rot(path, position, "no batch header here");
    }
    index.Add(header, position);
    position += static_cast<std::uint64_t>(size);
  }
  return OkStatus();
}

}  // namespace

void SegmentCache::Keep(std::shared_ptr<const OpenSegment> open) {
  std::shared_ptr<const OpenSegment> dropped;  // Closed outside the lock.
  MutexLock lock(mutex_);
  recent_.remove(open);
  recent_.push_front(std::move(open));
  if (recent_.size() > open_max_) {
    dropped = std::move(recent_.back());
    recent_.pop_back();
  }
}

Segment::Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
                 Offset base_offset, std::uint32_t index_interval_bytes)
    : fs_(fs),
      cache_(std::move(cache)),
      directory_(std::move(directory)),
      base_offset_(base_offset),
      index_interval_bytes_(index_interval_bytes) {}

Segment::Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
                 Offset base_offset, std::uint32_t index_interval_bytes, OpenSegment open)
    : Segment(fs, std::move(cache), std::move(directory), base_offset, index_interval_bytes) {
  MutexLock lock(mutex_);
  active_ = std::make_shared<const OpenSegment>(std::move(open));
}

std::string Segment::Path(std::string_view suffix) const {
  return JoinPath(directory_, SegmentFileName(base_offset_, suffix));
}

void Segment::Seal() {
  MutexLock lock(mutex_);
  cache_->Keep(active_);
  sealed_ = active_;
  active_.reset();
}

Result<std::shared_ptr<const OpenSegment>> Segment::Open(std::uint64_t size_bytes) const {
  MutexLock lock(mutex_);
  if (active_) return active_;
  if (auto open = sealed_.lock()) {
    cache_->Keep(open);
    return open;
  }
  const std::string path = Path(kLogSuffix);
  QALAM_ASSIGN_OR_RETURN(auto file, fs_.Open(path, {.mode = OpenOptions::Mode::kRead}));
  auto index = std::make_shared<SegmentIndex>(base_offset_, index_interval_bytes_);
  const auto reached = index->Load(ReadIndexFile(fs_, Path(kIndexSuffix)),
                                   ReadIndexFile(fs_, Path(kTimeIndexSuffix)), size_bytes);
  if (!reached) index = std::make_shared<SegmentIndex>(base_offset_, index_interval_bytes_);
  QALAM_RETURN_IF_ERROR(IndexBatches(*file, path, reached.value_or(0), size_bytes, *index));
  auto open = std::make_shared<const OpenSegment>(OpenSegment{std::move(file), std::move(index)});
  sealed_ = open;
  cache_->Keep(open);
  return std::shared_ptr<const OpenSegment>(std::move(open));
}

Status CheckStoredBatch(BytesView batch, const BatchHeader& header, Offset expected_base,
                        Epoch previous_epoch, const std::string& path, std::uint64_t position) {
  if (expected_base >= 0 && header.base_offset != expected_base) {
    return Rot(path, position,
               "base offset " + std::to_string(header.base_offset) + " where " +
                   std::to_string(expected_base) + " belongs");
  }
  if (header.leader_epoch < previous_epoch) {
    return Rot(path, position,
               "leader epoch " + std::to_string(header.leader_epoch) + " after " +
                   std::to_string(previous_epoch));
  }
  if (header.last_offset_delta < 0 || header.records_count < 0) {
    return Rot(path, position, "negative counts");
  }
  if (!CheckBatchCrc(batch).ok()) return Rot(path, position, "the CRC does not match");
  return OkStatus();
}

Result<LogRead> Segment::Read(std::uint64_t end_position, Offset from, Offset until,
                              std::size_t bytes_max) const {
  QALAM_ASSIGN_OR_RETURN(const auto open, Open(end_position));
  const std::string path = Path(kLogSuffix);
  std::uint64_t position = open->index->FloorPosition(from);
  std::size_t want = std::max(bytes_max, kBatchHeaderBytes) + kScanBytes;
  Offset expected = position == 0 ? base_offset_ : kNoOffset;
  LogRead read;
  read.next_offset = from;
  while (position + kBatchHeaderBytes <= end_position) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(want, end_position - position));
    auto buffer = std::make_shared<Bytes>(size);
    QALAM_RETURN_IF_ERROR(open->file->ReadAt(position, *buffer));
    const BytesView bytes(*buffer);
    std::size_t at = 0;
    std::size_t first = size;  // Where what we return begins.
    Epoch epoch = kNoEpoch;
    std::size_t needed = 0;
    while (size - at >= kBatchHeaderBytes) {
      const BatchHeader header = BatchHeader::Decode(bytes.subspan(at));
      const std::int64_t batch_size = header.size_bytes();
      if (header.magic != kBatchMagic ||
          batch_size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
          static_cast<std::uint64_t>(batch_size) > end_position - position - at) {
        if (first < at) break;  // Return what is good; the next read meets this.
        return Rot(path, position + at, "no batch header here");
      }
      if (expected < 0 && header.base_offset > from) {
        return Rot(path, position + at,
                   "base offset " + std::to_string(header.base_offset) +
                       " lies behind the offset looked for, " + std::to_string(from));
      }
      const auto batch_bytes = static_cast<std::size_t>(batch_size);
      if (header.base_offset >= until) break;
      const bool wanted = header.last_offset() >= from;
      if (batch_bytes > size - at) {
        needed = batch_bytes;
        break;
      }
      if (wanted) {
        if (first < at && at - first + batch_bytes > bytes_max) break;
        const Status good = CheckStoredBatch(bytes.subspan(at, batch_bytes), header, expected,
                                             epoch, path, position + at);
        if (!good.ok()) {
          if (first < at) break;
          return good.error();
        }
        first = std::min(first, at);
        epoch = header.leader_epoch;
        read.next_offset = header.next_offset();
      } else if (expected >= 0 && header.base_offset != expected) {
        return Rot(path, position + at,
                   "base offset " + std::to_string(header.base_offset) + " where " +
                       std::to_string(expected) + " belongs");
      }
      expected = header.next_offset();
      at += batch_bytes;
    }
    if (first < at) {
      read.size_bytes = at - first;
      read.batches.emplace_back(buffer, bytes.subspan(first, at - first));
      return read;
    }
    if (at == 0 && needed == 0) return read;
    position += at;
    want = std::max(want, needed);
  }
  return read;
}

}  // namespace qalam
