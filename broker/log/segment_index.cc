#include "broker/log/segment_index.h"

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

}  // namespace

void SegmentIndex::Add(const BatchHeader& stamped, std::uint64_t position) {
  const Offset last = stamped.last_offset();
  if (stamped.max_timestamp > largest_timestamp_.load(std::memory_order_relaxed)) {
    largest_timestamp_offset_ = last;
    largest_timestamp_.store(stamped.max_timestamp, std::memory_order_release);
  }
  if (bytes_since_entry_ > interval_bytes_) {
    offsets_.Append(
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
  times_.Append({largest, static_cast<std::int32_t>(largest_timestamp_offset_ - base_offset_)});
}

std::uint64_t SegmentIndex::FloorPosition(Offset offset) const {
  const Offset relative = offset - base_offset_;
  // An entry names its batch's last offset: the batch of a greater one may hold `offset`, so the
  // entry at or before it is a safe start.
  const std::ptrdiff_t i =
      LastWhere(offsets_, [&](const OffsetEntry& e) { return e.relative_offset <= relative; });
  return i < 0 ? 0 : static_cast<std::uint64_t>(offsets_[static_cast<std::size_t>(i)].position);
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
  const std::size_t count = offsets_.size();
  Bytes bytes(count > from_entry ? (count - from_entry) * kOffsetEntryBytes : 0);
  std::byte* at = bytes.data();
  for (std::size_t i = from_entry; i < count; ++i, at += kOffsetEntryBytes) {
    StoreBig32(at, static_cast<std::uint32_t>(offsets_[i].relative_offset));
    StoreBig32(at + 4, static_cast<std::uint32_t>(offsets_[i].position));
  }
  return bytes;
}

Bytes SegmentIndex::EncodeTimes(std::size_t from_entry) const {
  const std::size_t count = times_.size();
  Bytes bytes(count > from_entry ? (count - from_entry) * kTimeEntryBytes : 0);
  std::byte* at = bytes.data();
  for (std::size_t i = from_entry; i < count; ++i, at += kTimeEntryBytes) {
    StoreBig64(at, static_cast<std::uint64_t>(times_[i].timestamp));
    StoreBig32(at + 8, static_cast<std::uint32_t>(times_[i].relative_offset));
  }
  return bytes;
}

std::optional<std::uint64_t> SegmentIndex::Load(BytesView offsets, BytesView times,
                                                std::uint64_t position_max) {
  QALAM_CHECK(offsets_.size() == 0 && times_.size() == 0);
  if (offsets.size() % kOffsetEntryBytes != 0 || times.size() % kTimeEntryBytes != 0) {
    return std::nullopt;
  }
  OffsetEntry last{-1, 0};
  for (std::size_t at = 0; at < offsets.size(); at += kOffsetEntryBytes) {
    const OffsetEntry entry{static_cast<std::int32_t>(LoadBig32(&offsets[at])),
                            static_cast<std::int32_t>(LoadBig32(&offsets[at + 4]))};
    if (entry.relative_offset <= last.relative_offset || entry.position <= last.position) break;
    if (static_cast<std::uint64_t>(entry.position) >= position_max) break;
    offsets_.Append(entry);
    last = entry;
  }
  for (std::size_t at = 0; at < times.size(); at += kTimeEntryBytes) {
    const TimeEntry entry{static_cast<TimestampMs>(LoadBig64(&times[at])),
                          static_cast<std::int32_t>(LoadBig32(&times[at + 8]))};
    const bool grows =
        times_.size() == 0 || (entry.timestamp > times_[times_.size() - 1].timestamp &&
                               entry.relative_offset >= times_[times_.size() - 1].relative_offset);
    // Time entries beyond the last offset entry belong to what is added again.
    if (!grows || entry.timestamp < 0 || entry.relative_offset > last.relative_offset) break;
    times_.Append(entry);
    largest_timestamp_offset_ = base_offset_ + entry.relative_offset;
    largest_timestamp_.store(entry.timestamp, std::memory_order_release);
  }
  bytes_since_entry_ = 0;
  return static_cast<std::uint64_t>(last.position);
}

}  // namespace qalam
