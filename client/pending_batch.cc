#include "client/pending_batch.h"

#include <utility>

#include "common/crc32c.h"
#include "common/record/batch_header.h"

namespace qalam::abi0 {

void BatchBuffer::Compress(CompressionType type, int level) {
  BatchBuilder::Trailer trailer;
  trailer.compression = type;
  trailer.compression_level = level;
  encoded_ = builder_.Finish(trailer);
}

BytesView BatchBuffer::Stamp(const ProducerIdentity& identity, std::int32_t base_sequence) {
  if (encoded_.empty()) {
    BatchBuilder::Trailer trailer;
    trailer.producer_id = identity.id;
    trailer.producer_epoch = identity.epoch;
    trailer.base_sequence = base_sequence;
    return builder_.FinishInPlace(trailer);
  }
  BatchHeader header = BatchHeader::Decode(encoded_);
  header.producer_id = identity.id;
  header.producer_epoch = identity.epoch;
  header.base_sequence = base_sequence;
  const auto start = std::span(encoded_).first<kBatchHeaderBytes>();
  header.Encode(start);
  header.crc = Crc32c(BytesView(encoded_).subspan(kBatchCrcStart));
  header.Encode(start);
  return encoded_;
}

std::shared_ptr<BatchBuffer> BatchBuffer::Clone(BytesView stamped) const {
  auto copy = std::make_shared<BatchBuffer>();
  copy->encoded_.assign(stamped.begin(), stamped.end());
  return copy;
}

void BatchBuffer::Clear() {
  builder_.Clear();
  encoded_.clear();
}

std::shared_ptr<BatchBuffer> BufferPool::Take() {
  {
    MutexLock lock(mutex_);
    if (!free_.empty()) {
      auto buffer = std::move(free_.back());
      free_.pop_back();
      bytes_ -= buffer->capacity_bytes();
      return buffer;
    }
  }
  return std::make_shared<BatchBuffer>();
}

void BufferPool::Give(std::shared_ptr<BatchBuffer> buffer) {
  if (buffer == nullptr || buffer.use_count() != 1) return;
  buffer->Clear();
  const std::size_t bytes = buffer->capacity_bytes();
  MutexLock lock(mutex_);
  if (bytes_ + bytes > bytes_max_) return;
  bytes_ += bytes;
  free_.push_back(std::move(buffer));
}

void PendingBatch::NoteCaller() {
  thread_local const char caller = 0;  // Its address tells threads apart.
  if (std::exchange(last_caller, &caller) != &caller) ++callers_count;
}

}  // namespace qalam::abi0
