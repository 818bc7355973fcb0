#include "client/record_accumulator.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/record/batch_header.h"

namespace qalam::abi0 {
namespace {

std::optional<BytesView> View(const std::optional<std::string_view>& text) {
  if (!text) return std::nullopt;
  return AsBytes(*text);
}

}  // namespace

std::size_t RecordAccumulator::RecordBytes(const RecordRef& record) {
  constexpr std::size_t kHeaderFixed = 10;  // Two lengths.
  std::size_t bytes = BatchBuilder::RecordBytesMax(record.key ? record.key->size() : 0,
                                                   record.value ? record.value->size() : 0);
  for (std::size_t i = 0; i < record.headers_count; ++i) {
    const HeaderView& header = record.headers[i];
    bytes += kHeaderFixed + header.key.size() + (header.value ? header.value->size() : 0);
  }
  return bytes;
}

bool RecordAccumulator::MustSealBefore(std::size_t bytes) const {
  return open_ != nullptr && open_->buffer->builder().size_bytes() + bytes > options_.batch_bytes;
}

std::size_t RecordAccumulator::ReservationFor(std::size_t bytes) const {
  return (open_ != nullptr ? open_->buffer->builder().size_bytes() : kBatchHeaderBytes) + bytes;
}

std::int32_t RecordAccumulator::Add(const RecordRef& record, std::int64_t timestamp_ms,
                                    std::size_t reserved_bytes, TimePoint now) {
  if (open_ == nullptr) {
    open_ = std::make_unique<PendingBatch>();
    open_->delivery = std::make_shared<DeliveryState>();
    open_->delivery->SetSource(source_);
    open_->buffer = pool_.Take();
    open_->opened_at = now;
    open_->deadline = now + options_.delivery_timeout;
  }
  open_->reserved_bytes += reserved_bytes;
  BatchBuilder& builder = open_->buffer->builder();
  if (record.headers_count == 0) {
    builder.Add(timestamp_ms, View(record.key), View(record.value));
  } else {
    std::vector<HeaderInput> headers;
    headers.reserve(record.headers_count);
    for (std::size_t i = 0; i < record.headers_count; ++i) {
      headers.push_back({record.headers[i].key, View(record.headers[i].value)});
    }
    builder.Add(timestamp_ms, View(record.key), View(record.value), headers);
  }
  return open_->records_count++;
}

TimePoint RecordAccumulator::seal_at() const {
  if (open_ == nullptr) return TimePoint::max();
  if (options_.linger.count() == 0) return open_->deadline;
  return std::min(open_->opened_at + options_.linger, open_->deadline);
}

BatchPtr RecordAccumulator::Seal() { return std::move(open_); }

}  // namespace qalam::abi0
