#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
#include "common/record/compression.h"

namespace qalam {

struct HeaderInput {
  std::string_view key;
  std::optional<BytesView> value;
};

// Builds batches, record by record. Plain batches are handed over without a copy, with the buffer
// they were built in; a compressed one leaves its buffer for the next. Thread: its owner.
//   BatchBuilder b; b.Add(now, key, value); ... Bytes batch = b.Finish({...});
class BatchBuilder {
 public:
  struct Trailer {
    CompressionType compression = CompressionType::kNone;
    int compression_level = 0;  // 0: the codec's default.
    ProducerId producer_id = kNoProducerId;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
  };

  // `reserve_bytes`: how large batches usually get; only a guess, the builder learns.
  explicit BatchBuilder(std::size_t reserve_bytes = 0) : expected_bytes_(reserve_bytes) {}

  // Bytes are copied. Never fails: sizes are bounded by size_bytes(), which the caller watches (a
  // batch of 2 GiB aborts). The batch's base timestamp is the first record's.
  void Add(TimestampMs timestamp, const std::optional<BytesView>& key,
           const std::optional<BytesView>& value, std::span<const HeaderInput> headers = {}) {
    if (headers.empty()) {
      AddCommon(timestamp, ToBlob(key), ToBlob(value));
    } else {
      AddAny(timestamp, ToBlob(key), ToBlob(value), headers);
    }
  }

  std::int32_t records_count() const { return count_; }
  std::size_t size_bytes() const { return used_; }  // Uncompressed, header included.
  bool empty() const { return count_ == 0; }
  // Upper bound of what Add() would append for these sizes.
  static std::size_t RecordBytesMax(std::size_t key_bytes, std::size_t value_bytes,
                                    std::span<const HeaderInput> headers = {});

  // The whole batch with base offset 0 and leader epoch -1; the builder is then empty again. At
  // least one record must have been added. A compression level that
  // CheckCompressionLevel refuses is a bug and aborts, as does a compressor out of memory.
  Bytes Finish(const Trailer& trailer);
  // The same batch, uncompressed (`trailer.compression` is kNone), without a copy: a view of the
  // builder's own buffer, valid until the next call. The records stay, so that another trailer can
  // be put on them; Clear() empties the builder.
  BytesView FinishInPlace(const Trailer& trailer);
  void Clear() {
    used_ = kBatchHeaderBytes;
    count_ = 0;
  }
  std::size_t capacity_bytes() const { return buffer_.capacity(); }

 private:
  // An optional BytesView that travels in registers.
  struct Blob {
    const std::byte* data;
    std::int64_t length;  // -1: null.
  };
  static Blob ToBlob(const std::optional<BytesView>& bytes) {
    if (!bytes) return {nullptr, -1};
    return {bytes->data(), static_cast<std::int64_t>(bytes->size())};
  }

  // Without headers; hands over to AddAny where it cannot tell beforehand how long the length will
  // be.
  void AddCommon(TimestampMs timestamp, Blob key, Blob value);
  void AddAny(TimestampMs timestamp, Blob key, Blob value, std::span<const HeaderInput> headers);
  static std::byte* PutBlob(std::byte* to, Blob blob);
  static std::size_t HeadersBytes(std::span<const HeaderInput> headers);
  static std::byte* PutHeaders(std::byte* to, std::span<const HeaderInput> headers);
  // Zigzag of the distance to the base timestamp, which the first record sets.
  std::uint64_t TimestampCode(TimestampMs timestamp);
  // Makes room for `bytes` more.
  void Reserve(std::size_t bytes) {
    if (used_ + bytes > buffer_.size()) [[unlikely]] {
      Grow(bytes);
    }
  }
  void Grow(std::size_t bytes);
  BatchHeader HeaderFor(const Trailer& trailer) const;
  static void PutHeader(BatchHeader header, std::span<std::byte> batch);
  Bytes TakePlain();
  Bytes TakeCompressed(const Trailer& trailer);

  Bytes buffer_;  // Header space, the records, and room up to size().
  std::size_t expected_bytes_;
  std::size_t used_ = kBatchHeaderBytes;
  std::int32_t count_ = 0;
  TimestampMs base_timestamp_ = kNoTimestamp;
  TimestampMs max_timestamp_ = kNoTimestamp;
};

}  // namespace qalam
