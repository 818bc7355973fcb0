#include "broker/wire/proto_cursor.h"

#include <algorithm>

namespace qalam {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
constexpr int kVarintBytesMax = 10;

std::size_t SizeOf(SliceSpan slices) {
  std::size_t size = 0;
  for (const SharedSlice& slice : slices) size += slice.size();
  return size;
}

Error Malformed(std::size_t position) {
  return Error(ErrorCode::kInvalidArgument,
               "the message is not valid protobuf at byte " + std::to_string(position));
}

}  // namespace

ProtoCursor::ProtoCursor(SliceSpan message) : ProtoCursor(message, {0, SizeOf(message)}) {}

ProtoCursor::ProtoCursor(SliceSpan message, ByteRange range) : slices_(message), end_(range.end) {
  Skip(range.begin);
}

std::uint64_t ProtoCursor::TakeByte() {
  while (in_slice_ == slices_[slice_].size()) {
    ++slice_;
    in_slice_ = 0;
  }
  ++position_;
  return std::to_integer<std::uint64_t>(slices_[slice_].view()[in_slice_++]);
}

void ProtoCursor::Skip(std::size_t bytes) {
  position_ += bytes;
  while (bytes > 0) {
    const std::size_t here = std::min(bytes, slices_[slice_].size() - in_slice_);
    in_slice_ += here;
    bytes -= here;
    if (bytes == 0) return;
    ++slice_;
    in_slice_ = 0;
  }
}

bool ProtoCursor::TakeVarint(std::uint64_t& out) {
  out = 0;
  for (int i = 0; i < kVarintBytesMax; ++i) {
    if (position_ == end_) return false;
    const std::uint64_t byte = TakeByte();
    out |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return true;
  }
  return false;
}

bool ProtoCursor::TakeFixed(int bytes, std::uint64_t& out) {
  if (end_ - position_ < static_cast<std::size_t>(bytes)) return false;
  for (int i = 0; i < bytes; ++i) out |= TakeByte() << (8 * i);
  return true;
}

Result<std::optional<ProtoCursor::Field>> ProtoCursor::Next() {
  if (position_ == end_) return std::optional<Field>();
  std::uint64_t tag = 0;
  if (!TakeVarint(tag) || tag > UINT32_MAX || (tag >> 3) == 0) return Malformed(position_);
  Field field;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  bool whole = false;
  switch (tag & 7) {
    case kVarint:
      field.is_varint = true;
      whole = TakeVarint(field.value);
      break;
    case kFixed64:
      whole = TakeFixed(8, field.value);
      break;
    case kFixed32:
      whole = TakeFixed(4, field.value);
      break;
    case kBytes: {
      std::uint64_t size = 0;
      if (!TakeVarint(size) || size > end_ - position_) break;
      field.is_bytes = true;
      field.bytes = {position_, position_ + static_cast<std::size_t>(size)};
      Skip(field.bytes.size());
      whole = true;
      break;
    }
    default:  // Groups, long gone, and what does not exist.
      break;
  }
  if (!whole) return Malformed(position_);
  return std::optional<Field>(field);
}

SharedSlice Extract(SliceSpan message, ByteRange range) {
  std::size_t begin = range.begin;  // Counted from the slice looked at.
  std::size_t i = 0;
  while (i < message.size() && begin >= message[i].size()) begin -= message[i++].size();
  if (range.size() == 0 || i == message.size()) return {};
  if (range.size() <= message[i].size() - begin) return message[i].Sub(begin, range.size());
  Bytes bytes;
  bytes.reserve(range.size());
  for (; bytes.size() < range.size(); ++i, begin = 0) {
    const BytesView slice = message[i].view().subspan(begin);
    const std::size_t count = std::min(slice.size(), range.size() - bytes.size());
    bytes.insert(bytes.end(), slice.begin(), slice.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return SharedSlice::Own(std::move(bytes));
}

}  // namespace qalam
