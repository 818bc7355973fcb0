#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "qalam/export.h"
#include "qalam/options.h"
#include "qalam/record.h"
#include "qalam/result.h"

QALAM_BEGIN_NAMESPACE
class ReaderCore;  // Not public.

// Records of one partition, in order, dense in offsets unless the log itself has holes. Owns the
// bytes its views point into. Thread: a value; reading it, any.
class QALAM_EXPORT Batch {
 public:
  Batch() noexcept;  // Empty.
  ~Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;

  bool empty() const noexcept { return count_ == 0; }
  std::size_t size() const noexcept { return count_; }
  const RecordView* begin() const noexcept { return records_; }
  const RecordView* end() const noexcept { return records_ + count_; }
  const RecordView& operator[](std::size_t i) const noexcept { return records_[i]; }

  // Of an empty batch: "" and -1.
  const std::string& topic() const noexcept;
  std::int32_t partition() const noexcept;
  // Where reading goes on after this batch.
  std::int64_t next_offset() const noexcept;
  // Everything below may be read; as the broker said with this batch.
  std::int64_t high_watermark() const noexcept;

  struct Storage;  // Not public.

 private:
  friend class ReaderCore;
  explicit Batch(std::unique_ptr<Storage> storage) noexcept;
  std::unique_ptr<Storage> storage_;
  const RecordView* records_ = nullptr;
  std::size_t count_ = 0;
};

// Where a reader stands in one partition. -1: not known yet.
struct ReaderPosition {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next_offset = -1;
  std::int64_t until_offset = -1;  // Exclusive; -1: none (or not known yet).
  std::int64_t high_watermark = -1;
  std::int64_t log_start_offset = -1;
  std::int32_t leader_epoch = -1;
  bool done = false;  // Reached its Until.
};

// Reads partitions without a group and follows them as they grow. When the broker goes away it
// comes back by itself, at the next offset: no gap, no record twice. Memory is bounded by
// fetch_bytes_max. Thread: one at a time, except Wakeup. The destructor returns at once.
class QALAM_EXPORT Reader {
 public:
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // The next records of some partition. An empty batch when `timeout` passed, after Wakeup, and
  // at once when done(). Errors are for one partition (details: topic, partition, offset) and
  // come again with the next call, after another try, while their cause stays: UNREACHABLE,
  // UNKNOWN_TOPIC, UNKNOWN_PARTITION, OFFSET_OUT_OF_RANGE (policy kFail), CORRUPT_BATCH,
  // INVALID_RECORD, UNSUPPORTED_CODEC, DECOMPRESSION_LIMIT, INVALID_ARGUMENT, and the broker's.
  // Seek gets past them.
  Result<Batch> Next(std::chrono::milliseconds timeout);

  // Every partition reached its Until.
  bool done() const;

  // Goes on at another place; what was received and not returned is dropped.
  // Errors: UNKNOWN_PARTITION (not one of this reader's).
  Status Seek(const TopicPartition& partition, From from);

  // Makes the current Next, or else the coming one, return an empty batch at once. Thread: any.
  void Wakeup() noexcept;

  std::vector<ReaderPosition> positions() const;
  // Received and not yet returned.
  std::size_t buffered_bytes() const;

 private:
  friend class Client;
  explicit Reader(std::shared_ptr<ReaderCore> core) noexcept;
  std::shared_ptr<ReaderCore> core_;
};

QALAM_END_NAMESPACE
