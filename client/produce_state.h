#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/pending_batch.h"
#include "client/retry_policy.h"
#include "qalam/options.h"
#include "qalam/result.h"

namespace qalam::abi0 {

// What the broker said about one batch.
struct BatchAnswer {
  std::uint64_t batch_id = 0;
  std::int64_t base_offset = -1;
  std::int32_t leader_epoch = -1;
  Durability durability = Durability::kUnknown;
  bool duplicate = false;
  std::int64_t append_time_ms = -1;
  std::optional<Error> error;
};

// The verdict on a batch, to be given to its DeliveryState.
struct Verdict {
  std::shared_ptr<DeliveryState> delivery;
  std::shared_ptr<BatchBuffer> buffer;  // To be recycled.
  std::size_t reserved_bytes = 0;
  BatchReport report;  // Without topic and partition.
};

struct ProduceStateOptions {
  bool idempotent = true;
  bool retry_ambiguous = true;
  bool answered = true;  // False with Acks::kNone: written is done.
  std::size_t in_flight_max = 64;
  RetryOptions retry;
};

// One message for the stream.
struct ProduceMessage {
  enum class Kind { kOpen, kRestart, kBatch };
  Kind kind = Kind::kOpen;
  std::uint64_t batch_id = 0;
  std::optional<std::int64_t> expected_offset;
  std::shared_ptr<BatchBuffer> buffer;  // Keeps `batch` alive.
  BytesView batch;
  std::int32_t callers_count = 0;  // As PendingBatch has it.
};

// What one partition's producer knows, and what follows: which message goes out next, which batches
// are sent again after a refusal or a lost stream, with which sequence, and what each batch's
// verdict is. Pure: no clock, lock or socket; the same calls in the same order give the same
// answers. Thread: whoever owns it (a PartitionQueue).
//   queue (sealed, to be sent, in order)  ->  in flight (sent on this stream, not answered)  ->
//   verdict
// Invariants: batches leave and are decided in the order they were sealed; under one identity a
// sequence number never names two different batches that both may have been written.
class ProduceState {
 public:
  explicit ProduceState(const ProduceStateOptions& options);

  void Enqueue(BatchPtr batch) { queue_.push_back(std::move(batch)); }
  // The batch in `buffer` is compressed now and may be sent.
  void SetReady(const BatchBuffer& buffer);
  bool empty() const { return queue_.empty() && in_flight_.empty(); }
  std::size_t in_flight_count() const { return in_flight_.size(); }
  std::size_t queued_count() const { return queue_.size(); }
  bool has_work() const { return !queue_.empty() || restart_needed_; }
  bool stream_up() const { return stream_up_; }
  // Not before this anything is sent, nor a new stream opened.
  TimePoint retry_at() const { return retry_at_; }
  // Somebody else can be asked: what waits for retry_at() need not.
  void TryNow();
  // Earliest deadline of a batch without verdict; TimePoint::max() when there is none.
  TimePoint next_deadline() const;
  // True when batches wait for an identity that nobody was asked for yet; asks once.
  bool TakeIdentityRequest();
  std::uint64_t resent_count() const { return resent_count_; }

  void OnIdentity(const ProducerIdentity& identity);
  // Final: everything that waits is refused. Retriable: asked for again after retry_at().
  void OnIdentityFailed(const Error& error, TimePoint now, std::vector<Verdict>& verdicts);

  // A new stream is there, nothing was sent on it.
  void OnStreamOpen();
  // The stream ended. `from_broker`: with a word of the broker's, so that a word that is not
  // retriable is final for everything.
  void OnStreamBroken(const Error& error, bool from_broker, TimePoint now,
                      std::vector<Verdict>& verdicts);
  // The next message to write, once the one before is written. Nothing: wait for an answer, a time
  // or an identity.
  std::optional<ProduceMessage> NextMessage(TimePoint now);
  // `batch_id` was written to the stream. Only matters where no answer comes.
  void OnWritten(std::uint64_t batch_id, TimePoint now, std::vector<Verdict>& verdicts);
  // False: an answer that can't be (unknown batch, wrong order); the stream must be given up.
  [[nodiscard]] bool OnAnswer(BatchAnswer answer, TimePoint now, std::vector<Verdict>& verdicts);
  // Gives batches past their deadline their verdict: AMBIGUOUS where one may have been written,
  // else TIMED_OUT naming the last error as its cause.
  void Expire(TimePoint now, std::vector<Verdict>& verdicts);
  // Gives everything its verdict: AMBIGUOUS where it may have been written, else CANCELLED.
  void CancelAll(TimePoint now, std::vector<Verdict>& verdicts);

 private:
  void OnRefusal(BatchPtr batch, BatchAnswer answer, TimePoint now, std::vector<Verdict>& verdicts);
  void StartAnew(BatchPtr batch, const Error& error, TimePoint now, std::vector<Verdict>& verdicts);
  void PullBack();
  void Stamp(PendingBatch& batch);
  void DropSequenced(const PendingBatch& batch, bool unwritten);
  void Decide(PendingBatch& batch, Status status, TimePoint now, std::vector<Verdict>& verdicts);
  void FailAll(const Error& error, bool in_flight_unwritten, TimePoint now,
               std::vector<Verdict>& verdicts);
  Error Ambiguous(const PendingBatch& batch, const std::string& why) const;
  Error NoAnswer(const PendingBatch& batch) const;
  Error TimedOut(const PendingBatch& batch, TimePoint now) const;
  bool uses_sequences() const { return options_.idempotent; }

  const ProduceStateOptions options_;
  RetryPolicy retry_;
  std::deque<BatchPtr> queue_;
  std::deque<BatchPtr> in_flight_;  // By attempt_id.
  bool stream_up_ = false;
  bool open_sent_ = false;
  bool answered_ = false;  // This stream has accepted something.
  bool restart_needed_ = false;
  std::uint64_t next_id_ = 1;
  std::uint64_t ignore_below_ =
      0;  // Answers to attempts that a refusal or a lost stream made void.
  TimePoint retry_at_{};
  std::optional<ProducerIdentity> identity_;
  bool identity_wanted_ = false;
  bool identity_asked_ = false;
  std::int32_t next_sequence_ = 0;
  std::optional<Error> last_error_;
  std::uint64_t resent_count_ = 0;
};

}  // namespace qalam::abi0
