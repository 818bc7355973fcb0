#include "client/produce_state.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "common/check.h"
#include "common/record/batch_header.h"

namespace qalam::abi0 {
namespace {

template <std::size_t N>
bool IsOneOf(const std::string& word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// After these it is not known whether the batch was written.
constexpr std::array<std::string_view, 5> kUncertain = {"AMBIGUOUS", "LOG_FAILED", "IO_ERROR",
                                                        "UNKNOWN", "CANCELLED"};
// Found without looking at the producer's state, so they say nothing about an earlier attempt.
constexpr std::array<std::string_view, 8> kStateless = {
    "CORRUPT_BATCH",     "INVALID_RECORD",      "INVALID_TIMESTAMP", "BATCH_TOO_LARGE",
    "UNSUPPORTED_CODEC", "DECOMPRESSION_LIMIT", "MESSAGE_TOO_LARGE", "POLICY_VIOLATION"};
constexpr int kCorruptAttemptsMax = 3;

std::int32_t SequenceAfter(const PendingBatch& batch) {
  return BatchHeader::AddSequence(batch.base_sequence, batch.records_count);
}

}  // namespace

ProduceState::ProduceState(const ProduceStateOptions& options)
    : options_(options), retry_(options.retry), identity_wanted_(options.idempotent) {}

void ProduceState::SetReady(const BatchBuffer& buffer) {
  for (const BatchPtr& batch : queue_) {
    if (batch->buffer.get() == &buffer) batch->ready = true;
  }
}

void ProduceState::TryNow() {
  retry_at_ = TimePoint{};
  retry_.Reset();
}

TimePoint ProduceState::next_deadline() const {
  TimePoint earliest = TimePoint::max();
  for (const BatchPtr& batch : in_flight_) {
    if (batch->expired) continue;
    earliest = batch->deadline;
    break;
  }
  if (!queue_.empty()) earliest = std::min(earliest, queue_.front()->deadline);
  return earliest;
}

bool ProduceState::TakeIdentityRequest() {
  if (!identity_wanted_ || identity_asked_ || identity_) return false;
  identity_asked_ = true;
  return true;
}

void ProduceState::OnIdentity(const ProducerIdentity& identity) {
  identity_ = identity;
  identity_wanted_ = false;
  identity_asked_ = false;
  next_sequence_ = 0;
  retry_.Reset();
}

void ProduceState::OnIdentityFailed(const Error& error, TimePoint now,
                                    std::vector<Verdict>& verdicts) {
  identity_asked_ = false;
  last_error_ = error;
  retry_at_ = now + retry_.NextDelay();
  if (!error.retriable()) FailAll(error, true, now, verdicts);
}

void ProduceState::OnStreamOpen() {
  stream_up_ = true;
  open_sent_ = false;
  answered_ = false;
  restart_needed_ = false;
}

void ProduceState::OnStreamBroken(const Error& error, bool from_broker, TimePoint now,
                                  std::vector<Verdict>& verdicts) {
  stream_up_ = false;
  restart_needed_ = false;
  ignore_below_ = next_id_;
  last_error_ = error;
  // Not retriable, UNREACHABLE says that whoever is there is no broker.
  if ((from_broker || error.Is("UNREACHABLE")) && !error.retriable()) {
    FailAll(error, !answered_, now, verdicts);
    return;
  }
  if (error.Is("MESSAGE_TOO_LARGE")) {
    // The transport's word about one message, perhaps not the first under way.
    FailAll(error, in_flight_.size() <= 1, now, verdicts);
    return;
  }
  const bool give_up = !uses_sequences() && !options_.retry_ambiguous;
  for (const BatchPtr& batch : in_flight_) {
    batch->maybe_written = true;
    if (give_up && !batch->expired) {
      Decide(*batch, Ambiguous(*batch, error.message()), now, verdicts);
      batch->expired = true;
    }
  }
  PullBack();
  retry_at_ = now + retry_.NextDelay();
}

// Everything in flight goes back to the head of the queue; what has its verdict is dropped there,
// and leaves its sequence numbers behind: whether they were used shows with the next batch.
void ProduceState::PullBack() {
  while (!in_flight_.empty()) {
    BatchPtr batch = std::move(in_flight_.back());
    in_flight_.pop_back();
    if (!batch->expired) queue_.push_front(std::move(batch));
  }
}

void ProduceState::DropSequenced(const PendingBatch& batch, bool unwritten) {
  if (!uses_sequences() || batch.base_sequence < 0 || batch.identity != identity_) return;
  next_sequence_ = unwritten ? batch.base_sequence : SequenceAfter(batch);
}

// A batch that may have been written keeps its number. One that was certainly not takes the next,
// so that a refused batch before it leaves no gap.
void ProduceState::Stamp(PendingBatch& batch) {
  const bool numbered =
      batch.base_sequence >= 0 && batch.identity == identity_.value_or(ProducerIdentity{});
  if (uses_sequences() && numbered &&
      (batch.maybe_written || batch.base_sequence == next_sequence_)) {
    next_sequence_ = SequenceAfter(batch);
    return;
  }
  if (!uses_sequences() && !batch.bytes.empty()) return;
  if (batch.buffer.use_count() > 1 && !batch.bytes.empty()) {
    batch.buffer = batch.buffer->Clone(batch.bytes);
  }
  if (uses_sequences()) {
    batch.identity = *identity_;
    batch.base_sequence = next_sequence_;
    next_sequence_ = SequenceAfter(batch);
  }
  batch.bytes = batch.buffer->Stamp(batch.identity, batch.base_sequence);
}

std::optional<ProduceMessage> ProduceState::NextMessage(TimePoint now) {
  if (!stream_up_) return std::nullopt;
  ProduceMessage message;
  if (!open_sent_) {
    open_sent_ = true;
    message.kind = ProduceMessage::Kind::kOpen;
    return message;
  }
  if (now < retry_at_) return std::nullopt;
  if (restart_needed_) {
    restart_needed_ = false;
    message.kind = ProduceMessage::Kind::kRestart;
    return message;
  }
  const bool one_by_one = options_.answered && !uses_sequences() && options_.retry_ambiguous;
  if (in_flight_.size() >= (one_by_one ? 1 : options_.in_flight_max)) return std::nullopt;
  if (queue_.empty() || !queue_.front()->ready) return std::nullopt;
  if (uses_sequences() && !identity_) {
    identity_wanted_ = true;
    return std::nullopt;
  }
  BatchPtr batch = std::move(queue_.front());
  queue_.pop_front();
  Stamp(*batch);
  batch->attempt_id = next_id_++;
  if (batch->attempts++ == 0) {
    batch->sent_at = now;
  } else {
    ++resent_count_;
  }
  message.kind = ProduceMessage::Kind::kBatch;
  message.batch_id = batch->attempt_id;
  message.expected_offset = batch->expected_offset;
  message.buffer = batch->buffer;
  message.batch = batch->bytes;
  message.callers_count = batch->callers_count;
  in_flight_.push_back(std::move(batch));
  return message;
}

void ProduceState::OnWritten(std::uint64_t batch_id, TimePoint now,
                             std::vector<Verdict>& verdicts) {
  if (options_.answered || in_flight_.empty() || in_flight_.front()->attempt_id != batch_id) return;
  BatchPtr batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (batch->expired) return;
  Decide(*batch, {}, now, verdicts);
  verdicts.back().report.durability = Durability::kMemory;
}

bool ProduceState::OnAnswer(BatchAnswer answer, TimePoint now, std::vector<Verdict>& verdicts) {
  if (answer.batch_id < ignore_below_) return true;
  if (!options_.answered) {
    // Nobody waits for it, but a refusal has to be ended.
    if (answer.error && !answer.error->Is("PRECEDING_FAILED")) {
      last_error_ = answer.error;
      restart_needed_ = true;
      if (answer.error->retriable()) retry_at_ = now + retry_.NextDelay();
    } else {
      answered_ = true;
    }
    return true;
  }
  if (in_flight_.empty() || in_flight_.front()->attempt_id != answer.batch_id) return false;
  BatchPtr batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (answer.error) {
    OnRefusal(std::move(batch), std::move(answer), now, verdicts);
    return true;
  }
  answered_ = true;
  retry_.Reset();
  last_error_.reset();
  if (batch->expired) return true;
  Decide(*batch, {}, now, verdicts);
  BatchReport& report = verdicts.back().report;
  report.base_offset = answer.base_offset;
  report.leader_epoch = answer.leader_epoch;
  report.durability = answer.durability;
  report.duplicate = answer.duplicate;
  report.append_time_ms = answer.append_time_ms;
  return true;
}

void ProduceState::OnRefusal(BatchPtr batch, BatchAnswer answer, TimePoint now,
                             std::vector<Verdict>& verdicts) {
  const Error error = *answer.error;
  // The broker refuses what follows until it reads our restart: void those attempts, send them
  // again.
  PullBack();
  ignore_below_ = next_id_;
  restart_needed_ = true;
  last_error_ = error;

  if (uses_sequences() && (error.Is("UNKNOWN_PRODUCER") || error.Is("OUT_OF_ORDER_SEQUENCE"))) {
    if (batch->base_sequence > 0) {
      StartAnew(std::move(batch), error, now, verdicts);
      return;
    }
  } else if (error.retriable() &&
             !(error.Is("CORRUPT_BATCH") && batch->attempts >= kCorruptAttemptsMax)) {
    retry_at_ = now + retry_.NextDelay();
    if (batch->expired) {
      DropSequenced(*batch, !batch->maybe_written);
    } else {
      if (uses_sequences() && batch->identity == identity_) next_sequence_ = batch->base_sequence;
      queue_.push_front(std::move(batch));
    }
    return;
  }
  const bool uncertain = IsOneOf(error.code(), kUncertain) ||
                         (batch->maybe_written && IsOneOf(error.code(), kStateless));
  DropSequenced(*batch, !uncertain);
  if (batch->expired) return;
  if (batch->maybe_written && uncertain) {
    Decide(*batch, Ambiguous(*batch, error.message()), now, verdicts);
  } else {
    Decide(*batch, error, now, verdicts);
  }
}

// The broker does not know this producer's sequence (any more): go on under a new identity. The
// refused attempts were not written. Earlier attempts of the same batches were not either if the
// broker still has an entry to compare with (OUT_OF_ORDER_SEQUENCE); without one (UNKNOWN_PRODUCER)
// nobody can tell.
void ProduceState::StartAnew(BatchPtr batch, const Error& error, TimePoint now,
                             std::vector<Verdict>& verdicts) {
  const bool forgotten = error.Is("UNKNOWN_PRODUCER");
  identity_.reset();
  identity_wanted_ = true;
  if (!batch->expired) queue_.push_front(std::move(batch));
  std::deque<BatchPtr> kept;
  for (BatchPtr& waiting : queue_) {
    if (forgotten && waiting->maybe_written) {
      Decide(*waiting, Ambiguous(*waiting, error.message()), now, verdicts);
      continue;
    }
    waiting->base_sequence = -1;
    waiting->maybe_written = false;
    kept.push_back(std::move(waiting));
  }
  queue_.swap(kept);
}

void ProduceState::FailAll(const Error& error, bool in_flight_unwritten, TimePoint now,
                           std::vector<Verdict>& verdicts) {
  bool sequence_lost = !in_flight_.empty();
  const auto decide = [&](PendingBatch& batch, bool unwritten) {
    sequence_lost |= batch.base_sequence >= 0;
    if (batch.expired) return;
    if (unwritten && !batch.maybe_written) {
      Decide(batch, error, now, verdicts);
    } else {
      Decide(batch, Ambiguous(batch, error.message()), now, verdicts);
    }
  };
  for (const BatchPtr& batch : in_flight_) decide(*batch, in_flight_unwritten);
  for (const BatchPtr& batch : queue_) decide(*batch, true);
  in_flight_.clear();
  queue_.clear();
  if (sequence_lost) identity_.reset();
}

void ProduceState::Expire(TimePoint now, std::vector<Verdict>& verdicts) {
  for (const BatchPtr& batch : in_flight_) {
    if (batch->deadline > now) break;
    if (batch->expired) continue;
    Decide(*batch, NoAnswer(*batch), now, verdicts);
    batch->expired = true;
  }
  while (!queue_.empty() && queue_.front()->deadline <= now) {
    PendingBatch& batch = *queue_.front();
    DropSequenced(batch, !batch.maybe_written);
    if (batch.maybe_written) {
      Decide(batch, NoAnswer(batch), now, verdicts);
    } else {
      Decide(batch, TimedOut(batch, now), now, verdicts);
    }
    queue_.pop_front();
  }
}

void ProduceState::CancelAll(TimePoint now, std::vector<Verdict>& verdicts) {
  const Error cancelled("CANCELLED", "the producer was closed before the record was written");
  for (const BatchPtr& batch : in_flight_) {
    if (!batch->expired) {
      Decide(*batch, Ambiguous(*batch, "the producer was closed"), now, verdicts);
    }
  }
  for (const BatchPtr& batch : queue_) {
    if (batch->maybe_written) {
      Decide(*batch, Ambiguous(*batch, "the producer was closed"), now, verdicts);
    } else {
      Decide(*batch, cancelled, now, verdicts);
    }
  }
  in_flight_.clear();
  queue_.clear();
}

void ProduceState::Decide(PendingBatch& batch, Status status, TimePoint now,
                          std::vector<Verdict>& verdicts) {
  Verdict verdict;
  verdict.delivery = std::move(batch.delivery);
  verdict.buffer = std::move(batch.buffer);
  verdict.reserved_bytes = batch.reserved_bytes;
  BatchReport& report = verdict.report;
  report.records_count = batch.records_count;
  report.batch_bytes = static_cast<std::int64_t>(batch.bytes.size());
  report.attempts = batch.attempts;
  report.opened_at = batch.opened_at;
  report.sent_at = batch.sent_at;
  report.decided_at = now;
  report.status = std::move(status);
  verdicts.push_back(std::move(verdict));
}

Error ProduceState::Ambiguous(const PendingBatch& batch, const std::string& why) const {
  return {"AMBIGUOUS",
          "it is unknown whether " + std::to_string(batch.records_count) +
              " record(s) were written: " + why,
          {{"attempts", std::to_string(batch.attempts)}}};
}

// As for TimedOut: what the broker last said is what there is to do something about.
Error ProduceState::NoAnswer(const PendingBatch& batch) const {
  const Error error = Ambiguous(batch, "no answer came within delivery_timeout");
  if (!last_error_) return error;
  std::map<std::string, std::string> details = error.details();
  details["cause"] = last_error_->code();
  return {error.code(),       error.message() + "; the last one was " + last_error_->what(),
          error.retriable(),  last_error_->hint() + " Then: " + error.hint(),
          std::move(details), last_error_->broker()};
}

Error ProduceState::TimedOut(const PendingBatch& batch, TimePoint now) const {
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - batch.opened_at);
  std::string message = "not written within " + std::to_string(waited.count()) + " ms";
  std::map<std::string, std::string> details = {{"waited_ms", std::to_string(waited.count())}};
  if (!last_error_) return {"TIMED_OUT", std::move(message), std::move(details)};
  // What to do about the cause, not about the time that passed.
  message += std::string(": ") + last_error_->what();
  details["cause"] = last_error_->code();
  return {"TIMED_OUT",         std::move(message), true,
          last_error_->hint(), std::move(details), last_error_->broker()};
}

}  // namespace qalam::abi0
