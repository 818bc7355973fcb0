#include "broker/tools/stored_batches.h"

#include <algorithm>

namespace qalam {
namespace {

constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;

}  // namespace

Result<StoredBatches> StoredBatches::Open(FileSystem& fs, const std::string& path) {
  QALAM_ASSIGN_OR_RETURN(auto file, fs.Open(path, {}));
  return StoredBatches(std::move(file));
}

Result<std::optional<StoredBatches::Item>> StoredBatches::Next() {
  const std::uint64_t left = size_bytes_ - position_;
  if (left < kBatchHeaderBytes) return std::optional<Item>();
  QALAM_ASSIGN_OR_RETURN(const BytesView head, Look(kBatchHeaderBytes));
  Item item{position_, BatchHeader::Decode(head), {}};
  const std::int64_t size = item.header.size_bytes();
  if (item.header.magic != kBatchMagic || size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
      static_cast<std::uint64_t>(size) > std::min(left, kBatchBytesMax)) {
    return std::optional<Item>();
  }
  QALAM_ASSIGN_OR_RETURN(item.bytes, Look(static_cast<std::uint64_t>(size)));
  position_ += static_cast<std::uint64_t>(size);
  return std::optional<Item>(item);
}

Result<bool> StoredBatches::RestIsZero() const {
  Bytes bytes;
  for (std::uint64_t at = position_; at < size_bytes_; at += bytes.size()) {
    bytes.resize(static_cast<std::size_t>(std::min(size_bytes_ - at, kChunkBytes)));
    QALAM_RETURN_IF_ERROR(file_->ReadAt(at, bytes));
    if (std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; }))
      return false;
  }
  return true;
}

Result<BytesView> StoredBatches::Look(std::uint64_t count) {
  if (position_ + count > buffer_start_ + buffer_.size()) {
    buffer_.resize(
        static_cast<std::size_t>(std::min(std::max(count, kChunkBytes), size_bytes_ - position_)));
    buffer_start_ = position_;
    QALAM_RETURN_IF_ERROR(file_->ReadAt(position_, buffer_));
  }
  return BytesView(buffer_).subspan(static_cast<std::size_t>(position_ - buffer_start_),
                                    static_cast<std::size_t>(count));
}

}  // namespace qalam
