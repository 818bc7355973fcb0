#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "client/pending_batch.h"
#include "qalam/record.h"

namespace qalam::abi0 {

struct AccumulatorOptions {
  std::size_t batch_bytes = std::size_t{256} << 10;
  std::chrono::nanoseconds linger{0};
  std::chrono::nanoseconds delivery_timeout = std::chrono::seconds(30);
};

// The batch of one partition that still takes records. Thread: its owner (a PartitionQueue's lock).
class RecordAccumulator {
 public:
  // `source`: of the verdicts on its batches; null: nobody can fetch them.
  RecordAccumulator(const AccumulatorOptions& options, BufferPool& pool,
                    std::shared_ptr<AnswerSource> source = nullptr)
      : options_(options), pool_(pool), source_(std::move(source)) {}

  // Upper bound of what a record takes in a batch.
  static std::size_t RecordBytes(const RecordRef& record);

  bool empty() const { return open_ == nullptr; }
  // The open batch can't take `bytes` more: seal it first.
  bool MustSealBefore(std::size_t bytes) const;
  // What the open batch, or a new one, would need to have reserved to take `bytes` more.
  std::size_t ReservationFor(std::size_t bytes) const;
  std::size_t reserved_bytes() const { return open_ ? open_->reserved_bytes : 0; }

  // Opens a batch if there is none. `reserved_bytes` is added to what the batch has reserved.
  // Returns the record's place in the batch.
  std::int32_t Add(const RecordRef& record, std::int64_t timestamp_ms, std::size_t reserved_bytes,
                   TimePoint now);
  PendingBatch& open() { return *open_; }
  // Another record of `bytes` would not fit.
  bool full(std::size_t bytes) const { return open_ && MustSealBefore(bytes); }
  // When the open batch has to leave at the latest; TimePoint::max() without one.
  TimePoint seal_at() const;
  BatchPtr Seal();

 private:
  const AccumulatorOptions options_;
  BufferPool& pool_;
  const std::shared_ptr<AnswerSource> source_;
  BatchPtr open_;
};

}  // namespace qalam::abi0
