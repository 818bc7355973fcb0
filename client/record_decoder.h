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
#include "qalam/reader.h"

namespace qalam::abi0 {

class StoragePool;

// What a Batch owns: the received bytes, what was decompressed from them, and the records in them.
struct Batch::Storage {
  RawBuffer received;
  std::vector<Bytes> decompressed;
  std::size_t decompressed_count = 0;
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
  std::size_t decompressed_bytes_max = 0;
  bool check_crc = true;
};

// Where decoding got to.
struct DecodeResult {
  std::int64_t next_offset = 0;  // Everything before was appended to the storage or is not wanted.
  bool reached_until = false;
};

// Decodes the batches in `storage.received` into `storage.records`. On an error the storage holds
// the records before the bad batch and `progress` says how far that is. Errors: CORRUPT_BATCH,
// INVALID_RECORD, UNSUPPORTED_CODEC, DECOMPRESSION_LIMIT, with the offset.
Status DecodeRecords(const DecodeOptions& options, Batch::Storage& storage, DecodeResult& progress);

}  // namespace qalam::abi0
