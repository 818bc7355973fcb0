#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "client/delivery_state.h"
#include "client/steady_time.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "common/mutex.h"
#include "common/record/batch_builder.h"

namespace qalam::abi0 {

// Who sends, as the broker told it.
struct ProducerIdentity {
  ProducerId id = kNoProducerId;
  std::int16_t epoch = -1;
  friend bool operator==(const ProducerIdentity&, const ProducerIdentity&) = default;
};

// The bytes of one batch: first the records as they are added, then the encoded batch. Whoever
// still needs the bytes (the connection) shares ownership. Thread: its owner.
class BatchBuffer {
 public:
  BatchBuilder& builder() { return builder_; }

  // Encodes with compression; the sender is put on later.
  void Compress(CompressionType type, int level);
  bool compressed() const { return !encoded_.empty(); }
  // The whole batch with this sender and sequence. May be called again with another.
  BytesView Stamp(const ProducerIdentity& identity, std::int32_t base_sequence);
  // A buffer of its own with the same batch, for when the connection still reads this one.
  std::shared_ptr<BatchBuffer> Clone(BytesView stamped) const;
  void Clear();
  std::size_t capacity_bytes() const { return builder_.capacity_bytes() + encoded_.capacity(); }

 private:
  BatchBuilder builder_;
  Bytes encoded_;  // Not empty: this is the batch, the builder is not used any more.
};

// Buffers that were used are used again: a new large buffer costs a page fault per 4 KiB.
// Thread: any.
class BufferPool {
 public:
  explicit BufferPool(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  std::shared_ptr<BatchBuffer> Take();
  // Kept only if nobody else holds it and there is room.
  void Give(std::shared_ptr<BatchBuffer> buffer);

 private:
  const std::size_t bytes_max_;
  Mutex mutex_;
  std::size_t bytes_ QALAM_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<BatchBuffer>> free_ QALAM_GUARDED_BY(mutex_);
};

// A batch between its first record and its verdict. Thread: its owner (accumulator, then
// ProduceState).
struct PendingBatch {
  std::shared_ptr<DeliveryState> delivery;
  std::shared_ptr<BatchBuffer> buffer;  // Null once nobody will send it again.
  std::int32_t records_count = 0;
  std::int32_t callers_count = 0;  // Of NoteCaller.
  const void* last_caller = nullptr;
  std::size_t reserved_bytes = 0;  // Of the producer's buffer_bytes.
  TimePoint opened_at{};
  TimePoint deadline{};
  std::optional<std::int64_t> expected_offset;
  bool ready = true;  // False while it is being compressed.

  // Set with each attempt to send it.
  ProducerIdentity identity;
  std::int32_t base_sequence = -1;  // -1: none given yet.
  BytesView bytes;                  // Stamped; inside `buffer`.
  std::uint64_t attempt_id = 0;
  std::int32_t attempts = 0;
  TimePoint sent_at{};
  // An earlier attempt ended without an answer.
  bool maybe_written = false;
  // Its verdict is given, it only waits for an answer that keeps the sequence in step.
  bool expired = false;

  // The calling thread got a Delivery of it. Counts those that take turns: as many may wait for it.
  void NoteCaller();
};
using BatchPtr = std::unique_ptr<PendingBatch>;

}  // namespace qalam::abi0
