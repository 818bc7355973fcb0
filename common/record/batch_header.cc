#include "common/record/batch_header.h"

#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "common/check.h"
#include "common/crc32c.h"

namespace qalam {
namespace {

constexpr std::size_t kBaseOffsetAt = 0;
constexpr std::size_t kBatchLengthAt = 8;
constexpr std::size_t kLeaderEpochAt = 12;
constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kLastOffsetDeltaAt = 23;
constexpr std::size_t kBaseTimestampAt = 27;
constexpr std::size_t kMaxTimestampAt = 35;
constexpr std::size_t kProducerIdAt = 43;
constexpr std::size_t kProducerEpochAt = 51;
constexpr std::size_t kBaseSequenceAt = 53;
constexpr std::size_t kRecordsCountAt = 57;
static_assert(kAttributesAt == kBatchCrcStart);
static_assert(kRecordsCountAt + sizeof(std::int32_t) == kBatchHeaderBytes);

// Big-endian bytes <-> value; the same operation both ways.
template <typename U>
U SwapBig(U value) {
  if constexpr (std::endian::native == std::endian::big || sizeof(U) == 1) {
    return value;
  } else if constexpr (sizeof(U) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(U) == 4) {
    return __builtin_bswap32(value);
  } else {
    static_assert(sizeof(U) == 8);
    return __builtin_bswap64(value);
  }
}

template <typename T>
T Load(const std::byte* from) {
  std::make_unsigned_t<T> value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<T>(SwapBig(value));
}

template <typename T>
void Store(std::byte* to, T value) {
  const auto big = SwapBig(static_cast<std::make_unsigned_t<T>>(value));
  std::memcpy(to, &big, sizeof big);
}

}  // namespace

BatchHeader BatchHeader::Decode(BytesView bytes) {
  QALAM_CHECK(bytes.size() >= kBatchHeaderBytes);
  const std::byte* at = bytes.data();
  BatchHeader header;
  header.base_offset = Load<Offset>(at + kBaseOffsetAt);
  header.batch_length = Load<std::int32_t>(at + kBatchLengthAt);
  header.leader_epoch = Load<Epoch>(at + kLeaderEpochAt);
  header.magic = Load<std::int8_t>(at + kBatchMagicAt);
  header.crc = Load<std::uint32_t>(at + kCrcAt);
  header.attributes = Load<std::int16_t>(at + kAttributesAt);
  header.last_offset_delta = Load<std::int32_t>(at + kLastOffsetDeltaAt);
  header.base_timestamp = Load<TimestampMs>(at + kBaseTimestampAt);
  header.max_timestamp = Load<TimestampMs>(at + kMaxTimestampAt);
  header.producer_id = Load<ProducerId>(at + kProducerIdAt);
  header.producer_epoch = Load<std::int16_t>(at + kProducerEpochAt);
  header.base_sequence = Load<std::int32_t>(at + kBaseSequenceAt);
  header.records_count = Load<std::int32_t>(at + kRecordsCountAt);
  return header;
}

void BatchHeader::Encode(std::span<std::byte, kBatchHeaderBytes> out) const {
  std::byte* at = out.data();
  Store(at + kBaseOffsetAt, base_offset);
  Store(at + kBatchLengthAt, batch_length);
  Store(at + kLeaderEpochAt, leader_epoch);
  Store(at + kBatchMagicAt, magic);
  Store(at + kCrcAt, crc);
  Store(at + kAttributesAt, attributes);
  Store(at + kLastOffsetDeltaAt, last_offset_delta);
  Store(at + kBaseTimestampAt, base_timestamp);
  Store(at + kMaxTimestampAt, max_timestamp);
  Store(at + kProducerIdAt, producer_id);
  Store(at + kProducerEpochAt, producer_epoch);
  Store(at + kBaseSequenceAt, base_sequence);
  Store(at + kRecordsCountAt, records_count);
}

std::int32_t BatchHeader::AddSequence(std::int32_t sequence, std::int32_t increment) {
  constexpr std::uint32_t kSequenceMask = std::numeric_limits<std::int32_t>::max();
  const std::uint32_t sum =
      static_cast<std::uint32_t>(sequence) + static_cast<std::uint32_t>(increment);
  // A negative sequence means "none" and stays what plain addition gives.
  return static_cast<std::int32_t>(sequence < 0 ? sum : sum & kSequenceMask);
}

void StampBatch(std::span<std::byte, kBatchHeaderBytes> header, Offset base_offset, Epoch epoch) {
  Store(header.data() + kBaseOffsetAt, base_offset);
  Store(header.data() + kLeaderEpochAt, epoch);
}

std::uint32_t BatchCrc(std::span<const std::byte, kBatchHeaderBytes> header, BytesView records) {
  return Crc32cExtend(Crc32c(header.subspan<kBatchCrcStart>()), records);
}

}  // namespace qalam
