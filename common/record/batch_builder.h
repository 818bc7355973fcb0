#pragma once

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

// Builds one batch, record by record, into one buffer that is reused. Thread: its owner.
//   BatchBuilder b; b.Add(now, key, value); ... Bytes batch = b.Finish({...});
class BatchBuilder {
 public:
  struct Trailer {
    CompressionType compression = CompressionType::kNone;
    int compression_level = 0;
    ProducerId producer_id = kNoProducerId;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
  };

  explicit BatchBuilder(std::size_t reserve_bytes = 0);

  // Bytes are copied. Never fails: sizes are bounded by size_bytes(), which the caller watches.
  void Add(TimestampMs timestamp, std::optional<BytesView> key, std::optional<BytesView> value,
           std::span<const HeaderInput> headers = {});

  std::int32_t records_count() const { return count_; }
  std::size_t size_bytes() const { return buffer_.size(); }  // Uncompressed, header included.
  bool empty() const { return count_ == 0; }
  // Upper bound of what Add() would append for these sizes.
  static std::size_t RecordBytesMax(std::size_t key_bytes, std::size_t value_bytes,
                                    std::span<const HeaderInput> headers = {});

  // The whole batch with base offset 0 and leader epoch -1; the builder is then empty again.
  // At least one record must have been added. Errors of a compressor abort: they mean out of
  // memory.
  Bytes Finish(const Trailer& trailer);

 private:
  Bytes buffer_;
  std::int32_t count_ = 0;
  TimestampMs base_timestamp_ = kNoTimestamp;
  TimestampMs max_timestamp_ = kNoTimestamp;
};

}  // namespace qalam
