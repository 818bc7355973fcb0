#include "common/frame.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace qalam {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kFirstBytes = 4096;
// A payload of so many bytes keeps the buffer that it came in; smaller ones are copied out of it.
constexpr std::size_t kKeptMin = 16 * 1024;

std::size_t LengthOf(const std::byte* head) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<std::size_t>(head[i]) << (8 * i);
  }
  return length;
}

}  // namespace

std::array<std::byte, kFrameHeadBytes> MakeFrameHead(FrameKind kind, std::size_t payload_bytes) {
  std::array<std::byte, kFrameHeadBytes> head;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    head.at(i) = static_cast<std::byte>((payload_bytes + 1) >> (8 * i) & 0xFF);
  }
  head.back() = static_cast<std::byte>(kind);
  return head;
}

std::span<std::byte> FrameReader::Space() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size() && begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == buffer_.size()) buffer_.resize(std::max(kFirstBytes, 2 * buffer_.size()));
  return std::span(buffer_).subspan(end_);
}

Result<std::optional<Frame>> FrameReader::Next() {
  if (size() < kFrameHeadBytes) return std::optional<Frame>();
  const std::byte* const head = buffer_.data() + begin_;
  const std::size_t length = LengthOf(head);
  const auto kind = static_cast<FrameKind>(head[kLengthBytes]);
  if (length == 0 || (kind != FrameKind::kMessage && kind != FrameKind::kEnd)) {
    return Error(ErrorCode::kInvalidArgument, "this is no frame");
  }
  const std::size_t payload = length - 1;
  if (payload > payload_bytes_max_) {
    return Error(ErrorCode::kMessageTooLarge,
                 "a message of " + std::to_string(payload) + " bytes; at most " +
                     std::to_string(payload_bytes_max_) + " are taken");
  }
  if (size() < kFrameHeadBytes + payload) return std::optional<Frame>();
  const std::size_t from = begin_ + kFrameHeadBytes;
  begin_ = from + payload;
  if (payload < kKeptMin) {
    return std::optional(Frame{kind, SharedSlice::Copy(BytesView(buffer_).subspan(from, payload))});
  }
  auto kept = std::make_shared<const Bytes>(std::move(buffer_));
  const BytesView view(*kept);
  const BytesView rest = view.subspan(begin_, end_ - begin_);
  buffer_.assign(rest.begin(), rest.end());
  begin_ = 0;
  end_ = buffer_.size();
  return std::optional(Frame{kind, SharedSlice(std::move(kept), view.subspan(from, payload))});
}

}  // namespace qalam
