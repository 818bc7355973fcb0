#include "broker/log/segment_writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/check.h"

namespace qalam {
namespace {

constexpr std::size_t kChunkBytesFirst = std::size_t{64} << 10;
constexpr std::size_t kChunkBytesMax = std::size_t{1} << 20;
constexpr std::size_t kWritebackBytes = std::size_t{1} << 20;     // Buffered groups: begin early.
constexpr std::size_t kSmallGroupBytes = std::size_t{128} << 10;  // Space ahead pays for these.
constexpr std::size_t kPrepareFirst = std::size_t{256} << 10;
constexpr std::size_t kPrepareMax = std::size_t{4} << 20;

}  // namespace

SegmentWriter::SegmentWriter(FileSystem& fs, std::string path, std::shared_ptr<File> file,
                             Options options, std::uint64_t end, Offset end_offset)
    : fs_(fs),
      path_(std::move(path)),
      file_(std::move(file)),
      options_(options),
      end_(end),
      end_offset_(end_offset),
      prepared_end_(std::max(AlignUp(end), AlignDown(file_->size_bytes()))) {}

Status SegmentWriter::MakeRoom(std::size_t group_bytes) {
  if (chunk_ && end_ + group_bytes <= chunk_->file_end()) return OkStatus();
  const std::uint64_t start = AlignDown(end_);
  const auto needed = static_cast<std::size_t>(AlignUp(end_ - start + group_bytes));
  const std::size_t usual =
      chunk_ ? std::min(chunk_->capacity() * 2, kChunkBytesMax) : kChunkBytesFirst;
  auto chunk = std::make_shared<StagingChunk>(std::max(needed, usual), start);
  if (end_ > start) {
    // The partial block goes along: it will be written again as it is.
    const auto partial = chunk->writable().first(static_cast<std::size_t>(end_ - start));
    if (chunk_) {
      const BytesView old = chunk_->view(start, end_);
      std::memcpy(partial.data(), old.data(), old.size());
    } else {
      // Not by file_: one opened direct would keep a second descriptor for reading from then on.
      QALAM_RETURN_IF_ERROR(fs_.ReadDirect(path_, start, partial));
    }
  }
  chunk_ = std::move(chunk);
  recent_.push_back({chunk_, end_offset_, end_offset_, end_, end_});
  std::size_t kept = 0;
  for (const RecentSpan& span : recent_) kept += span.chunk->capacity();
  while (recent_.size() > 1 && kept > options_.recent_bytes_max) {
    kept -= recent_.front().chunk->capacity();
    recent_.erase(recent_.begin());
  }
  return OkStatus();
}

Status SegmentWriter::Append(std::span<const StampedBatch> group, std::size_t group_bytes) {
  QALAM_RETURN_IF_ERROR(MakeRoom(group_bytes));
  std::byte* const memory = chunk_->writable().data() - chunk_->file_start();
  std::uint64_t at = end_;
  for (const StampedBatch& batch : group) {
    batch.header.Encode(std::span<std::byte, kBatchHeaderBytes>(memory + at, kBatchHeaderBytes));
    at += kBatchHeaderBytes;
    if (!batch.records.empty())
      std::memcpy(memory + at, batch.records.data(), batch.records.size());
    at += batch.records.size();
  }
  QALAM_CHECK(at == end_ + group_bytes);
  const bool direct = options_.alignment > 1;
  const std::uint64_t from = direct ? AlignDown(end_) : end_;
  const std::uint64_t to = direct ? AlignUp(at) : at;
  std::memset(memory + at, 0, static_cast<std::size_t>(to - at));
  if (Status written = WriteBlocks(from, to); !written.ok()) {
    if (written.error().code() != ErrorCode::kNoSpace) return written;
    if (const Status undone = UndoWrite(); !undone.ok()) {
      return Error(ErrorCode::kIo,
                   "a write that found no space could not be undone: " + undone.error().message());
    }
    return written;
  }
  end_ = at;
  end_offset_ = group.back().header.next_offset();
  prepared_end_ = std::max(prepared_end_, to);
  recent_.back().to = end_;
  recent_.back().end_offset = end_offset_;
  average_group_ = average_group_ == 0 ? group_bytes : (average_group_ * 7 + group_bytes) / 8;
  return OkStatus();
}

Status SegmentWriter::WriteBlocks(std::uint64_t from, std::uint64_t to) {
  const std::array<BytesView, 1> parts = {chunk_->view(from, to)};
  QALAM_RETURN_IF_ERROR(file_->WriteAt(from, parts));
  if (options_.alignment == 1 && to - from >= kWritebackBytes) file_->StartWriteback(from, to);
  return OkStatus();
}

// After a write that found no space: the file ends as it did, the partial block is as it was.
// Synced, so that no part of what is about to be refused comes back after a crash.
Status SegmentWriter::UndoWrite() {
  if (options_.alignment > 1 && end_ > AlignDown(end_)) {
    const std::uint64_t block_end = AlignUp(end_);
    std::byte* const memory = chunk_->writable().data() - chunk_->file_start();
    std::memset(memory + end_, 0, static_cast<std::size_t>(block_end - end_));
    QALAM_RETURN_IF_ERROR(WriteBlocks(AlignDown(end_), block_end));
  }
  prepared_end_ = AlignUp(end_);
  QALAM_RETURN_IF_ERROR(file_->Truncate(options_.alignment > 1 ? prepared_end_ : end_));
  return file_->Sync();
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> SegmentWriter::RangeToPrepare() const {
  if (!may_prepare_ || options_.alignment == 1 || average_group_ == 0 ||
      average_group_ > kSmallGroupBytes) {
    return std::nullopt;
  }
  if (prepared_end_ > end_ + 4 * average_group_) return std::nullopt;
  // Grows with what was written, so that a partition of a few records takes little.
  const std::uint64_t amount =
      std::min<std::uint64_t>(kPrepareMax, std::max<std::uint64_t>(kPrepareFirst, AlignUp(end_)));
  const std::uint64_t to = std::min(prepared_end_ + amount, AlignDown(options_.prepare_end_max));
  if (to <= prepared_end_) return std::nullopt;
  return std::pair(prepared_end_, to);
}

void SegmentWriter::DropRecent() {
  chunk_.reset();
  recent_.clear();
}

Status SegmentWriter::TrimToEnd() {
  prepared_end_ = end_;
  return file_->Truncate(end_);
}

}  // namespace qalam
