#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/answer_source.h"
#include "client/broker_link.h"
#include "client/cluster_client.h"
#include "client/early_seal.h"
#include "client/produce_state.h"
#include "client/record_accumulator.h"
#include "client/record_clock.h"
#include "common/mutex.h"
#include "qalam/producer.h"

namespace qalam::abi0 {

// What a record leaves behind for its verdict. At most one is set.
struct Attachment {
  bool handle = false;
  DeliveryCallback* callback = nullptr;               // Moved from when the record is taken.
  std::shared_ptr<DeliveryState>* forward = nullptr;  // Likewise.
};

struct AppendOutcome {
  enum class Kind { kTaken, kFull, kClosed };
  Kind kind = Kind::kTaken;
  bool sealed = false;                      // A batch was completed by or before it.
  std::shared_ptr<DeliveryState> delivery;  // With Attachment::handle.
  std::int32_t index = 0;
};

// One partition of one producer: its open batch, its ProduceState and its link to
// the broker. Senders hold open_mutex_ for as long as encoding a record takes; everything after the
// batch is sealed happens under state_mutex_, on whichever thread has news: a sender, the link's,
// or the producer's own. Lock order: open_mutex_, then state_mutex_; verdicts are given with
// neither held. Thread: any.
class PartitionQueue : public std::enable_shared_from_this<PartitionQueue> {
 public:
  PartitionQueue(ProducerCore& core, TopicPartition partition);

  const TopicPartition& partition() const { return partition_; }

  // Copies the record, of RecordAccumulator::RecordBytes `bytes`, into the open batch. `credit`
  // bytes of the buffer are reserved for it already.
  AppendOutcome Append(const RecordRef& record, std::size_t bytes,
                       std::optional<std::int64_t> expected_offset, const Attachment& attachment,
                       std::size_t credit);
  // The open batch leaves now.
  void SealNow();
  // Fetches verdicts on this thread until those on the first so many batches are there, or no more
  // can be fetched.
  void FetchVerdicts(TimePoint end, std::uint64_t batches);
  // Batches opened so far, and those among them whose verdict and callbacks are done.
  std::uint64_t opened_count() const { return opened_.load(std::memory_order_acquire); }
  std::uint64_t done_count() const { return done_.load(std::memory_order_acquire); }
  std::uint64_t resent_count() const;

  void OnTimer();
  void TryNow();  // As ProduceState.
  void OnIdentity(const Result<ProducerIdentity>& identity);
  // Takes no more records, gives everything its verdict and ends the stream.
  void CancelAll(CloseReport& report);
  // No stream is alive and no verdict waits to be given.
  bool quiet() const;

 private:
  class Listener;

  void Pump();
  // Writes one message, if it is time for one. True: it is written, more may follow.
  bool PumpOnce();
  void Enqueue(BatchPtr batch) QALAM_REQUIRES(open_mutex_);
  void CompressLater(std::shared_ptr<BatchBuffer> to_compress);
  bool ShouldSealEarly() QALAM_REQUIRES(open_mutex_);
  void SealIfIdle();
  void Connect() QALAM_REQUIRES(state_mutex_);
  void UpdateHints() QALAM_REQUIRES(state_mutex_);
  void EnsureTimer(TimePoint time);
  void GoOn();
  void GiveVerdicts();
  void Give(Verdict verdict);
  void NoteWritten(std::uint64_t generation);
  void OnWritten(std::uint64_t generation);
  void OnAnswers(std::uint64_t generation, std::optional<std::vector<BatchAnswer>> answers,
                 const std::string& address);
  void OnClosed(std::uint64_t generation, const Error& error, bool from_broker,
                const std::string& address);

  ProducerCore&
      core_;  // Kept alive by whatever calls us: the producer, a stream's listener, a task.
  const TopicPartition partition_;
  const std::shared_ptr<AnswerSource> source_ = std::make_shared<AnswerSource>();

  mutable Mutex open_mutex_;
  RecordAccumulator accumulator_ QALAM_GUARDED_BY(open_mutex_);
  const bool may_overlap_;  // A second batch may be sent before the first is decided.
  EarlySeal early_seal_ QALAM_GUARDED_BY(open_mutex_);
  RecordClock clock_ QALAM_GUARDED_BY(open_mutex_);
  bool closed_ QALAM_GUARDED_BY(open_mutex_) = false;
  std::atomic<std::uint64_t> opened_{0};
  std::atomic<std::uint64_t> done_{0};

  mutable Mutex state_mutex_;
  ProduceState state_ QALAM_GUARDED_BY(state_mutex_);
  std::shared_ptr<ProduceLink> link_ QALAM_GUARDED_BY(state_mutex_);
  std::uint64_t generation_ QALAM_GUARDED_BY(state_mutex_) = 0;  // Of the link.
  std::size_t links_alive_ QALAM_GUARDED_BY(state_mutex_) = 0;
  bool writing_ QALAM_GUARDED_BY(state_mutex_) = false;
  std::uint64_t writing_id_ QALAM_GUARDED_BY(state_mutex_) = 0;
  bool had_identity_ QALAM_GUARDED_BY(state_mutex_) = false;
  bool cancelled_ QALAM_GUARDED_BY(state_mutex_) = false;
  std::vector<Verdict> verdicts_ QALAM_GUARDED_BY(state_mutex_);
  bool giving_ QALAM_GUARDED_BY(state_mutex_) = false;

  // Sealed and not decided: read without the lock, may be old.
  std::atomic<std::size_t> under_way_{0};
  std::atomic<std::size_t> records_under_way_{0};
  std::atomic<TimePoint::rep> timer_at_{TimePoint::max().time_since_epoch().count()};
};

}  // namespace qalam::abi0
