#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/compression.h"

namespace qalam {

// The 61 bytes before the records of a RecordBatch v2 (docs/formats/record-batch.md). Big-endian.
//   0 baseOffset i64 | 8 batchLength i32 | 12 leaderEpoch i32 | 16 magic i8 | 17 crc u32 |
//  21 attributes i16 | 23 lastOffsetDelta i32 | 27 baseTimestamp i64 | 35 maxTimestamp i64 |
//  43 producerId i64 | 51 producerEpoch i16 | 53 baseSequence i32 | 57 recordsCount i32
// The CRC covers bytes 21 to the end: base offset and leader epoch can be stamped without touching
// it.
inline constexpr std::size_t kBatchHeaderBytes = 61;
inline constexpr std::size_t kBatchLengthPrefixBytes =
    12;  // baseOffset and batchLength themselves.
inline constexpr std::size_t kBatchMagicAt = 16;
inline constexpr std::size_t kBatchCrcStart = 21;
inline constexpr std::int8_t kBatchMagic = 2;

using BatchHeaderBytes = std::array<std::byte, kBatchHeaderBytes>;

// A decoded header. Plain values exactly as in the bytes: decoding checks nothing but the size.
// Thread: a value.
struct BatchHeader {
  Offset base_offset = 0;
  std::int32_t batch_length = 0;  // Bytes after this field: total size - 12.
  Epoch leader_epoch = kNoEpoch;
  std::int8_t magic = kBatchMagic;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  TimestampMs base_timestamp = kNoTimestamp;
  TimestampMs max_timestamp = kNoTimestamp;
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t records_count = 0;

  static constexpr std::int16_t kCodecMask = 0x07;
  static constexpr std::int16_t kLogAppendTimeBit = 0x08;
  static constexpr std::int16_t kTransactionalBit = 0x10;
  static constexpr std::int16_t kControlBit = 0x20;
  static constexpr std::int16_t kDeleteHorizonBit = 0x40;

  // `bytes` holds at least kBatchHeaderBytes.
  static BatchHeader Decode(BytesView bytes);
  void Encode(std::span<std::byte, kBatchHeaderBytes> out) const;

  // Whole batch, header included. 64 bits: batch_length may be a lie.
  std::int64_t size_bytes() const {
    return std::int64_t{batch_length} + static_cast<std::int64_t>(kBatchLengthPrefixBytes);
  }
  // Of a lying header they may wrap round, but never are undefined.
  Offset last_offset() const {
    return static_cast<Offset>(static_cast<std::uint64_t>(base_offset) +
                               static_cast<std::uint64_t>(std::int64_t{last_offset_delta}));
  }
  Offset next_offset() const {
    return static_cast<Offset>(static_cast<std::uint64_t>(last_offset()) + 1);
  }
  // Such offsets can be: 0 <= base <= last < next. To be asked of what comes from outside.
  bool offsets_are_sound() const {
    return base_offset >= 0 && last_offset_delta >= 0 && next_offset() > base_offset;
  }
  int codec_bits() const { return attributes & kCodecMask; }
  bool log_append_time() const { return (attributes & kLogAppendTimeBit) != 0; }
  bool transactional() const { return (attributes & kTransactionalBit) != 0; }
  bool control() const { return (attributes & kControlBit) != 0; }
  bool has_producer() const { return producer_id >= 0; }
  // Sequences live in 0..2^31-1; after the last comes 0.
  std::int32_t last_sequence() const { return AddSequence(base_sequence, last_offset_delta); }
  static std::int32_t AddSequence(std::int32_t sequence, std::int32_t increment);

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

// Writes base offset and leader epoch into a header's bytes; the CRC stays right.
void StampBatch(std::span<std::byte, kBatchHeaderBytes> header, Offset base_offset, Epoch epoch);

// CRC-32C of header bytes 21..60 followed by `records`.
std::uint32_t BatchCrc(std::span<const std::byte, kBatchHeaderBytes> header, BytesView records);

}  // namespace qalam
