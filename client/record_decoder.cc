#include "client/record_decoder.h"

#include <utility>

#include "client/wire_error.h"
#include "common/record/batch_view.h"

namespace qalam::abi0 {
namespace {

constexpr std::size_t kPooledMax = 4;

std::int32_t Length(const std::optional<BytesView>& bytes) {
  return bytes ? static_cast<std::int32_t>(bytes->size()) : -1;
}

const char* Data(const std::optional<BytesView>& bytes) {
  return bytes ? reinterpret_cast<const char*>(bytes->data()) : nullptr;
}

// The error with where it is; `core::Error` knows only what.
Error At(const core::Error& error, const Batch::Storage& storage, std::int64_t offset) {
  const Error plain = ErrorFromCore(error);
  std::map<std::string, std::string> details = plain.details();
  details["topic"] = storage.topic;
  details["partition"] = std::to_string(storage.partition);
  details["offset"] = std::to_string(offset);
  return {plain.code(),
          storage.topic + "-" + std::to_string(storage.partition) + " at offset " +
              std::to_string(offset) + ": " + plain.message(),
          std::move(details)};
}

const detail::RecordOrigin* OriginOf(Batch::Storage& storage, std::int32_t leader_epoch) {
  if (storage.origins.empty() || storage.origins.back().leader_epoch != leader_epoch) {
    storage.origins.push_back({storage.topic, storage.partition, leader_epoch});
  }
  return &storage.origins.back();
}

core::Result<BytesView> Block(const BatchSpan& batch, std::size_t bytes_max,
                              Batch::Storage& storage) {
  if (batch.header.codec_bits() == 0) return batch.records();
  if (storage.decompressed_count == storage.decompressed.size())
    storage.decompressed.emplace_back();
  // A vector's bytes stay where they are when the vector of vectors grows.
  return DecompressRecords(batch, storage.decompressed[storage.decompressed_count++], bytes_max);
}

// Appends the wanted records of one batch.
core::Status DecodeBatch(const BatchSpan& batch, BytesView block, const DecodeOptions& options,
                         Batch::Storage& storage, DecodeResult& progress) {
  const detail::RecordOrigin* const origin = OriginOf(storage, batch.header.leader_epoch);
  RecordCursor cursor(batch.header, block);
  const std::int64_t from = progress.next_offset;
  while (true) {
    auto next = cursor.Next();
    if (!next.ok()) return std::move(next).error();
    if (!next.value()) return OkStatus();
    const qalam::RecordView& record = *next.value();
    if (record.offset < from) continue;
    if ((options.until_offset && record.offset >= *options.until_offset) ||
        (options.until_time_ms && record.timestamp >= *options.until_time_ms)) {
      progress.next_offset = record.offset;
      progress.reached_until = true;
      return OkStatus();
    }
    RecordView::Parts parts;
    parts.origin = origin;
    parts.offset = record.offset;
    parts.timestamp_ms = record.timestamp;
    parts.key = Data(record.key);
    parts.key_bytes = Length(record.key);
    parts.value = Data(record.value);
    parts.value_bytes = Length(record.value);
    parts.headers = reinterpret_cast<const char*>(record.headers.data());
    parts.headers_bytes = static_cast<std::int32_t>(record.headers.size());
    parts.headers_count = record.headers_count;
    storage.records.emplace_back(parts);
  }
}

}  // namespace

void Batch::Storage::Clear() {
  decompressed_count = 0;
  records.clear();
  origins.clear();
  next_offset = -1;
  high_watermark = -1;
}

std::unique_ptr<Batch::Storage> StoragePool::Take() {
  std::unique_ptr<Batch::Storage> storage;
  {
    MutexLock lock(mutex_);
    if (!free_.empty()) {
      storage = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (storage == nullptr) storage = std::make_unique<Batch::Storage>();
  storage->Clear();
  storage->pool = weak_from_this();
  return storage;
}

void StoragePool::Give(std::unique_ptr<Batch::Storage> storage) {
  MutexLock lock(mutex_);
  if (free_.size() < kPooledMax) free_.push_back(std::move(storage));
}

Status DecodeRecords(const DecodeOptions& options, Batch::Storage& storage,
                     DecodeResult& progress) {
  progress.next_offset = options.from_offset;
  progress.reached_until = false;
  BatchCursor batches(storage.received.view());
  while (true) {
    auto next = batches.Next();
    if (!next.ok()) return At(next.error(), storage, progress.next_offset);
    if (!next.value()) break;
    const BatchSpan& batch = *next.value();
    if (batch.header.next_offset() <= progress.next_offset) continue;
    if (options.until_offset && batch.header.base_offset >= *options.until_offset) {
      progress.reached_until = true;
      return {};
    }
    if (options.check_crc) {
      if (const auto status = CheckBatchCrc(batch.bytes); !status.ok()) {
        return At(status.error(), storage, batch.header.base_offset);
      }
    }
    if (!batch.header.control()) {
      const std::size_t before = storage.records.size();
      const auto block = Block(batch, options.decompressed_bytes_max, storage);
      core::Status status;
      if (block.ok()) {
        status = DecodeBatch(batch, block.value(), options, storage, progress);
      } else {
        status = block.error();
      }
      if (!status.ok()) {
        storage.records.erase(storage.records.begin() + static_cast<std::ptrdiff_t>(before),
                              storage.records.end());
        return At(status.error(), storage, batch.header.base_offset);
      }
      if (progress.reached_until) return {};
    }
    progress.next_offset = batch.header.next_offset();
  }
  if (batches.rest_bytes() != 0) {
    return At(core::Error(ErrorCode::kCorruptBatch,
                          std::to_string(batches.rest_bytes()) + " bytes are no whole batch"),
              storage, progress.next_offset);
  }
  return {};
}

}  // namespace qalam::abi0
