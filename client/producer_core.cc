#include "client/producer_core.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "client/steady_time.h"
#include "common/ids.h"

namespace qalam::abi0 {
namespace {

constexpr std::size_t kRecordBytesMax =
    (std::size_t{8} << 20) - 4096;         // The broker's message limit.
constexpr std::size_t kInFlightMax = 256;  // What the broker remembers of a producer.
constexpr std::size_t kBatchBytesMax = std::size_t{4} << 20;
constexpr std::size_t kPoolBytesMax = std::size_t{32} << 20;
constexpr auto kStreamsPatience = std::chrono::seconds(2);

std::uint64_t NextInstance() {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

ProducerOptions Bounded(ProducerOptions options) {
  options.in_flight_max = std::clamp<std::size_t>(options.in_flight_max, 1, kInFlightMax);
  options.batch_bytes = std::clamp<std::size_t>(options.batch_bytes, 1, kBatchBytesMax);
  options.buffer_bytes = std::max<std::size_t>(options.buffer_bytes, 1024);
  options.delivery_timeout =
      std::clamp(options.delivery_timeout, std::chrono::milliseconds(1), kTimeoutMax);
  options.linger = std::clamp<std::chrono::microseconds>(
      options.linger, std::chrono::microseconds(0), options.delivery_timeout);
  options.block_timeout =
      std::clamp(options.block_timeout, std::chrono::milliseconds(0), kTimeoutMax);
  // Sequence numbers need answers.
  if (options.acks == Acks::kNone) options.idempotent = false;
  return options;
}

CompressionType TypeOf(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return CompressionType::kGzip;
    case Compression::kSnappy:
      return CompressionType::kSnappy;
    case Compression::kLz4:
      return CompressionType::kLz4;
    case Compression::kZstd:
      return CompressionType::kZstd;
    case Compression::kNone:
      break;
  }
  return CompressionType::kNone;
}

Error TooLarge(std::size_t bytes, std::size_t limit) {
  return {"BATCH_TOO_LARGE",
          "a record of about " + std::to_string(bytes) + " bytes does not fit: at most " +
              std::to_string(limit),
          {{"bytes", std::to_string(bytes)}, {"limit", std::to_string(limit)}}};
}

Error Closed() { return {"CANCELLED", "the producer is closed"}; }

}  // namespace

ProducerCore::ProducerCore(std::shared_ptr<ClusterClient> cluster, ProducerOptions options)
    : instance_(NextInstance()),
      cluster_(std::move(cluster)),
      options_(Bounded(std::move(options))),
      compression_(TypeOf(options_.compression)),
      pool_(std::min(options_.buffer_bytes, kPoolBytesMax)),
      buffer_(options_.buffer_bytes, progress_),
      identities_(*cluster_),
      tasks_("qalam-producer"),
      callbacks_(options_.callback_executor) {}

ProducerCore::~ProducerCore() = default;

// --- Taking records ------------------------------------------------------------------------------

Delivery ProducerCore::Send(Record record) {
  Attachment attachment;
  attachment.handle = true;
  AppendOutcome outcome;
  const std::string topic = record.topic;
  if (const auto error = Take(record, attachment, outcome)) {
    BatchReport report;
    report.topic = topic;
    report.partition = record.partition.value_or(-1);
    report.records_count = 1;
    report.status = *error;
    return {std::make_shared<DeliveryState>(std::move(report)), 0};
  }
  return {std::move(outcome.delivery), outcome.index};
}

Status ProducerCore::Send(Record record, DeliveryCallback callback) {
  Attachment attachment;
  if (callback) attachment.callback = &callback;
  AppendOutcome outcome;
  if (const auto error = Take(record, attachment, outcome)) return *error;
  return {};
}

Result<Sender> ProducerCore::SenderFor(const std::string& topic,
                                       std::optional<std::int32_t> partition) {
  if (cluster_->forked()) return ErrorFromCore(ForkedError());
  TopicQueue* const queue = FindTopic(topic);
  if (queue == nullptr) return ErrorFromCore(ValidateTopicName(topic).error());
  if (partition && *partition < 0) {
    return Error("INVALID_ARGUMENT", "partition " + std::to_string(*partition) + " is negative");
  }
  if (!partition) queue->StartLookup();
  return Sender(this, queue, partition ? &queue->At(*partition) : nullptr);
}

Status ProducerCore::SendTo(TopicQueue& topic, PartitionQueue* partition, const RecordRef& record) {
  if (cluster_->forked()) return ErrorFromCore(ForkedError());
  AppendOutcome outcome;
  while (true) {
    PartitionQueue* const queue = partition != nullptr ? partition : topic.Choose(record.key);
    if (queue != nullptr) {
      if (const auto error = AppendTo(topic, *queue, record, std::nullopt, {}, outcome)) {
        return *error;
      }
      return {};
    }
    Record owned(topic.name());
    if (record.key) owned.key = std::string(*record.key);
    if (record.value) owned.value = std::string(*record.value);
    for (std::size_t i = 0; i < record.headers_count; ++i) {
      const HeaderView& header = record.headers[i];
      owned.headers.Add(std::string(header.key),
                        header.value ? std::optional<std::string>(*header.value) : std::nullopt);
    }
    if (record.timestamp_ms >= 0) owned.timestamp_ms = record.timestamp_ms;
    bool parked = false;
    if (const auto error = Park(topic, owned, {}, outcome, parked)) return *error;
    if (parked) return {};
  }
}

std::optional<Error> ProducerCore::Take(Record& record, const Attachment& attachment,
                                        AppendOutcome& outcome) {
  if (cluster_->forked()) return ErrorFromCore(ForkedError());
  TopicQueue* const topic = FindTopic(record.topic);
  if (topic == nullptr) return ErrorFromCore(ValidateTopicName(record.topic).error());
  if (record.partition && *record.partition < 0) {
    return Error("INVALID_ARGUMENT",
                 "partition " + std::to_string(*record.partition) + " is negative");
  }
  if (record.expected_offset && (!record.partition || *record.expected_offset < 0)) {
    return Error("INVALID_ARGUMENT",
                 "a record with an expected offset needs a partition, and an offset from 0 on");
  }
  while (true) {
    std::optional<std::string_view> key;
    if (record.key) key = *record.key;
    PartitionQueue* const queue =
        record.partition ? &topic->At(*record.partition) : topic->Choose(key);
    if (queue == nullptr) {
      bool parked = false;
      if (const auto error = Park(*topic, record, attachment, outcome, parked)) return error;
      if (parked) return std::nullopt;
      continue;
    }
    RecordRef ref;
    ref.key = key;
    if (record.value) ref.value = *record.value;
    ref.timestamp_ms = record.timestamp_ms.value_or(-1);
    std::vector<HeaderView> headers;
    if (!record.headers.empty()) {
      headers.reserve(record.headers.size());
      for (const Header& header : record.headers) {
        headers.push_back({header.key, header.value ? std::optional<std::string_view>(*header.value)
                                                    : std::nullopt});
      }
      ref.headers = headers.data();
      ref.headers_count = headers.size();
    }
    return AppendTo(*topic, *queue, ref, record.expected_offset, attachment, outcome);
  }
}

std::optional<Error> ProducerCore::AppendTo(TopicQueue& topic, PartitionQueue& queue,
                                            const RecordRef& record,
                                            std::optional<std::int64_t> expected_offset,
                                            const Attachment& attachment, AppendOutcome& outcome) {
  if (closed_.load(std::memory_order_relaxed)) return Closed();
  const std::size_t bytes = RecordAccumulator::RecordBytes(record);
  if (bytes > kRecordBytesMax) return ErrorAt(TooLarge(bytes, kRecordBytesMax), queue.partition());
  outcome = queue.Append(record, bytes, expected_offset, attachment, 0);
  if (outcome.kind == AppendOutcome::Kind::kFull) {
    const std::size_t credit = bytes + kBatchHeaderBytes;
    if (const auto error = Reserve(credit)) return ErrorAt(*error, queue.partition());
    outcome = queue.Append(record, bytes, expected_offset, attachment, credit);
    if (outcome.kind != AppendOutcome::Kind::kTaken) buffer_.Release(credit);
  }
  if (outcome.kind == AppendOutcome::Kind::kClosed) return Closed();
  if (outcome.sealed && !record.key) topic.OnSealed(queue);
  return std::nullopt;
}

std::optional<Error> ProducerCore::Park(TopicQueue& topic, Record& record,
                                        const Attachment& attachment, AppendOutcome& outcome,
                                        bool& parked) {
  if (closed_.load(std::memory_order_relaxed)) return Closed();
  std::size_t bytes = kBatchHeaderBytes + 64 + (record.key ? record.key->size() : 0) +
                      (record.value ? record.value->size() : 0);
  for (const Header& header : record.headers) {
    bytes += 10 + header.key.size() + (header.value ? header.value->size() : 0);
  }
  if (const auto error = Reserve(bytes)) return error;
  std::shared_ptr<DeliveryState> delivery;
  if (attachment.handle) delivery = std::make_shared<DeliveryState>();
  parked = topic.Park(record, attachment.callback, delivery, bytes, SteadyClock::now());
  if (!parked) {
    buffer_.Release(bytes);
    return std::nullopt;
  }
  outcome.delivery = std::move(delivery);
  outcome.index = 0;
  return std::nullopt;
}

TopicQueue* ProducerCore::FindTopic(const std::string& name) {
  // Producers mostly send to one topic at a time. Instances are never reused, topics never removed.
  struct Cached {
    std::uint64_t instance = 0;
    std::string name;
    TopicQueue* topic = nullptr;
  };
  thread_local Cached cached;
  if (cached.instance == instance_ && cached.name == name) return cached.topic;
  MutexLock lock(topics_mutex_);
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    if (!ValidateTopicName(name).ok()) return nullptr;
    found = topics_.emplace(name, std::make_unique<TopicQueue>(*this, name)).first;
  }
  cached.instance = instance_;
  cached.name = name;
  cached.topic = found->second.get();
  return cached.topic;
}

// --- The buffer ----------------------------------------------------------------------------------

std::optional<Error> ProducerCore::Reserve(std::size_t bytes) {
  const std::size_t limit = std::min(kRecordBytesMax + kBatchHeaderBytes, options_.buffer_bytes);
  if (bytes > limit) return TooLarge(bytes, limit);
  if (buffer_.TryReserve(bytes)) return std::nullopt;
  SealAllLater();  // What lingers holds room.
  bool got = false;
  if (options_.on_full != FullPolicy::kFail && !callbacks_.IsCurrent()) {
    const auto patience =
        options_.on_full == FullPolicy::kBlock ? options_.delivery_timeout : options_.block_timeout;
    progress_.WaitFor(SteadyClock::now() + patience, [&] {
      got = got || buffer_.TryReserve(bytes);
      return got || closed_.load();
    });
    if (got) return std::nullopt;
    if (closed_.load()) return Closed();
  }
  return Error(
      "BUFFER_FULL",
      "the producer's buffer of " + std::to_string(options_.buffer_bytes) + " bytes is full",
      {{"buffer_bytes", std::to_string(options_.buffer_bytes)}});
}

void ProducerCore::SealAllLater() {
  if (seal_all_posted_.exchange(true)) return;
  tasks_.Post([weak = weak_from_this()] {
    const auto core = weak.lock();
    if (core == nullptr) return;
    core->seal_all_posted_.store(false);
    core->SealAll();
  });
}

void ProducerCore::SealAll() {
  for (const auto& queue : AllPartitions()) queue->SealNow();
}

void ProducerCore::TryNow() {
  for (const auto& queue : AllPartitions()) queue->TryNow();
}

std::vector<TopicQueue*> ProducerCore::AllTopics() const {
  std::vector<TopicQueue*> topics;
  MutexLock lock(topics_mutex_);
  topics.reserve(topics_.size());
  for (const auto& [name, topic] : topics_) topics.push_back(topic.get());
  return topics;
}

std::vector<std::shared_ptr<PartitionQueue>> ProducerCore::AllPartitions() const {
  std::vector<std::shared_ptr<PartitionQueue>> queues;
  for (const TopicQueue* topic : AllTopics()) topic->AllPartitions(queues);
  return queues;
}

// --- Verdicts ------------------------------------------------------------------------------------

void ProducerCore::Account(const BatchReport& report) {
  const auto count = static_cast<std::uint64_t>(report.records_count);
  bytes_sent_.fetch_add(static_cast<std::uint64_t>(report.batch_bytes * report.attempts),
                        std::memory_order_relaxed);
  if (report.ok()) {
    records_acked_.fetch_add(count, std::memory_order_relaxed);
    batches_acked_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  records_failed_.fetch_add(count, std::memory_order_relaxed);
  MutexLock lock(error_mutex_);
  if (!first_error_) first_error_ = report.error();
}

void ProducerCore::RunCallbacks(std::shared_ptr<DeliveryState> delivery,
                                UniqueFunction<void()> done) {
  if (!delivery->has_callbacks() && !options_.on_batch) {
    done();
    return;
  }
  auto task = [core = shared_from_this(), delivery = std::move(delivery),
               done = std::move(done)]() mutable {
    delivery->RunCallbacks();
    if (core->options_.on_batch) core->options_.on_batch(delivery->batch_report());
    done();
  };
  callbacks_.Post(std::move(task));
}

std::optional<Error> ProducerCore::TakeFirstError() {
  MutexLock lock(error_mutex_);
  return std::exchange(first_error_, std::nullopt);
}

// --- Flush and close -----------------------------------------------------------------------------

Status ProducerCore::Flush(std::chrono::milliseconds timeout) {
  if (cluster_->forked()) return ErrorFromCore(ForkedError());
  if (callbacks_.IsCurrent()) {
    return Error("INVALID_ARGUMENT", "Flush can't be called from a callback");
  }
  const TimePoint end = SteadyClock::now() + std::min(timeout, kTimeoutMax);
  // First what waits for its partition, then every batch that is open or under way.
  std::vector<std::pair<TopicQueue*, std::uint64_t>> parked;
  for (TopicQueue* topic : AllTopics()) parked.emplace_back(topic, topic->parked_total());
  bool done = progress_.WaitFor(end, [&parked] {
    return std::all_of(parked.begin(), parked.end(), [](const auto& entry) {
      return entry.first->unparked_total() >= entry.second;
    });
  });
  std::vector<std::pair<std::shared_ptr<PartitionQueue>, std::uint64_t>> batches;
  for (auto& queue : AllPartitions()) {
    queue->SealNow();
    const std::uint64_t opened = queue->opened_count();
    batches.emplace_back(std::move(queue), opened);
  }
  for (const auto& [queue, opened] : batches) queue->FetchVerdicts(end, opened);
  done = progress_.WaitFor(end, [&batches] {
    return std::all_of(batches.begin(), batches.end(),
                       [](const auto& entry) { return entry.first->done_count() >= entry.second; });
  }) && done;
  if (auto error = TakeFirstError()) return *error;
  if (done) return {};
  std::uint64_t pending = 0;
  for (const auto& [queue, opened] : batches)
    pending += opened - std::min(opened, queue->done_count());
  for (const auto& [topic, total] : parked)
    pending += total - std::min(total, topic->unparked_total());
  return Error("TIMED_OUT",
               std::to_string(pending) + " batch(es) have no verdict after " +
                   std::to_string(timeout.count()) + " ms",
               {{"pending", std::to_string(pending)}});
}

CloseReport ProducerCore::Close(std::chrono::milliseconds timeout) {
  if (cluster_->forked()) return {};  // What is under way is the parent's.
  closed_.store(true);
  progress_.Notify();
  if (closing_.exchange(true) && callbacks_.IsCurrent()) return {};  // Who closes waits for us.
  MutexLock lock(close_mutex_);
  if (close_report_) return *close_report_;
  if (timeout.count() > 0 && !callbacks_.IsCurrent()) (void)Flush(timeout);
  CloseReport report;
  for (TopicQueue* topic : AllTopics()) topic->CancelAll(report);
  close_report_ = report;
  return report;
}

void ProducerCore::Destroy() {
  if (cluster_->forked()) {
    // Its threads are not here to be waited for, its locks may be held for ever: left as it is.
    (void)new std::shared_ptr<ProducerCore>(shared_from_this());
    return;
  }
  (void)Close(std::chrono::milliseconds(0));
  tasks_.Stop(kStreamsPatience);
  if (callbacks_.IsCurrent()) {
    callbacks_.Stop(std::chrono::nanoseconds(0));
    return;
  }
  const std::vector<std::shared_ptr<PartitionQueue>> queues = AllPartitions();
  progress_.WaitFor(SteadyClock::now() + kStreamsPatience, [&queues] {
    return std::all_of(queues.begin(), queues.end(),
                       [](const auto& queue) { return queue->quiet(); });
  });
  callbacks_.Stop(
      std::chrono::hours(24 * 365));  // Callbacks may use what our caller destroys next.
}

ProducerStats ProducerCore::stats() const {
  ProducerStats stats;
  stats.records_acked = records_acked_.load(std::memory_order_relaxed);
  stats.records_failed = records_failed_.load(std::memory_order_relaxed);
  stats.batches_acked = batches_acked_.load(std::memory_order_relaxed);
  stats.bytes_sent = bytes_sent_.load(std::memory_order_relaxed);
  stats.buffered_bytes = buffer_.reserved_bytes();
  for (const auto& queue : AllPartitions()) stats.batches_resent += queue->resent_count();
  return stats;
}

}  // namespace qalam::abi0
