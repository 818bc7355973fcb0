#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "qalam/export.h"
#include "qalam/options.h"
#include "qalam/record.h"
#include "qalam/result.h"

QALAM_BEGIN_NAMESPACE
class ProducerCore;    // Not public.
class DeliveryState;   // Not public.
class PartitionQueue;  // Not public.
class TopicQueue;      // Not public.

// The verdict on one record.
struct DeliveryReport {
  std::string topic;
  std::int32_t partition = -1;  // -1: refused before a partition was chosen.
  std::int64_t offset = -1;  // -1 with an error, and for an old duplicate whose place is forgotten.
  std::int32_t leader_epoch = -1;
  Durability durability = Durability::kUnknown;
  // The broker had the record already, from an earlier attempt; it was not written again.
  bool duplicate = false;
  // The record's, or the broker's on a LogAppendTime topic. -1 where only a batch report was
  // kept.
  std::int64_t timestamp_ms = -1;
  // AMBIGUOUS: it may or may not have been written. TIMED_OUT, CANCELLED: it was not.
  Status status;

  bool ok() const noexcept { return status.ok(); }
  const Error& error() const noexcept { return status.error(); }
};

// The verdict on one batch: records `base_offset` to `base_offset + records_count - 1`.
struct BatchReport {
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t base_offset = -1;
  std::int32_t records_count = 0;
  std::int64_t batch_bytes = 0;  // As sent, compressed; 0 if never encoded.
  std::int32_t leader_epoch = -1;
  Durability durability = Durability::kUnknown;
  bool duplicate = false;
  std::int64_t append_time_ms = -1;  // The broker's time for the records, on a LogAppendTime topic.
  std::int32_t attempts = 0;         // How often it was sent.
  std::chrono::steady_clock::time_point opened_at;   // First Send.
  std::chrono::steady_clock::time_point sent_at;     // First handed to the connection, if it was.
  std::chrono::steady_clock::time_point decided_at;  // Verdict.
  Status status;

  bool ok() const noexcept { return status.ok(); }
  const Error& error() const noexcept { return status.error(); }
};

// A cheap handle on the verdict of one record; outlives the producer. Thread: any.
class QALAM_EXPORT Delivery {
 public:
  Delivery() noexcept;
  ~Delivery();
  Delivery(const Delivery&) noexcept;
  Delivery& operator=(const Delivery&) noexcept;
  Delivery(Delivery&&) noexcept;
  Delivery& operator=(Delivery&&) noexcept;

  bool done() const noexcept;
  // Waits for the verdict; there always comes one, delivery_timeout after Send at the latest.
  Result<DeliveryReport> Get() const;
  // TIMED_OUT when there is none yet after `timeout`; the record's own TIMED_OUT has details.
  Result<DeliveryReport> Get(std::chrono::milliseconds timeout) const;

 private:
  friend class ProducerCore;
  Delivery(std::shared_ptr<DeliveryState> state, std::int32_t index) noexcept;
  std::shared_ptr<DeliveryState> state_;
  std::int32_t index_ = 0;
};

// Must not throw and should not block: all callbacks of a producer share one thread, or its
// callback_executor.
using DeliveryCallback = std::function<void(const DeliveryReport&)>;

// Sends to one topic, or one partition of it, without a lookup, an owned record or a handle per
// record: verdicts come by ProducerOptions::on_batch, Flush and Close. Borrows its producer.
// Thread: any.
class QALAM_EXPORT Sender {
 public:
  // Copies the bytes before it returns. Errors: as Producer::Send; nothing was taken then.
  Status Send(const RecordRef& record);

 private:
  friend class ProducerCore;
  Sender(ProducerCore* core, TopicQueue* topic, PartitionQueue* partition)
      : core_(core), topic_(topic), partition_(partition) {}
  ProducerCore* core_;
  TopicQueue* topic_;
  PartitionQueue* partition_;  // Null: chosen per record.
};

struct CloseReport {
  // Records that were not written: they got CANCELLED.
  std::uint64_t unsent_count = 0;
  // Records under way without an answer: they got AMBIGUOUS.
  std::uint64_t ambiguous_count = 0;
  bool clean() const noexcept { return unsent_count == 0 && ambiguous_count == 0; }
};

struct ProducerStats {
  std::uint64_t records_acked = 0;
  std::uint64_t records_failed = 0;
  std::uint64_t batches_acked = 0;
  std::uint64_t batches_resent = 0;
  std::uint64_t bytes_sent = 0;      // Batches as sent, resent ones again.
  std::uint64_t buffered_bytes = 0;  // Now.
};

// Sends records: batches them by partition, keeps their order, sends again what failed on the
// way, and gives exactly one verdict on each, `delivery_timeout` after Send at the latest. Needs
// no polling. Thread: any. The destructor is Close(0) and then waits for running callbacks.
class QALAM_EXPORT Producer {
 public:
  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;
  ~Producer();

  // Never blocks with FullPolicy::kFail. A record that is refused at once has its verdict at
  // once. Errors in the verdict: BUFFER_FULL, BATCH_TOO_LARGE, INVALID_TOPIC_NAME,
  // INVALID_ARGUMENT, CANCELLED (closed), UNKNOWN_TOPIC, UNKNOWN_PARTITION, UNEXPECTED_OFFSET,
  // TIMED_OUT, AMBIGUOUS, and the broker's.
  Delivery Send(Record record);
  // Not ok: refused at once, and `callback` will not be called. Else it is called once.
  Status Send(Record record, DeliveryCallback callback);
  // `partition` absent: chosen per record as in Record. Errors: INVALID_TOPIC_NAME,
  // INVALID_ARGUMENT.
  Result<Sender> SenderFor(const std::string& topic,
                           std::optional<std::int32_t> partition = std::nullopt);

  // Sends what waits, without lingering, and waits for the verdicts (and callbacks) of everything
  // sent before the call. Returns the first failure since the last Flush, or TIMED_OUT with the
  // count that is left ("pending"). Not from a callback (INVALID_ARGUMENT).
  Status Flush(std::chrono::milliseconds timeout);

  // Takes no more records, flushes for up to `timeout`, gives what is left its verdict, and
  // returns: in time, always. A second call returns what the first did.
  CloseReport Close(std::chrono::milliseconds timeout);

  ProducerStats stats() const;

 private:
  friend class Client;
  explicit Producer(std::shared_ptr<ProducerCore> core) noexcept;
  std::shared_ptr<ProducerCore> core_;
};

QALAM_END_NAMESPACE
