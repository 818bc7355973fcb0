#include "broker/log/segment_index.h"

#include <array>

#include "common/byte_order.h"
#include "common/check.h"

namespace qalam {
namespace {

// Index of the last entry for which `at_or_before` holds; they hold for a prefix. -1: none.
template <typename Array, typename Predicate>
std::ptrdiff_t LastWhere(const Array& array, Predicate at_or_before) {
  std::size_t low = 0;
  std::size_t high = array.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (at_or_before(array[middle])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<std::ptrdiff_t>(low) - 1;
}

void Put(const SegmentIndex::OffsetEntry& entry, std::byte* to) {
  StoreBig32(to, static_cast<std::uint32_t>(entry.relative_offset));
  StoreBig32(to + 4, static_cast<std::uint32_t>(entry.position));
}
void Put(const SegmentIndex::TimeEntry& entry, std::byte* to) {
  StoreBig64(to, static_cast<std::uint64_t>(entry.timestamp));
  StoreBig32(to + 8, static_cast<std::uint32_t>(entry.relative_offset));
}

template <std::size_t kEntryBytes, typename Array>
Bytes EncodeFrom(const Array& entries, std::size_t from_entry) {
  const std::size_t count = entries.size();
  Bytes bytes(count > from_entry ? (count - from_entry) * kEntryBytes : 0);
  for (std::size_t i = from_entry; i < count; ++i) {
    Put(entries[i], bytes.data() + (i - from_entry) * kEntryBytes);
  }
  return bytes;
}

}  // namespace

void SegmentIndex::AppendOffset(const OffsetEntry& entry) {
  offsets_.Append(entry);
  std::array<std::byte, kOffsetEntryBytes> bytes{};
  Put(entry, bytes.data());
  offsets_digest_.Extend(bytes);
}

void SegmentIndex::AppendTime(const TimeEntry& entry) {
  times_.Append(entry);
  std::array<std::byte, kTimeEntryBytes> bytes{};
  Put(entry, bytes.data());
  times_digest_.Extend(bytes);
}

void SegmentIndex::Add(const BatchHeader& stamped, std::uint64_t position) {
  const Offset last = stamped.last_offset();
  if (stamped.max_timestamp > largest_timestamp_.load(std::memory_order_relaxed)) {
    largest_timestamp_offset_ = last;
    largest_timestamp_.store(stamped.max_timestamp, std::memory_order_release);
  }
  if (bytes_since_entry_ > interval_bytes_) {
    AppendOffset(
        {static_cast<std::int32_t>(last - base_offset_), static_cast<std::int32_t>(position)});
    Finish();
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += static_cast<std::uint64_t>(stamped.size_bytes());
}

void SegmentIndex::Finish() {
  const TimestampMs largest = largest_timestamp_.load(std::memory_order_relaxed);
  if (largest < 0) return;
  if (times_.size() > 0 && times_[times_.size() - 1].timestamp >= largest) return;
  AppendTime({largest, static_cast<std::int32_t>(largest_timestamp_offset_ - base_offset_)});
}

SegmentIndex::Floor SegmentIndex::FloorOf(Offset offset) const {
  const Offset relative = offset - base_offset_;
  // An entry names its batch's last offset: the batch of a greater one may hold `offset`, so the
  // entry at or before it is a safe start.
  const std::ptrdiff_t i =
      LastWhere(offsets_, [&](const OffsetEntry& e) { return e.relative_offset <= relative; });
  if (i < 0) return {};
  const OffsetEntry& entry = offsets_[static_cast<std::size_t>(i)];
  return {static_cast<std::uint64_t>(entry.position), base_offset_ + entry.relative_offset};
}

std::uint64_t SegmentIndex::FloorOfPosition(std::uint64_t position) const {
  const std::ptrdiff_t i = LastWhere(offsets_, [&](const OffsetEntry& e) {
    return static_cast<std::uint64_t>(e.position) <= position;
  });
  return i < 0 ? 0 : static_cast<std::uint64_t>(offsets_[static_cast<std::size_t>(i)].position);
}

Offset SegmentIndex::FloorOfTimestamp(TimestampMs timestamp) const {
  const std::ptrdiff_t i =
      LastWhere(times_, [&](const TimeEntry& e) { return e.timestamp < timestamp; });
  return i < 0 ? base_offset_ : base_offset_ + times_[static_cast<std::size_t>(i)].relative_offset;
}

bool SegmentIndex::Full(std::uint32_t index_bytes_max) const {
  // One slot of the time index is kept for Finish().
  return (offsets_.size() + 1) * kOffsetEntryBytes > index_bytes_max ||
         (times_.size() + 2) * kTimeEntryBytes > index_bytes_max;
}

Bytes SegmentIndex::EncodeOffsets(std::size_t from_entry) const {
  return EncodeFrom<kOffsetEntryBytes>(offsets_, from_entry);
}

Bytes SegmentIndex::EncodeTimes(std::size_t from_entry) const {
  return EncodeFrom<kTimeEntryBytes>(times_, from_entry);
}

std::optional<SegmentIndex::Floor> SegmentIndex::Load(BytesView offsets, BytesView times) {
  QALAM_CHECK(offsets_.size() == 0 && times_.size() == 0);
  OffsetEntry last{-1, 0};
  for (std::size_t at = 0; at + kOffsetEntryBytes <= offsets.size(); at += kOffsetEntryBytes) {
    const OffsetEntry entry{static_cast<std::int32_t>(LoadBig32(&offsets[at])),
                            static_cast<std::int32_t>(LoadBig32(&offsets[at + 4]))};
    if (entry.relative_offset <= last.relative_offset || entry.position <= last.position) {
      return std::nullopt;
    }
    last = entry;
    AppendOffset(last);
  }
  for (std::size_t at = 0; at + kTimeEntryBytes <= times.size(); at += kTimeEntryBytes) {
    const TimeEntry entry{static_cast<TimestampMs>(LoadBig64(&times[at])),
                          static_cast<std::int32_t>(LoadBig32(&times[at + 8]))};
    if (entry.timestamp <= largest_timestamp() || entry.relative_offset < 0) return std::nullopt;
    // Entries behind the last offset entry belong to batches that are added again.
    if (entry.relative_offset > last.relative_offset) break;
    AppendTime(entry);
    largest_timestamp_offset_ = base_offset_ + entry.relative_offset;
    largest_timestamp_.store(entry.timestamp, std::memory_order_release);
  }
  bytes_since_entry_ = 0;
  if (offsets_.size() == 0) return Floor{};
  return Floor{static_cast<std::uint64_t>(last.position), base_offset_ + last.relative_offset};
}

}  // namespace qalam
