#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "client/wire_codec.h"
#include "common/bytes.h"
#include "common/mutex.h"
#include "common/record/batch_view.h"
#include "qalam/reader.h"

namespace qalam::abi0 {

class StoragePool;

// What a Batch owns: the received bytes, what was decompressed from them, and the records in them.
// Bytes that hold records of the next Batch too are shared with it.
struct Batch::Storage {
  std::shared_ptr<RawBuffer> received;
  std::vector<std::shared_ptr<Bytes>> decompressed;
  std::size_t decompressed_count = 0;
  std::size_t decompressed_bytes = 0;
  std::vector<RecordView> records;
  std::deque<detail::RecordOrigin> origins;  // One per leader epoch; addresses stay.
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t next_offset = -1;
  std::int64_t high_watermark = -1;
  std::weak_ptr<StoragePool> pool;

  void Clear();
};

// Storages that are used again, so that reading does not fault in new pages for each batch. Thread:
// any.
class StoragePool : public std::enable_shared_from_this<StoragePool> {
 public:
  std::unique_ptr<Batch::Storage> Take();
  void Give(std::unique_ptr<Batch::Storage> storage);

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<Batch::Storage>> free_ QALAM_GUARDED_BY(mutex_);
};

struct DecodeOptions {
  std::int64_t from_offset = 0;               // Records before are skipped.
  std::optional<std::int64_t> until_offset;   // Exclusive.
  std::optional<std::int64_t> until_time_ms;  // Ends before the first record of this time or later.
  std::size_t decompressed_bytes_max = 0;     // Of one batch.
  // A Batch takes no further batch once it holds so much that was decompressed for it.
  std::size_t unpacked_bytes_soft_max = std::size_t{1} << 20;
  std::size_t records_max = std::size_t{64} << 10;  // In one Batch.
  bool check_crc = true;
};

// Where decoding got to.
struct DecodeResult {
  std::int64_t next_offset = 0;  // Everything before was appended to the storage or is not wanted.
  bool reached_until = false;
};

// One message's way from received bytes to records, a piece at a time: what waits for its turn
// stays compressed. Thread: its owner.
class RecordDecoder {
 public:
  explicit RecordDecoder(std::shared_ptr<RawBuffer> received);

  // Puts the next records into `storage`, which shares the received bytes from then on. On an error
  // the storage holds what came before the bad batch and `progress` says how far that is. Errors:
  // CORRUPT_BATCH, INVALID_RECORD, UNSUPPORTED_CODEC, DECOMPRESSION_LIMIT, with the offset.
  Status Next(const DecodeOptions& options, Batch::Storage& storage, DecodeResult& progress);
  // Nothing is left, once Next was called.
  bool done() const { return done_; }
  std::size_t received_bytes() const { return received_->view().size(); }

 private:
  // The batch whose records are being taken.
  struct OpenBatch {
    BatchHeader header;
    std::shared_ptr<Bytes> block;  // Null: the records are in the received bytes.
    RecordCursor records;
  };

  // False: the batch holds nothing that is wanted.
  core::Result<bool> Open(const BatchSpan& batch, const DecodeOptions& options,
                          Batch::Storage& storage);
  core::Status TakeRecords(const DecodeOptions& options, Batch::Storage& storage,
                           DecodeResult& progress);

  const std::shared_ptr<RawBuffer> received_;
  BatchCursor batches_;
  std::optional<OpenBatch> open_;
  bool done_ = false;
};

}  // namespace qalam::abi0
