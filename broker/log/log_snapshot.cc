#include "broker/log/log_snapshot.h"

#include <algorithm>

#include "broker/log/file_names.h"
#include "broker/log/log_errors.h"
#include "common/check.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kDecompressedBytesMax = std::size_t{100} << 20;
constexpr std::size_t kSearchBytes = std::size_t{1} << 20;

// Calls `visit` with every record of `read` in order until it returns false.
template <typename Visit>
Status ForEachRecord(const LogRead& read, Visit visit) {
  Bytes scratch;
  for (const SharedSlice& slice : read.batches) {
    BatchCursor batches(slice.view());
    while (true) {
      QALAM_ASSIGN_OR_RETURN(const auto batch, batches.Next());
      if (!batch) break;
      QALAM_ASSIGN_OR_RETURN(const BytesView block,
                             DecompressRecords(*batch, scratch, kDecompressedBytesMax));
      RecordCursor records(batch->header, block);
      while (true) {
        QALAM_ASSIGN_OR_RETURN(const auto record, records.Next());
        if (!record) break;
        if (!visit(batch->header, *record)) return OkStatus();
      }
    }
  }
  return OkStatus();
}

}  // namespace

std::size_t LogSnapshot::SpanOf(Offset offset) const {
  const auto& sealed = *parts_.sealed;
  const auto after =
      std::partition_point(sealed.begin(), sealed.end(),
                           [&](const SegmentSpan& span) { return span.end_offset <= offset; });
  return static_cast<std::size_t>(after - sealed.begin());
}

const RecentSpan* LogSnapshot::FindRecent(Offset offset) const {
  for (auto it = parts_.recent.rbegin(); it != parts_.recent.rend(); ++it) {
    if (offset >= it->end_offset) return nullptr;  // Behind the end, or between two of them.
    if (offset >= it->first_offset) return &*it;
  }
  return nullptr;
}

bool LogSnapshot::InMemory(Offset from) const {
  return from >= parts_.end_offset || FindRecent(from) != nullptr;
}

Result<LogRead> LogSnapshot::Read(Offset from, Offset until, std::size_t bytes_max) const {
  until = std::min(until, parts_.end_offset);
  if (from < parts_.log_start_offset || from > until) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 "offset " + std::to_string(from) + " is outside the log, which has " +
                     std::to_string(parts_.log_start_offset) + " to " + std::to_string(until))
        .With("log_start_offset", parts_.log_start_offset)
        .With("high_watermark", until);
  }
  LogRead nothing;
  nothing.next_offset = from;
  if (from == until) return nothing;
  if (const RecentSpan* const recent = FindRecent(from)) {
    return ReadRecent(*recent, from, until, bytes_max);
  }
  const SegmentSpan& span = Span(SpanOf(from));
  QALAM_ASSIGN_OR_RETURN(
      LogRead read, span.segment->Read({span.size_bytes, from, until, bytes_max}, *parts_.epochs));
  if (read.batches.empty()) {
    return CorruptionAt(span.segment->Path(kLogSuffix), span.size_bytes,
                        "ends before offset " + std::to_string(from) +
                            ", though the next segment begins at " +
                            std::to_string(span.end_offset));
  }
  return read;
}

Result<LogRead> LogSnapshot::ReadRecent(const RecentSpan& recent, Offset from, Offset until,
                                        std::size_t bytes_max) const {
  QALAM_ASSIGN_OR_RETURN(const auto open, parts_.active.segment->Open());
  std::uint64_t position = std::max(recent.from, open->index->FloorPosition(from));
  QALAM_CHECK(position < recent.to);
  std::uint64_t first = recent.to;
  LogRead read;
  read.next_offset = from;
  while (position < recent.to) {
    const BatchHeader header = BatchHeader::Decode(recent.chunk->view(position, recent.to));
    if (header.base_offset >= until) break;
    const auto size = static_cast<std::uint64_t>(header.size_bytes());
    if (header.last_offset() >= from) {
      if (first < position && position - first + size > bytes_max) break;
      first = std::min(first, position);
      read.next_offset = header.next_offset();
    }
    position += size;
  }
  if (first < position) {
    read.size_bytes = static_cast<std::size_t>(position - first);
    read.batches.emplace_back(recent.chunk, recent.chunk->view(first, position));
  }
  return read;
}

Result<std::optional<TimestampedOffset>> LogSnapshot::FindTimestamp(TimestampMs timestamp,
                                                                    Offset until) const {
  until = std::min(until, parts_.end_offset);
  for (std::size_t i = SpanOf(parts_.log_start_offset); i <= parts_.sealed->size(); ++i) {
    const SegmentSpan& span = Span(i);
    if (i < parts_.sealed->size()) {
      const auto largest = span.segment->LargestTimestamp();
      if (largest.ok() && *largest < timestamp) continue;
    }
    QALAM_ASSIGN_OR_RETURN(const auto open, span.segment->Open());
    if (open->index_complete && open->index->largest_timestamp() < timestamp) continue;
    Offset from = std::max(parts_.log_start_offset, open->index->FloorOfTimestamp(timestamp));
    const Offset end = std::min(until, span.end_offset);
    while (from < end) {
      QALAM_ASSIGN_OR_RETURN(const LogRead read, Read(from, end, kSearchBytes));
      if (read.batches.empty()) break;
      std::optional<TimestampedOffset> found;
      QALAM_RETURN_IF_ERROR(
          ForEachRecord(read, [&](const BatchHeader& batch, const RecordView& record) {
            if (record.timestamp < timestamp || record.offset < parts_.log_start_offset ||
                record.offset < from || record.offset >= end) {
              return true;
            }
            found = TimestampedOffset{record.offset, record.timestamp, batch.leader_epoch};
            return false;
          }));
      if (found) return found;
      from = read.next_offset;
    }
  }
  return std::optional<TimestampedOffset>();
}

Result<std::optional<TimestampedOffset>> LogSnapshot::FindMaxTimestamp(Offset until) const {
  TimestampMs largest = kNoTimestamp;
  for (std::size_t i = SpanOf(parts_.log_start_offset); i < parts_.sealed->size(); ++i) {
    QALAM_ASSIGN_OR_RETURN(const TimestampMs of_segment, Span(i).segment->LargestTimestamp());
    largest = std::max(largest, of_segment);
  }
  QALAM_ASSIGN_OR_RETURN(const auto active, parts_.active.segment->Open());
  largest = std::max(largest, active->index->largest_timestamp());
  // The largest of the indexes may lie above `until` or below the log's start; then look at all.
  if (largest >= 0) {
    QALAM_ASSIGN_OR_RETURN(const auto found, FindTimestamp(largest, until));
    if (found) return found;
  }
  std::optional<TimestampedOffset> best;
  Offset from = parts_.log_start_offset;
  until = std::min(until, parts_.end_offset);
  while (from < until) {
    QALAM_ASSIGN_OR_RETURN(const LogRead read, Read(from, until, kSearchBytes));
    if (read.batches.empty()) break;
    QALAM_RETURN_IF_ERROR(
        ForEachRecord(read, [&](const BatchHeader& batch, const RecordView& record) {
          if (record.offset >= parts_.log_start_offset && record.offset < until &&
              (!best || record.timestamp > best->timestamp)) {
            best = TimestampedOffset{record.offset, record.timestamp, batch.leader_epoch};
          }
          return true;
        }));
    from = read.next_offset;
  }
  return best;
}

}  // namespace qalam
