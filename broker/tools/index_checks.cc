#include "broker/tools/index_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "broker/log/segment_index.h"
#include "broker/tools/stored_batches.h"
#include "common/byte_order.h"

namespace qalam {
namespace {

constexpr std::size_t kOffsetEntry = SegmentIndex::kOffsetEntryBytes;
constexpr std::size_t kTimeEntry = SegmentIndex::kTimeEntryBytes;

Offset OffsetAt(BytesView content, std::size_t at, Offset base) {
  return AddOffsets(base, static_cast<std::int32_t>(LoadBig32(&content[at])));
}

// One line for all entries that lead behind the last batch.
void FindLeftovers(const Bytes& content, std::size_t at, std::size_t entry_bytes,
                   const Finding& find) {
  const std::size_t left = (content.size() - at) / entry_bytes;
  if (left == 0) return;
  find(at, left == 1 ? "the entry leads behind the last batch"
                     : fmt::format("{} entries from here on lead behind the last batch", left));
}

}  // namespace

OffsetIndexCheck::OffsetIndexCheck(Bytes content, Offset base_offset, Finding find)
    : content_(std::move(content)), base_offset_(base_offset), find_(std::move(find)) {
  if (content_.size() % kOffsetEntry != 0) {
    find_(content_.size() - content_.size() % kOffsetEntry,
          "the file is not a whole number of entries");
  }
  for (std::size_t at = kOffsetEntry; at + kOffsetEntry <= content_.size(); at += kOffsetEntry) {
    if (OffsetAt(content_, at, base_offset_) <=
            OffsetAt(content_, at - kOffsetEntry, base_offset_) ||
        LoadBig32(&content_[at + 4]) <= LoadBig32(&content_[at - kOffsetEntry + 4])) {
      find_(at, "entries do not grow");
    }
  }
}

void OffsetIndexCheck::OnBatch(std::uint64_t position, Offset last_offset) {
  for (; at_ + kOffsetEntry <= content_.size(); at_ += kOffsetEntry) {
    const std::uint64_t leads_to = LoadBig32(&content_[at_ + 4]);
    if (leads_to > position) return;
    const Offset offset = OffsetAt(content_, at_, base_offset_);
    if (leads_to < position) {
      find_(at_, fmt::format("leads to byte {}, where no batch begins", leads_to));
    } else if (offset != last_offset) {
      find_(at_,
            fmt::format("leads to a batch that ends with offset {}, not {}", last_offset, offset));
    }
  }
}

void OffsetIndexCheck::Finish() { FindLeftovers(content_, at_, kOffsetEntry, find_); }

TimeIndexCheck::TimeIndexCheck(Bytes content, Offset base_offset, Finding find)
    : content_(std::move(content)), base_offset_(base_offset), find_(std::move(find)) {
  if (content_.size() % kTimeEntry != 0) {
    find_(content_.size() - content_.size() % kTimeEntry,
          "the file is not a whole number of entries");
  }
  for (std::size_t at = kTimeEntry; at + kTimeEntry <= content_.size(); at += kTimeEntry) {
    if (static_cast<TimestampMs>(LoadBig64(&content_[at])) <=
        static_cast<TimestampMs>(LoadBig64(&content_[at - kTimeEntry]))) {
      find_(at, "timestamps do not grow");
    }
  }
}

void TimeIndexCheck::OnBatch(Offset last_offset, TimestampMs largest) {
  largest_ = std::max(largest_, largest);
  for (; at_ + kTimeEntry <= content_.size(); at_ += kTimeEntry) {
    const Offset offset = OffsetAt(content_, at_ + 8, base_offset_);
    if (offset > last_offset) return;
    const auto timestamp = static_cast<TimestampMs>(LoadBig64(&content_[at_]));
    if (offset < last_offset) {
      find_(at_, fmt::format("names offset {}, which no batch ends with", offset));
    } else if (timestamp != largest) {
      find_(at_, fmt::format(
                     "says {} of the batch that ends with offset {}, whose largest timestamp is {}",
                     timestamp, offset, largest));
    }
  }
}

void TimeIndexCheck::Finish(bool sealed) {
  FindLeftovers(content_, at_, kTimeEntry, find_);
  if (!sealed || largest_ < 0) return;
  const std::size_t whole = content_.size() / kTimeEntry * kTimeEntry;
  const auto last = whole == 0 ? kNoTimestamp
                               : static_cast<TimestampMs>(LoadBig64(&content_[whole - kTimeEntry]));
  if (last < largest_) {
    find_(whole, fmt::format("ends with timestamp {}, the sealed segment's largest is {}", last,
                             largest_));
  }
}

}  // namespace qalam
