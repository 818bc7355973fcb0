#include "broker/log/header_walk.h"

#include <algorithm>

#include "broker/log/log_errors.h"

namespace qalam {
namespace {
constexpr std::size_t kReadBytes =
    8192;  // Small batches: many headers a read. Large: little waste.
}  // namespace

Result<std::optional<HeaderWalk::Item>> HeaderWalk::Next() {
  if (position_ >= end_) return std::optional<Item>();
  if (end_ - position_ < kBatchHeaderBytes) {
    return CorruptionAt(path_, position_, "what follows is shorter than a batch header");
  }
  if (position_ < buffer_start_ || position_ + kBatchHeaderBytes > buffer_start_ + buffer_.size()) {
    buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, end_ - position_)));
    buffer_start_ = position_;
    QALAM_RETURN_IF_ERROR(file_.ReadAt(position_, buffer_));
  }
  Item item;
  item.position = position_;
  item.header = BatchHeader::Decode(
      BytesView(buffer_).subspan(static_cast<std::size_t>(position_ - buffer_start_)));
  const std::int64_t size = item.header.size_bytes();
  if (item.header.magic != kBatchMagic || size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
      static_cast<std::uint64_t>(size) > end_ - position_ || !item.header.offsets_are_sound()) {
    return CorruptionAt(path_, position_, "no batch begins here");
  }
  position_ += static_cast<std::uint64_t>(size);
  return std::optional<Item>(item);
}

}  // namespace qalam
