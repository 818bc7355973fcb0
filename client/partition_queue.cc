#include "client/partition_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/grpc_links.h"
#include "client/producer_core.h"
#include "client/steady_time.h"

namespace qalam::abi0 {
namespace {

// The buffer is reserved in steps, so that a small record costs no shared counter.
constexpr std::size_t kReserveStepBytes = std::size_t{16} << 10;

AccumulatorOptions AccumulatorOptionsOf(const ProducerOptions& options) {
  AccumulatorOptions result;
  result.batch_bytes = options.batch_bytes;
  result.linger = options.linger;
  result.delivery_timeout = options.delivery_timeout;
  return result;
}

ProduceStateOptions StateOptionsOf(const ProducerOptions& options, RetryOptions retry) {
  ProduceStateOptions result;
  result.retry = retry;
  result.idempotent = options.idempotent;
  result.retry_ambiguous = options.retry_ambiguous;
  result.answered = options.acks != Acks::kNone;
  result.in_flight_max = options.in_flight_max;
  return result;
}

// As ProduceState has it.
bool MayOverlap(const ProducerOptions& options) {
  const bool one_by_one =
      options.acks != Acks::kNone && !options.idempotent && options.retry_ambiguous;
  return options.in_flight_max > 1 && !one_by_one;
}

}  // namespace

// The ear of one link. Keeps the queue and its producer alive for as long as the link is.
class PartitionQueue::Listener final : public ProduceLink::Listener {
 public:
  Listener(std::shared_ptr<ProducerCore> core, std::shared_ptr<PartitionQueue> queue,
           std::uint64_t generation, std::string address)
      : core_(std::move(core)),
        queue_(std::move(queue)),
        generation_(generation),
        address_(std::move(address)) {}

  void OnWritten() override { queue_->OnWritten(generation_); }
  void OnAnswers(std::optional<std::vector<BatchAnswer>> answers) override {
    queue_->OnAnswers(generation_, std::move(answers), address_);
  }
  void OnClosed(const Error& error, bool from_broker) override {
    queue_->OnClosed(generation_, error, from_broker, address_);
  }

 private:
  const std::shared_ptr<ProducerCore> core_;  // Destroyed last.
  const std::shared_ptr<PartitionQueue> queue_;
  const std::uint64_t generation_;
  const std::string address_;
};

PartitionQueue::PartitionQueue(ProducerCore& core, TopicPartition partition)
    : core_(core),
      partition_(std::move(partition)),
      accumulator_(AccumulatorOptionsOf(core.options()), core.pool(), source_),
      may_overlap_(MayOverlap(core.options())),
      state_(StateOptionsOf(core.options(), core.cluster().connections().retry())) {}

AppendOutcome PartitionQueue::Append(const RecordRef& record, std::size_t bytes,
                                     std::optional<std::int64_t> expected_offset,
                                     const Attachment& attachment, std::size_t credit) {
  AppendOutcome outcome;
  {
    MutexLock lock(open_mutex_);
    if (closed_) {
      outcome.kind = AppendOutcome::Kind::kClosed;
      return outcome;
    }
    if (!accumulator_.empty() && (expected_offset || accumulator_.MustSealBefore(bytes))) {
      Enqueue(accumulator_.Seal());
      outcome.sealed = true;
    }
    const std::size_t needed = accumulator_.ReservationFor(bytes);
    std::size_t reserved = accumulator_.reserved_bytes() + credit;
    std::size_t more = 0;
    if (reserved < needed) {
      const std::size_t exact = needed - reserved;
      const std::size_t step =
          std::max(exact, std::min(kReserveStepBytes, core_.options().batch_bytes));
      if (core_.buffer().TryReserve(step)) {
        more = step;
      } else if (core_.buffer().TryReserve(exact)) {
        more = exact;
      } else {
        outcome.kind = AppendOutcome::Kind::kFull;
      }
    }
    if (outcome.kind == AppendOutcome::Kind::kTaken) {
      const bool opened = accumulator_.empty();
      const TimePoint now = opened ? SteadyClock::now() : TimePoint{};
      const std::int64_t timestamp_ms =
          record.timestamp_ms >= 0 ? record.timestamp_ms : clock_.NowMs();
      outcome.index = accumulator_.Add(record, timestamp_ms, credit + more, now);
      PendingBatch& batch = accumulator_.open();
      if (opened) opened_.fetch_add(1, std::memory_order_release);
      if (attachment.handle || attachment.callback != nullptr || attachment.forward != nullptr) {
        batch.delivery->AddTimestamp(outcome.index, timestamp_ms);
        if (attachment.handle) {
          outcome.delivery = batch.delivery;
          batch.NoteCaller();
        }
        if (attachment.callback != nullptr) {
          batch.delivery->AddCallback(outcome.index, std::move(*attachment.callback));
        }
        if (attachment.forward != nullptr) {
          batch.delivery->AddForward(outcome.index, std::move(*attachment.forward));
        }
      }
      if (expected_offset) batch.expected_offset = expected_offset;
      if (expected_offset || accumulator_.full(bytes) || ShouldSealEarly()) {
        Enqueue(accumulator_.Seal());
        outcome.sealed = true;
      } else if (opened) {
        EnsureTimer(accumulator_.seal_at());
      }
    }
  }
  if (outcome.sealed) Pump();
  return outcome;
}

bool PartitionQueue::ShouldSealEarly() {
  if (core_.options().linger.count() != 0) return false;
  const std::size_t batches = under_way_.load(std::memory_order_relaxed);
  if (batches > 0 && !may_overlap_) return false;
  return early_seal_.IsDue(batches, records_under_way_.load(std::memory_order_relaxed),
                           static_cast<std::size_t>(accumulator_.open().records_count));
}

void PartitionQueue::Enqueue(BatchPtr batch) {
  records_under_way_.fetch_add(static_cast<std::size_t>(batch->records_count),
                               std::memory_order_relaxed);
  const bool compress = core_.compression() != CompressionType::kNone;
  std::shared_ptr<BatchBuffer> buffer = compress ? batch->buffer : nullptr;
  batch->ready = !compress;
  {
    MutexLock lock(state_mutex_);
    state_.Enqueue(std::move(batch));
    UpdateHints();
  }
  if (compress) CompressLater(std::move(buffer));
}

// Its place in the queue is kept; it is not sent, nor is what follows it, until it is compressed.
// Nothing else touches its buffer meanwhile: whoever decides it first only drops it.
void PartitionQueue::CompressLater(std::shared_ptr<BatchBuffer> to_compress) {
  const ProducerOptions& options = core_.options();
  auto compress = [weak = std::weak_ptr<ProducerCore>(core_.shared_from_this()),
                   queue = shared_from_this(), buffer = std::move(to_compress),
                   type = core_.compression(), level = options.compression_level]() mutable {
    const std::shared_ptr<ProducerCore> core = weak.lock();
    if (core == nullptr) return;
    buffer->Compress(type, level);
    {
      MutexLock lock(queue->state_mutex_);
      queue->state_.SetReady(*buffer);
    }
    buffer.reset();
    queue->Pump();
  };
  core_.tasks().Post(std::move(compress));
}

void PartitionQueue::SealNow() {
  {
    MutexLock lock(open_mutex_);
    if (accumulator_.empty()) return;
    Enqueue(accumulator_.Seal());
  }
  Pump();
}

void PartitionQueue::SealIfIdle() {
  if (core_.options().linger.count() != 0) return;
  if (under_way_.load(std::memory_order_relaxed) > 1) return;
  MutexLock lock(open_mutex_);
  if (!accumulator_.empty() && ShouldSealEarly()) Enqueue(accumulator_.Seal());
}

void PartitionQueue::FetchVerdicts(TimePoint end, std::uint64_t batches) {
  // Callbacks may be all that is missing.
  source_->FetchUntil(end, [&] {
    return done_count() >= batches || under_way_.load(std::memory_order_relaxed) == 0;
  });
}

std::uint64_t PartitionQueue::resent_count() const {
  MutexLock lock(state_mutex_);
  return state_.resent_count();
}

void PartitionQueue::UpdateHints() {
  under_way_.store(state_.in_flight_count() + state_.queued_count(), std::memory_order_relaxed);
}

void PartitionQueue::Pump() {
  while (PumpOnce()) {
  }
}

bool PartitionQueue::PumpOnce() {
  std::shared_ptr<ProduceLink> link;
  std::optional<ProduceMessage> message;
  bool ask_identity = false;
  bool fresh_identity = false;
  TimePoint wake = TimePoint::max();
  std::uint64_t generation = 0;
  {
    MutexLock lock(state_mutex_);
    if (cancelled_) return false;
    const TimePoint now = SteadyClock::now();
    const bool may_try = now >= state_.retry_at();
    if (may_try && link_ == nullptr && state_.has_work()) Connect();
    if (link_ != nullptr && !writing_) {
      message = state_.NextMessage(now);
      if (message) {
        writing_ = true;
        writing_id_ = message->batch_id;
        link = link_;
        generation = generation_;
      }
    }
    if (may_try && !state_.empty() && state_.TakeIdentityRequest()) {
      ask_identity = true;
      fresh_identity = std::exchange(had_identity_, true);
    }
    UpdateHints();
    wake = state_.next_deadline();
    if (!may_try && state_.has_work()) wake = std::min(wake, state_.retry_at());
  }
  if (ask_identity)
    core_.identities().Request(core_.shared_from_this(), shared_from_this(), fresh_identity);
  const bool written = message && link->Write(*message);
  EnsureTimer(wake);
  if (!written) return false;
  NoteWritten(generation);
  if (core_.options().acks == Acks::kNone) GiveVerdicts();
  return true;
}

void PartitionQueue::NoteWritten(std::uint64_t generation) {
  MutexLock lock(state_mutex_);
  if (generation != generation_ || link_ == nullptr) return;
  writing_ = false;
  state_.OnWritten(writing_id_, SteadyClock::now(), verdicts_);
  UpdateHints();
}

void PartitionQueue::Connect() {
  const Connection connection = core_.cluster().ConnectionFor(partition_);
  ++generation_;
  ++links_alive_;
  writing_ = false;
  link_ = OpenProduce(connection,
                      {partition_.topic, partition_.partition, core_.options().acks,
                       core_.cluster().options().client_id, generation_},
                      std::make_shared<Listener>(core_.shared_from_this(), shared_from_this(),
                                                 generation_, connection.address));
  link_->Read();
  source_->Set(link_);
  state_.OnStreamOpen();
}

// After any news about batches: whoever waits hears of it, and what gathered behind them may go.
void PartitionQueue::GoOn() {
  GiveVerdicts();
  SealIfIdle();
  Pump();
}

void PartitionQueue::OnWritten(std::uint64_t generation) {
  NoteWritten(generation);
  if (core_.options().acks == Acks::kNone) {
    GoOn();
  } else {
    Pump();  // Written is no news yet.
  }
}

void PartitionQueue::OnAnswers(std::uint64_t generation,
                               std::optional<std::vector<BatchAnswer>> answers,
                               const std::string& address) {
  std::shared_ptr<ProduceLink> link;
  std::optional<Error> not_leader;
  {
    MutexLock lock(state_mutex_);
    if (generation != generation_ || link_ == nullptr) return;
    link = link_;
    bool sound = answers.has_value();
    if (sound) {
      const TimePoint now = SteadyClock::now();
      for (BatchAnswer& answer : *answers) {
        if (answer.error && answer.error->Is("NOT_LEADER")) not_leader = answer.error;
        if (!state_.OnAnswer(std::move(answer), now, verdicts_)) {
          sound = false;
          break;
        }
      }
    }
    UpdateHints();
    if (!sound) link->Cancel();  // OnClosed sees to the rest.
  }
  if (not_leader) {
    core_.cluster().Learn(partition_, address, *not_leader);
    link->Cancel();
  }
  GoOn();
  link->Read();
}

void PartitionQueue::OnClosed(std::uint64_t generation, const Error& error, bool from_broker,
                              const std::string& address) {
  core_.cluster().Learn(partition_, address, error);
  {
    MutexLock lock(state_mutex_);
    --links_alive_;
    if (generation == generation_ && link_ != nullptr) {
      link_ = nullptr;
      writing_ = false;
      if (!cancelled_) {
        state_.OnStreamBroken(error, from_broker, SteadyClock::now(), verdicts_);
      }
      UpdateHints();
    }
  }
  core_.progress().Notify();
  GoOn();
}

void PartitionQueue::OnIdentity(const Result<ProducerIdentity>& identity) {
  {
    MutexLock lock(state_mutex_);
    if (identity.ok()) {
      state_.OnIdentity(*identity);
    } else {
      state_.OnIdentityFailed(identity.error(), SteadyClock::now(), verdicts_);
    }
    UpdateHints();
  }
  GoOn();
}

// Moves the one timer of this queue forward, if need be. Timers that turn out early only look and
// set the next.
void PartitionQueue::EnsureTimer(TimePoint time) {
  if (time == TimePoint::max()) return;
  const TimePoint::rep wanted = time.time_since_epoch().count();
  TimePoint::rep set = timer_at_.load(std::memory_order_relaxed);
  while (wanted < set) {
    if (timer_at_.compare_exchange_weak(set, wanted)) {
      core_.tasks().PostAt(time, [weak = std::weak_ptr<ProducerCore>(core_.shared_from_this()),
                                  queue = weak_from_this(), wanted] {
        const std::shared_ptr<ProducerCore> core = weak.lock();
        const std::shared_ptr<PartitionQueue> self = queue.lock();
        if (core == nullptr || self == nullptr) return;
        TimePoint::rep mine = wanted;
        if (self->timer_at_.compare_exchange_strong(mine,
                                                    TimePoint::max().time_since_epoch().count())) {
          self->OnTimer();
        }
      });
      return;
    }
  }
}

void PartitionQueue::OnTimer() {
  const TimePoint now = SteadyClock::now();
  TimePoint next = TimePoint::max();
  {
    MutexLock lock(open_mutex_);
    if (accumulator_.seal_at() <= now) Enqueue(accumulator_.Seal());
    next = accumulator_.seal_at();
  }
  {
    MutexLock lock(state_mutex_);
    state_.Expire(now, verdicts_);
    UpdateHints();
  }
  GoOn();
  EnsureTimer(next);
}

void PartitionQueue::TryNow() {
  {
    MutexLock lock(state_mutex_);
    state_.TryNow();
  }
  Pump();
}

// One thread at a time gives verdicts, so that callbacks come in order.
void PartitionQueue::GiveVerdicts() {
  std::vector<Verdict> verdicts;
  while (true) {
    {
      MutexLock lock(state_mutex_);
      if (verdicts.empty() && giving_) return;  // Whoever gives sees ours, too.
      giving_ = !verdicts_.empty();
      verdicts.clear();
      if (!giving_) break;
      verdicts.swap(verdicts_);
    }
    for (Verdict& verdict : verdicts) Give(std::move(verdict));
  }
  core_.progress().Notify();
}

void PartitionQueue::Give(Verdict verdict) {
  records_under_way_.fetch_sub(static_cast<std::size_t>(verdict.report.records_count),
                               std::memory_order_relaxed);
  verdict.report.topic = partition_.topic;
  verdict.report.partition = partition_.partition;
  if (!verdict.report.ok()) verdict.report.status = ErrorAt(verdict.report.error(), partition_);
  core_.Account(verdict.report);
  const std::shared_ptr<DeliveryState> delivery = std::move(verdict.delivery);
  delivery->Decide(std::move(verdict.report));
  core_.pool().Give(std::move(verdict.buffer));
  core_.RunCallbacks(delivery, [core = core_.shared_from_this(), self = shared_from_this(),
                                reserved = verdict.reserved_bytes] {
    core->buffer().Release(reserved);
    self->done_.fetch_add(1, std::memory_order_release);
    core->progress().Notify();
  });
}

void PartitionQueue::CancelAll(CloseReport& report) {
  std::shared_ptr<ProduceLink> link;
  {
    MutexLock lock(open_mutex_);
    closed_ = true;
    if (!accumulator_.empty()) Enqueue(accumulator_.Seal());
  }
  {
    MutexLock lock(state_mutex_);
    cancelled_ = true;
    const std::size_t before = verdicts_.size();
    state_.CancelAll(SteadyClock::now(), verdicts_);
    for (std::size_t i = before; i < verdicts_.size(); ++i) {
      const BatchReport& batch = verdicts_[i].report;
      auto& count = batch.error().Is("CANCELLED") ? report.unsent_count : report.ambiguous_count;
      count += static_cast<std::uint64_t>(batch.records_count);
    }
    UpdateHints();
    link = link_;
  }
  if (link != nullptr) link->Cancel();
  GiveVerdicts();
}

bool PartitionQueue::quiet() const {
  MutexLock lock(state_mutex_);
  return links_alive_ == 0 && verdicts_.empty() && !giving_;
}

}  // namespace qalam::abi0
