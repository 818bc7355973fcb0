#include "common/record/batch_builder.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "common/check.h"
#include "common/crc32c.h"
#include "common/record/record_parser.h"

namespace qalam {
namespace {

using record_internal::kVarintBytesMax;
using record_internal::kVarlongBytesMax;
using record_internal::PutVarint;
using record_internal::VarintBytes;
using record_internal::ZigZag;

constexpr std::size_t kBatchBytesMax = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kFirstCapacity = 1024;
constexpr std::size_t kGrowBytes = 16384;
// A record without headers is, besides key and value, attributes, two deltas, two lengths and a
// count.
constexpr std::size_t kFieldsMin = 6;
constexpr std::size_t kFieldsMax = 1 + kVarlongBytesMax + 3 * kVarintBytesMax + 1;
constexpr std::size_t kOneByteEnd = 64;     // Lengths below this take one byte,
constexpr std::size_t kTwoBytesEnd = 8192;  // below this two.

std::byte* PutBytes(std::byte* to, const std::byte* bytes, std::size_t count) {
  if (count > 0) std::memcpy(to, bytes, count);
  return to + count;
}

std::size_t BlobBytes(std::int64_t length) {
  return length < 0 ? 0 : static_cast<std::size_t>(length);
}

}  // namespace

std::size_t BatchBuilder::RecordBytesMax(std::size_t key_bytes, std::size_t value_bytes,
                                         std::span<const HeaderInput> headers) {
  // Length, attributes, two deltas, two lengths, headers count.
  constexpr std::size_t kFixed = kVarintBytesMax + 1 + kVarlongBytesMax + 4 * kVarintBytesMax;
  std::size_t bytes = kFixed + key_bytes + value_bytes;
  for (const HeaderInput& header : headers) {
    bytes += 2 * kVarintBytesMax + header.key.size() + (header.value ? header.value->size() : 0);
  }
  return bytes;
}

inline std::byte* BatchBuilder::PutBlob(std::byte* to, Blob blob) {
  return PutBytes(PutVarint(to, ZigZag(blob.length)), blob.data, BlobBytes(blob.length));
}

inline std::uint64_t BatchBuilder::TimestampCode(TimestampMs timestamp) {
  if (count_ == 0) [[unlikely]] {
    base_timestamp_ = timestamp;
    max_timestamp_ = timestamp;
  }
  max_timestamp_ = std::max(max_timestamp_, timestamp);
  // Unsigned: timestamps may be far apart, the sum at the reader wraps back.
  return ZigZag(static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp) -
                                          static_cast<std::uint64_t>(base_timestamp_)));
}

void BatchBuilder::AddCommon(TimestampMs timestamp, Blob key, Blob value) {
  const std::size_t payload_bytes = BlobBytes(key.length) + BlobBytes(value.length);
  std::size_t length_bytes = 2;
  if (payload_bytes + kFieldsMin < kOneByteEnd || payload_bytes + kFieldsMax >= kTwoBytesEnd) {
    if (payload_bytes + kFieldsMax >= kOneByteEnd) return AddAny(timestamp, key, value, {});
    length_bytes = 1;
  }
  Reserve(kVarintBytesMax + kFieldsMax + payload_bytes);
  const std::uint64_t timestamp_code = TimestampCode(timestamp);
  const std::uint64_t offset_code = std::uint64_t{static_cast<std::uint32_t>(count_++)} << 1;
  const std::size_t used = used_;
  std::byte* const record = buffer_.data() + used;
  std::byte* const body = record + length_bytes;
  std::byte* at = body;
  *at++ = std::byte{0};  // Attributes.
  at = PutVarint(at, timestamp_code);
  at = PutVarint(at, offset_code);
  at = PutBlob(at, key);
  at = PutBlob(at, value);
  *at++ = std::byte{0};  // Headers.
  PutVarint(record, static_cast<std::uint64_t>(at - body) << 1);
  used_ = used + static_cast<std::size_t>(at - record);
}

void BatchBuilder::AddAny(TimestampMs timestamp, Blob key, Blob value,
                          std::span<const HeaderInput> headers) {
  const std::uint64_t timestamp_code = TimestampCode(timestamp);
  const std::uint64_t offset_code = std::uint64_t{static_cast<std::uint32_t>(count_)} << 1;
  const std::uint64_t headers_code = std::uint64_t{headers.size()} << 1;
  const std::size_t body_bytes = 1 + VarintBytes(timestamp_code) + VarintBytes(offset_code) +
                                 VarintBytes(ZigZag(key.length)) + BlobBytes(key.length) +
                                 VarintBytes(ZigZag(value.length)) + BlobBytes(value.length) +
                                 VarintBytes(headers_code) + HeadersBytes(headers);
  Reserve(kVarintBytesMax + body_bytes);
  std::byte* at = buffer_.data() + used_;
  at = PutVarint(at, std::uint64_t{body_bytes} << 1);
  *at++ = std::byte{0};  // Attributes.
  at = PutVarint(at, timestamp_code);
  at = PutVarint(at, offset_code);
  at = PutBlob(at, key);
  at = PutBlob(at, value);
  at = PutVarint(at, headers_code);
  at = PutHeaders(at, headers);
  used_ = static_cast<std::size_t>(at - buffer_.data());
  ++count_;
}

std::size_t BatchBuilder::HeadersBytes(std::span<const HeaderInput> headers) {
  std::size_t bytes = 0;
  for (const HeaderInput& header : headers) {
    const std::int64_t length = ToBlob(header.value).length;
    bytes += VarintBytes(std::uint64_t{header.key.size()} << 1) + header.key.size() +
             VarintBytes(ZigZag(length)) + BlobBytes(length);
  }
  return bytes;
}

std::byte* BatchBuilder::PutHeaders(std::byte* to, std::span<const HeaderInput> headers) {
  for (const HeaderInput& header : headers) {
    to = PutBlob(to, ToBlob(AsBytes(header.key)));
    to = PutBlob(to, ToBlob(header.value));
  }
  return to;
}

// A vector clears its new bytes. In small steps that is cheap, as they are written next and still
// in the nearest cache; copying the finished batch out of a larger buffer would cost more.
void BatchBuilder::Grow(std::size_t bytes) {
  QALAM_CHECK(bytes <= kBatchBytesMax && used_ + bytes <= kBatchBytesMax);
  if (buffer_.empty()) buffer_.reserve(expected_bytes_);
  const std::size_t needed = used_ + bytes;
  if (needed > buffer_.capacity()) {
    buffer_.reserve(std::max({needed, buffer_.capacity() * 2, kFirstCapacity}));
  }
  buffer_.resize(std::min(needed + kGrowBytes, buffer_.capacity()));
}

BatchHeader BatchBuilder::HeaderFor(const Trailer& trailer) const {
  QALAM_CHECK(count_ > 0);
  BatchHeader header;
  header.attributes = static_cast<std::int16_t>(trailer.compression);
  header.last_offset_delta = count_ - 1;
  header.base_timestamp = base_timestamp_;
  header.max_timestamp = max_timestamp_;
  header.producer_id = trailer.producer_id;
  header.producer_epoch = trailer.producer_epoch;
  header.base_sequence = trailer.base_sequence;
  header.records_count = count_;
  return header;
}

void BatchBuilder::PutHeader(BatchHeader header, std::span<std::byte> batch) {
  QALAM_CHECK(batch.size() <= kBatchBytesMax);
  header.batch_length = static_cast<std::int32_t>(batch.size() - kBatchLengthPrefixBytes);
  const auto start = batch.first<kBatchHeaderBytes>();
  header.Encode(start);
  header.crc = Crc32c(batch.subspan(kBatchCrcStart));
  header.Encode(start);
}

Bytes BatchBuilder::TakePlain() {
  constexpr std::size_t kWasteMax = 4;
  expected_bytes_ = used_ + used_ / 8 + kFieldsMax + kVarintBytesMax;
  if (used_ < buffer_.capacity() / kWasteMax) {
    return {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_)};
  }
  buffer_.resize(used_);
  return std::exchange(buffer_, {});
}

Bytes BatchBuilder::TakeCompressed(const Trailer& trailer) {
  Bytes batch(kBatchHeaderBytes);
  const BytesView records =
      BytesView(buffer_).subspan(kBatchHeaderBytes, used_ - kBatchHeaderBytes);
  const Status status = Compress(trailer.compression, records, batch, trailer.compression_level);
  QALAM_CHECK(status.ok());
  return batch;
}

Bytes BatchBuilder::Finish(const Trailer& trailer) {
  const BatchHeader header = HeaderFor(trailer);
  Bytes batch =
      trailer.compression == CompressionType::kNone ? TakePlain() : TakeCompressed(trailer);
  PutHeader(header, batch);
  Clear();
  return batch;
}

BytesView BatchBuilder::FinishInPlace(const Trailer& trailer) {
  QALAM_CHECK(trailer.compression == CompressionType::kNone);
  const auto batch = std::span(buffer_).first(used_);
  PutHeader(HeaderFor(trailer), batch);
  return batch;
}

}  // namespace qalam
