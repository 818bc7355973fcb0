#include "common/record/record_parser.h"

#include <fmt/format.h>

namespace qalam::record_internal {
namespace {

// Sets the fault and returns null, so that a caller can return it.
const std::byte* Fail(RecordFault& fault, RecordFault::Kind kind, const char* field,
                      std::int64_t value = 0, std::int64_t limit = 0) {
  fault = {kind, field, value, limit};
  return nullptr;
}

// Walks `count` headers. Returns the position behind the last, or null and sets `fault`.
const std::byte* SkipHeaders(const std::byte* at, const std::byte* end, std::int32_t count,
                             RecordFault& fault) {
  if (count < 0) return Fail(fault, RecordFault::Kind::kBelow, "headersCount", count, 0);
  if (count > end - at) {
    return Fail(fault, RecordFault::Kind::kBeyond, "headersCount", count, end - at);
  }
  for (std::int32_t i = 0; i < count; ++i) {
    std::int32_t length = 0;
    const std::byte* data = nullptr;
    at = GetBlob(at, end, "headerKeyLength", 0, length, data, fault);
    if (at == nullptr) return nullptr;
    at = GetBlob(at, end, "headerValueLength", -1, length, data, fault);
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

std::byte* PutLongVarint(std::byte* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<std::byte>(value);
  return to;
}

std::string RecordFault::ToString() const {
  switch (kind) {
    case Kind::kNotAVarint:
      return fmt::format("{} is cut off or no varint", field);
    case Kind::kBelow:
      return fmt::format("{} is {}, less than {}", field, value, limit);
    case Kind::kBeyond:
      return fmt::format("{} is {}, but only {} bytes are left", field, value, limit);
    case Kind::kLeftOver:
      return fmt::format("{} is {}, but the fields take {} bytes", field, value, limit);
  }
  return "malformed";
}

const std::byte* GetBlob(const std::byte* at, const std::byte* end, const char* field,
                         std::int32_t least, std::int32_t& length, const std::byte*& data,
                         RecordFault& fault) {
  at = GetSigned(at, end, length);
  if (at == nullptr) return Fail(fault, RecordFault::Kind::kNotAVarint, field);
  if (length < least) return Fail(fault, RecordFault::Kind::kBelow, field, length, least);
  if (length > end - at) return Fail(fault, RecordFault::Kind::kBeyond, field, length, end - at);
  data = at;
  return length > 0 ? at + length : at;
}

const std::byte* ParseAnyRecord(const std::byte* at, const std::byte* end, RecordFields& out,
                                RecordFault& fault) {
  using Kind = RecordFault::Kind;
  std::int32_t length = 0;
  const std::byte* body = nullptr;
  const std::byte* const stop = GetBlob(at, end, "length", 1, length, body, fault);
  if (stop == nullptr) return nullptr;
  at = body + 1;  // Attributes: no bits defined.
  at = GetSigned(at, stop, out.timestamp_delta);
  if (at == nullptr) return Fail(fault, Kind::kNotAVarint, "timestampDelta");
  at = GetSigned(at, stop, out.offset_delta);
  if (at == nullptr) return Fail(fault, Kind::kNotAVarint, "offsetDelta");
  at = GetBlob(at, stop, "keyLength", -1, out.key_length, out.key, fault);
  if (at == nullptr) return nullptr;
  at = GetBlob(at, stop, "valueLength", -1, out.value_length, out.value, fault);
  if (at == nullptr) return nullptr;
  at = GetSigned(at, stop, out.headers_count);
  if (at == nullptr) return Fail(fault, Kind::kNotAVarint, "headersCount");
  out.headers = at;
  at = SkipHeaders(at, stop, out.headers_count, fault);
  if (at == nullptr) return nullptr;
  if (at != stop) return Fail(fault, Kind::kLeftOver, "length", length, at - body);
  return stop;
}

}  // namespace qalam::record_internal
