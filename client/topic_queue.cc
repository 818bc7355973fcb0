#include "client/topic_queue.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "client/partitioner.h"
#include "client/producer_core.h"

namespace qalam::abi0 {
namespace {

Error Closed() { return {"CANCELLED", "the producer was closed before the record was written"}; }

RecordRef RefOf(const Record& record, std::vector<HeaderView>& headers) {
  RecordRef ref;
  if (record.key) ref.key = *record.key;
  if (record.value) ref.value = *record.value;
  headers.clear();
  for (const Header& header : record.headers) {
    headers.push_back(
        {header.key, header.value ? std::optional<std::string_view>(*header.value) : std::nullopt});
  }
  ref.headers = headers.data();
  ref.headers_count = headers.size();
  ref.timestamp_ms = record.timestamp_ms.value_or(-1);
  return ref;
}

}  // namespace

TopicQueue::TopicQueue(ProducerCore& core, std::string name)
    : core_(core),
      name_(std::move(name)),
      sticky_(std::random_device{}()),
      retry_(core.cluster().connections().retry()) {}

PartitionQueue& TopicQueue::AtLocked(std::int32_t partition) {
  auto& queue = partitions_[partition];
  if (queue == nullptr) {
    queue = std::make_shared<PartitionQueue>(core_, TopicPartition{name_, partition});
  }
  return *queue;
}

PartitionQueue& TopicQueue::At(std::int32_t partition) {
  const Table* table = table_.load(std::memory_order_acquire);
  if (table != nullptr && static_cast<std::size_t>(partition) < table->size()) {
    return *(*table)[static_cast<std::size_t>(partition)];
  }
  MutexLock lock(mutex_);
  return AtLocked(partition);
}

PartitionQueue* TopicQueue::ChooseFrom(const Table& table,
                                       const std::optional<std::string_view>& key,
                                       std::uint32_t sticky) {
  const auto count = static_cast<std::int32_t>(table.size());
  const auto at =
      key ? static_cast<std::size_t>(PartitionOfKey(*key, count)) : sticky % table.size();
  return table[at];
}

PartitionQueue* TopicQueue::Choose(const std::optional<std::string_view>& key) {
  const Table* table = table_.load(std::memory_order_acquire);
  if (table == nullptr) return nullptr;
  return ChooseFrom(*table, key, sticky_.load(std::memory_order_relaxed));
}

void TopicQueue::OnSealed(const PartitionQueue& queue) {
  const Table* table = table_.load(std::memory_order_acquire);
  if (table == nullptr) return;
  std::uint32_t current = sticky_.load(std::memory_order_relaxed);
  if ((*table)[current % table->size()] != &queue) return;
  const auto count = static_cast<std::uint32_t>(table->size());
  sticky_.compare_exchange_strong(current, (current % count + 1) % count);
}

bool TopicQueue::Park(Record& record, DeliveryCallback* callback,
                      std::shared_ptr<DeliveryState> delivery, std::size_t reserved_bytes,
                      TimePoint now) {
  {
    MutexLock lock(mutex_);
    if (closed_ || table_.load(std::memory_order_relaxed) != nullptr) return false;
    Parked parked;
    parked.record = std::move(record);
    if (callback != nullptr) parked.callback = std::move(*callback);
    parked.delivery = std::move(delivery);
    parked.reserved_bytes = reserved_bytes;
    parked.parked_at = now;
    parked.deadline = now + core_.options().delivery_timeout;
    parked_.push_back(std::move(parked));
    ++parked_total_;
    if (std::exchange(looking_up_, true)) return true;
  }
  Lookup();
  return true;
}

void TopicQueue::StartLookup() {
  {
    MutexLock lock(mutex_);
    if (closed_ || table_.load(std::memory_order_relaxed) != nullptr) return;
    if (std::exchange(looking_up_, true)) return;
  }
  Lookup();
}

void TopicQueue::Lookup() {
  core_.cluster().FindPartitionsCount(
      name_, [this, core = core_.shared_from_this()](const Result<std::int32_t>& count) {
        OnFound(count);
      });
}

void TopicQueue::OnFound(const Result<std::int32_t>& count) {
  std::deque<Parked> failed;
  std::optional<Error> error;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    if (count.ok()) {
      looking_up_ = false;
      failed = Unpark(*count);
      if (!failed.empty()) error = Closed();
    } else if (!count.error().retriable()) {
      looking_up_ = false;
      error = count.error();
      failed.swap(parked_);
    } else {
      const TimePoint now = std::chrono::steady_clock::now();
      while (!parked_.empty() && parked_.front().deadline <= now) {
        failed.push_back(std::move(parked_.front()));
        parked_.pop_front();
      }
      if (!failed.empty()) {
        error = Error("TIMED_OUT",
                      std::string("the partitions of the topic could not be found in time: ") +
                          count.error().what(),
                      true, count.error().hint(),
                      {{"topic", name_}, {"cause", count.error().code()}}, count.error().broker());
      }
      if (parked_.empty()) {
        looking_up_ = false;
      } else {
        const TimePoint again = std::min(now + retry_.NextDelay(), parked_.front().deadline);
        core_.tasks().PostAt(again,
                             [this, weak = std::weak_ptr<ProducerCore>(core_.shared_from_this())] {
                               if (const auto core = weak.lock()) Lookup();
                             });
      }
    }
  }
  for (Parked& parked : failed) Fail(parked, *error);
  core_.progress().Notify();
}

// In the order they were parked; whoever sends meanwhile waits for the lock, and so comes after.
std::deque<TopicQueue::Parked> TopicQueue::Unpark(std::int32_t count) {
  std::deque<Parked> refused;
  auto table = std::make_unique<Table>();
  for (std::int32_t partition = 0; partition < count; ++partition) {
    table->push_back(&AtLocked(partition));
  }
  std::vector<HeaderView> headers;
  std::uint32_t sticky = sticky_.load(std::memory_order_relaxed);
  for (Parked& parked : parked_) {
    const RecordRef ref = RefOf(parked.record, headers);
    PartitionQueue& queue = *ChooseFrom(*table, ref.key, sticky);
    Attachment attachment;
    if (parked.callback) attachment.callback = &parked.callback;
    if (parked.delivery != nullptr) attachment.forward = &parked.delivery;
    const AppendOutcome outcome =
        queue.Append(ref, RecordAccumulator::RecordBytes(ref), parked.record.expected_offset,
                     attachment, parked.reserved_bytes);
    if (outcome.sealed && !ref.key) ++sticky;
    if (outcome.kind != AppendOutcome::Kind::kTaken) {
      refused.push_back(std::move(parked));
    } else {
      unparked_total_.fetch_add(1);
    }
  }
  parked_.clear();
  owned_table_ = std::move(table);
  sticky_.store(sticky, std::memory_order_relaxed);
  table_.store(owned_table_.get(), std::memory_order_release);
  return refused;
}

void TopicQueue::Fail(Parked& parked, const Error& error) {
  BatchReport report;
  report.topic = name_;
  report.records_count = 1;
  report.opened_at = parked.parked_at;
  report.decided_at = std::chrono::steady_clock::now();
  report.status = error;
  core_.Account(report);
  auto state = std::make_shared<DeliveryState>();
  if (parked.callback) state->AddCallback(0, std::move(parked.callback));
  if (parked.delivery != nullptr) state->AddForward(0, std::move(parked.delivery));
  state->Decide(std::move(report));
  core_.RunCallbacks(state,
                     [this, core = core_.shared_from_this(), reserved = parked.reserved_bytes] {
                       core->buffer().Release(reserved);
                       unparked_total_.fetch_add(1);
                       core->progress().Notify();
                     });
}

std::uint64_t TopicQueue::parked_total() const {
  MutexLock lock(mutex_);
  return parked_total_;
}

void TopicQueue::AllPartitions(std::vector<std::shared_ptr<PartitionQueue>>& out) const {
  MutexLock lock(mutex_);
  for (const auto& [number, queue] : partitions_) out.push_back(queue);
}

void TopicQueue::CancelAll(CloseReport& report) {
  std::deque<Parked> cancelled;
  std::vector<std::shared_ptr<PartitionQueue>> queues;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    cancelled.swap(parked_);
    for (const auto& [number, queue] : partitions_) queues.push_back(queue);
  }
  for (Parked& parked : cancelled) {
    Fail(parked, Closed());
  }
  report.unsent_count += cancelled.size();
  for (const auto& queue : queues) queue->CancelAll(report);
}

}  // namespace qalam::abi0
