#include "qalam/reader.h"

#include <utility>

#include "client/reader_core.h"

namespace qalam::abi0 {
namespace {

const std::string kNoTopic;

void Recycle(std::unique_ptr<Batch::Storage> storage) {
  if (storage == nullptr) return;
  if (const auto pool = storage->pool.lock()) pool->Give(std::move(storage));
}

// In a forked child: its streams are the parent's, and nobody here would end them.
void LeaveToParent(std::shared_ptr<ReaderCore>& core) {
  if (core != nullptr && core->forked()) (void)new std::shared_ptr<ReaderCore>(std::move(core));
}

}  // namespace

Batch::Batch() noexcept = default;
Batch::Batch(std::unique_ptr<Storage> storage) noexcept
    : storage_(std::move(storage)),
      records_(storage_->records.data()),
      count_(storage_->records.size()) {}
Batch::~Batch() { Recycle(std::move(storage_)); }
Batch::Batch(Batch&& other) noexcept
    : storage_(std::move(other.storage_)),
      records_(std::exchange(other.records_, nullptr)),
      count_(std::exchange(other.count_, 0)) {}
Batch& Batch::operator=(Batch&& other) noexcept {
  if (this != &other) {
    Recycle(std::move(storage_));
    storage_ = std::move(other.storage_);
    records_ = std::exchange(other.records_, nullptr);
    count_ = std::exchange(other.count_, 0);
  }
  return *this;
}

const std::string& Batch::topic() const noexcept {
  return storage_ != nullptr ? storage_->topic : kNoTopic;
}
std::int32_t Batch::partition() const noexcept {
  return storage_ != nullptr ? storage_->partition : -1;
}
std::int64_t Batch::next_offset() const noexcept {
  return storage_ != nullptr ? storage_->next_offset : -1;
}
std::int64_t Batch::high_watermark() const noexcept {
  return storage_ != nullptr ? storage_->high_watermark : -1;
}

Reader::Reader(std::shared_ptr<ReaderCore> core) noexcept : core_(std::move(core)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&& other) noexcept {
  if (this != &other) {
    LeaveToParent(core_);
    core_ = std::move(other.core_);
  }
  return *this;
}
Reader::~Reader() { LeaveToParent(core_); }

Result<Batch> Reader::Next(std::chrono::milliseconds timeout) { return core_->Next(timeout); }
bool Reader::done() const { return core_->done(); }
Status Reader::Seek(const TopicPartition& partition, From from) {
  return core_->Seek(partition, from);
}
void Reader::Wakeup() noexcept { core_->Wakeup(); }
std::vector<ReaderPosition> Reader::positions() const { return core_->positions(); }
std::size_t Reader::buffered_bytes() const { return core_->buffered_bytes(); }

}  // namespace qalam::abi0
