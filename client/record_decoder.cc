#include "client/record_decoder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "client/wire_error.h"
#include "common/record/batch_view.h"

namespace qalam::abi0 {
namespace {

constexpr std::size_t kPooledMax = 4;
constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kKeptBlockBytesMax = std::size_t{2} << 20;

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

std::shared_ptr<Bytes>& NextBlock(Batch::Storage& storage) {
  if (storage.decompressed_count == storage.decompressed.size())
    storage.decompressed.emplace_back();
  auto& block = storage.decompressed[storage.decompressed_count++];
  if (block == nullptr) block = std::make_shared<Bytes>();
  return block;
}

}  // namespace

void Batch::Storage::Clear() {
  if (received != nullptr && received.use_count() > 1) received = nullptr;
  for (auto& block : decompressed) {
    if (block != nullptr && (block.use_count() > 1 || block->capacity() > kKeptBlockBytesMax))
      block = nullptr;
  }
  decompressed_count = 0;
  decompressed_bytes = 0;
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
  storage->pool = weak_from_this();
  return storage;
}

void StoragePool::Give(std::unique_ptr<Batch::Storage> storage) {
  storage->Clear();
  MutexLock lock(mutex_);
  if (free_.size() < kPooledMax) free_.push_back(std::move(storage));
}

RecordDecoder::RecordDecoder(std::shared_ptr<RawBuffer> received)
    : received_(std::move(received)), batches_(received_->view()) {}

core::Result<bool> RecordDecoder::Open(const BatchSpan& batch, const DecodeOptions& options,
                                       Batch::Storage& storage) {
  if (options.check_crc) {
    if (const auto status = CheckBatchCrc(batch.bytes); !status.ok()) return status.error();
  }
  if (batch.header.control()) return false;
  if (batch.header.codec_bits() == 0) {
    open_.emplace(OpenBatch{batch.header, nullptr, RecordCursor(batch.header, batch.records())});
    return true;
  }
  const std::shared_ptr<Bytes> block = NextBlock(storage);
  const auto records = DecompressRecords(batch, *block, options.decompressed_bytes_max);
  if (!records.ok()) return records.error();
  storage.decompressed_bytes += block->size();
  open_.emplace(OpenBatch{batch.header, block, RecordCursor(batch.header, records.value())});
  return true;
}

// Appends the wanted records of the open batch, and closes it after the last.
core::Status RecordDecoder::TakeRecords(const DecodeOptions& options, Batch::Storage& storage,
                                        DecodeResult& progress) {
  const detail::RecordOrigin* const origin = OriginOf(storage, open_->header.leader_epoch);
  const std::int64_t from = progress.next_offset;
  const std::int64_t until_offset = options.until_offset.value_or(kNoEnd);
  const std::int64_t until_time_ms = options.until_time_ms.value_or(kNoEnd);
  std::vector<RecordView>& records = storage.records;
  const std::size_t room = options.records_max - records.size();
  records.reserve(records.size() +
                  std::min(room, static_cast<std::size_t>(open_->header.records_count)));
  std::int64_t next_offset = from;
  const bool stopped = open_->records.Walk([&](const qalam::RecordView& record) {
    if (record.offset < from) return true;
    if (record.offset >= until_offset || record.timestamp >= until_time_ms) {
      next_offset = record.offset;
      progress.reached_until = true;
      return false;
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
    records.emplace_back(parts);
    next_offset = record.offset + 1;
    return records.size() < options.records_max;
  });
  if (stopped) {
    progress.next_offset = next_offset;
    return OkStatus();
  }
  if (!open_->records.status().ok()) return open_->records.status();
  progress.next_offset = open_->header.next_offset();
  open_.reset();
  return OkStatus();
}

Status RecordDecoder::Next(const DecodeOptions& options, Batch::Storage& storage,
                           DecodeResult& progress) {
  progress.next_offset = options.from_offset;
  progress.reached_until = false;
  storage.received = received_;
  if (open_ && open_->block != nullptr) NextBlock(storage) = open_->block;
  while (storage.records.size() < options.records_max &&
         storage.decompressed_bytes < options.unpacked_bytes_soft_max) {
    if (!open_) {
      const auto next = batches_.Next();
      if (!next.ok()) return At(next.error(), storage, progress.next_offset);
      if (!next.value()) {
        done_ = true;
        break;
      }
      const BatchSpan& batch = *next.value();
      if (!batch.header.offsets_are_sound()) {
        return At(core::Error(ErrorCode::kCorruptBatch,
                              "offset " + std::to_string(batch.header.base_offset) + " and " +
                                  std::to_string(batch.header.last_offset_delta) +
                                  " more are no offsets"),
                  storage, progress.next_offset);
      }
      if (batch.header.next_offset() <= progress.next_offset) continue;
      if (options.until_offset && batch.header.base_offset >= *options.until_offset) {
        progress.reached_until = true;
        return {};
      }
      const auto wanted = Open(batch, options, storage);
      if (!wanted.ok()) return At(wanted.error(), storage, batch.header.base_offset);
      if (!wanted.value()) {
        progress.next_offset = batch.header.next_offset();
        continue;
      }
    }
    const std::size_t before = storage.records.size();
    const std::int64_t base_offset = open_->header.base_offset;
    if (const auto status = TakeRecords(options, storage, progress); !status.ok()) {
      storage.records.erase(storage.records.begin() + static_cast<std::ptrdiff_t>(before),
                            storage.records.end());
      return At(status.error(), storage, base_offset);
    }
    if (progress.reached_until) return {};
  }
  if (done_ && batches_.rest_bytes() != 0) {
    return At(core::Error(ErrorCode::kCorruptBatch,
                          std::to_string(batches_.rest_bytes()) + " bytes are no whole batch"),
              storage, progress.next_offset);
  }
  return {};
}

}  // namespace qalam::abi0
