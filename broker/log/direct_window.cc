#include "broker/log/direct_window.h"

#include <algorithm>
#include <cstring>

#include "common/check.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kReadBytesFirst = std::size_t{256} << 10;  // Most tails are short.
constexpr std::size_t kReadBytesMax = std::size_t{4} << 20;

bool AllZero(BytesView bytes) {
  return bytes.empty() || (bytes[0] == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

Result<BytesView> DirectWindow::Get(std::uint64_t position, std::size_t count) {
  QALAM_CHECK(position <= size_bytes_ && count <= size_bytes_ - position);
  if (position < start_ || position + count > start_ + buffer_.size()) {
    const std::size_t usual = std::clamp(buffer_.size() * 2, kReadBytesFirst, kReadBytesMax);
    buffer_.resize(static_cast<std::size_t>(
        std::min<std::uint64_t>(size_bytes_ - position, std::max(count, usual))));
    start_ = position;
    QALAM_RETURN_IF_ERROR(Fill());
  }
  return BytesView(buffer_).subspan(static_cast<std::size_t>(position - start_), count);
}

Status DirectWindow::Fill() {
  const Status read = fs_.ReadDirect(path_, start_, buffer_);
  if (read.ok() || read.error().code() != ErrorCode::kOutOfRange) return read;
  // The size that the kernel remembers never reached the disk: what is not there counts as zeros.
  std::fill(buffer_.begin(), buffer_.end(), std::byte{0});
  std::size_t there = 0;
  std::size_t missing = buffer_.size();
  while (missing - there > 1) {
    const std::size_t middle = there + (missing - there) / 2;
    const Status part = fs_.ReadDirect(path_, start_, std::span(buffer_).first(middle));
    if (!part.ok() && part.error().code() != ErrorCode::kOutOfRange) return part;
    (part.ok() ? there : missing) = middle;
  }
  std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(there), buffer_.end(), std::byte{0});
  return OkStatus();
}

Result<std::optional<BatchHeader>> DirectWindow::BatchAt(std::uint64_t position) {
  const std::optional<BatchHeader> none;
  if (size_bytes_ - position < kBatchHeaderBytes) return none;
  QALAM_ASSIGN_OR_RETURN(const BytesView head, Get(position, kBatchHeaderBytes));
  const BatchHeader header = BatchHeader::Decode(head);
  const std::int64_t size = header.size_bytes();
  if (header.magic != kBatchMagic || size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
      static_cast<std::uint64_t>(size) > size_bytes_ - position || !header.offsets_are_sound() ||
      header.records_count < 0) {
    return none;
  }
  QALAM_ASSIGN_OR_RETURN(const BytesView batch, Get(position, static_cast<std::size_t>(size)));
  if (!CheckBatchCrc(batch).ok()) return none;
  return std::optional<BatchHeader>(header);
}

Result<std::optional<std::uint64_t>> DirectWindow::FirstNonZero(std::uint64_t position) {
  while (position < size_bytes_) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytesFirst, size_bytes_ - position));
    QALAM_ASSIGN_OR_RETURN(const BytesView bytes, Get(position, count));
    if (!AllZero(bytes)) {
      const auto found =
          std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; });
      return std::optional<std::uint64_t>(position +
                                          static_cast<std::uint64_t>(found - bytes.begin()));
    }
    position += count;
  }
  return std::optional<std::uint64_t>();
}

}  // namespace qalam
