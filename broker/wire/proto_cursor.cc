#include "broker/wire/proto_cursor.h"

namespace qalam {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
constexpr int kVarintBytesMax = 10;

}  // namespace

bool ProtoCursor::TakeVarint(std::uint64_t& out) {
  out = 0;
  for (int i = 0; i < kVarintBytesMax; ++i) {
    if (rest_.empty()) return false;
    const auto byte = std::to_integer<std::uint64_t>(rest_.front());
    rest_ = rest_.subspan(1);
    out |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return true;
  }
  return false;
}

Result<std::optional<ProtoCursor::Field>> ProtoCursor::Next() {
  const Error malformed(ErrorCode::kInvalidArgument, "the message is not valid protobuf");
  if (rest_.empty()) return std::optional<Field>();
  std::uint64_t tag = 0;
  if (!TakeVarint(tag) || tag > UINT32_MAX || (tag >> 3) == 0) return malformed;
  Field field;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  std::size_t fixed = 0;
  switch (tag & 7) {
    case kVarint:
      if (!TakeVarint(field.value)) return malformed;
      break;
    case kBytes: {
      std::uint64_t size = 0;
      if (!TakeVarint(size) || size > rest_.size()) return malformed;
      field.is_bytes = true;
      field.bytes = rest_.first(static_cast<std::size_t>(size));
      rest_ = rest_.subspan(static_cast<std::size_t>(size));
      break;
    }
    case kFixed64:
      fixed = 8;
      break;
    case kFixed32:
      fixed = 4;
      break;
    default:  // Groups are long gone.
      return malformed;
  }
  if (fixed > rest_.size()) return malformed;
  for (std::size_t i = 0; i < fixed; ++i) {
    field.value |= std::to_integer<std::uint64_t>(rest_[i]) << (8 * i);
  }
  rest_ = rest_.subspan(fixed);
  return std::optional<Field>(field);
}

}  // namespace qalam
