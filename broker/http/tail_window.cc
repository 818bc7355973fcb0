#include "broker/http/tail_window.h"

#include <algorithm>
#include <utility>

#include "broker/http/record_json.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kDecompressedBytesMax = std::size_t{16} << 20;

std::uint64_t CountFrom(Offset from, const BatchHeader& header) {
  const Offset first = std::max(from, header.base_offset);
  return header.next_offset() > first ? static_cast<std::uint64_t>(header.next_offset() - first)
                                      : 0;
}

}  // namespace

TailWindow::TailWindow(std::string topic, RecordMatch match, std::size_t rate)
    : topic_(std::move(topic)),
      match_(std::move(match)),
      rate_(rate),
      allowed_(static_cast<double>(rate)) {}

void TailWindow::Refill(std::chrono::milliseconds passed, std::size_t scan_bytes) {
  const auto a_second = static_cast<double>(rate_);
  const double more = a_second * std::chrono::duration<double>(passed).count();
  allowed_ = std::min(a_second, allowed_ + more);
  scan_left_ = scan_bytes;
}

bool TailWindow::wants_more() const {
  if (scan_left_ == 0) return false;
  return filters() || (allowed_ >= 1 && records_.size() < kShownBytesMax);
}

void TailWindow::PassOver(std::uint64_t count) { (filters() ? skipped_ : dropped_) += count; }

void TailWindow::Look(PartitionId partition, Offset from, const std::vector<SharedSlice>& batches) {
  const std::size_t shown_max = shown_ + (static_cast<std::size_t>(allowed_) + 1) / 2;
  for (const SharedSlice& slice : batches) LookInto(partition, from, slice.view(), shown_max);
}

void TailWindow::LookInto(PartitionId partition, Offset from, BytesView bytes,
                          std::size_t shown_max) {
  BatchCursor batches(bytes);
  while (true) {
    const auto batch = batches.Next();
    if (!batch.ok() || !*batch) return;
    const BatchHeader& header = (*batch)->header;
    const bool full = shown_ >= shown_max || records_.size() >= kShownBytesMax;
    if (header.control()) continue;
    if (scan_left_ == 0 || (full && !filters())) {
      PassOver(CountFrom(from, header));
      continue;
    }
    const auto block = DecompressRecords(**batch, scratch_, kDecompressedBytesMax);
    if (!block.ok()) {
      PassOver(CountFrom(from, header));
      continue;
    }
    scan_left_ -= std::min(scan_left_, block->size());
    const RecordPlace place{topic_, partition, header.leader_epoch};
    RecordCursor(header, *block).Walk([&](const RecordView& record) {
      if (record.offset < from || !match_.Matches(record)) return true;
      if (shown_ >= shown_max || allowed_ < 1 || records_.size() >= kShownBytesMax) {
        ++dropped_;
        return true;
      }
      if (!records_.empty()) records_ += ',';
      AppendRecordJson(place, record, kRecordPreviewBytes, records_);
      ++shown_;
      allowed_ -= 1;
      return true;
    });
  }
}

std::string TailWindow::Take() {
  std::string json = "{\"records\":[" + std::exchange(records_, {}) +
                     "],\"dropped\":" + std::to_string(std::exchange(dropped_, 0)) +
                     ",\"skipped\":" + std::to_string(std::exchange(skipped_, 0)) + "}";
  shown_ = 0;
  return json;
}

void TailWindow::PutBack(std::size_t shown, std::uint64_t dropped, std::uint64_t skipped) {
  dropped_ += shown + dropped;
  skipped_ += skipped;
}

}  // namespace qalam
