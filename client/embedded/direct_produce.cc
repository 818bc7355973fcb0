#include "client/embedded/direct_produce.h"

#include <string>
#include <vector>

#include "client/wire_error.h"

namespace qalam::abi0 {
namespace {

// To wake a thread takes microseconds. More of them would keep the writer from its next group.
constexpr std::int32_t kWokenByWriterMax = 4;

qalam::Acks CoreAcks(Acks acks) {
  switch (acks) {
    case Acks::kNone:
      return qalam::Acks::kNone;
    case Acks::kLeader:
      return qalam::Acks::kLeader;
    case Acks::kAll:
      break;
  }
  return qalam::Acks::kAll;
}

Durability ClientDurability(qalam::Durability durability) {
  switch (durability) {
    case qalam::Durability::kMemory:
      return Durability::kMemory;
    case qalam::Durability::kOs:
      return Durability::kOs;
    case qalam::Durability::kFsync:
      break;
  }
  return Durability::kFsync;
}

BatchAnswer AnswerOf(std::uint64_t batch_id, const qalam::Result<qalam::AppendResult>& result) {
  BatchAnswer answer;
  answer.batch_id = batch_id;
  if (!result.ok()) {
    answer.error = ErrorFromCore(result.error());
    return answer;
  }
  answer.base_offset = result->base_offset;
  answer.leader_epoch = result->leader_epoch;
  answer.durability = ClientDurability(result->durability);
  answer.duplicate = result->duplicate;
  answer.append_time_ms = result->append_time > 0 ? result->append_time : -1;
  return answer;
}

}  // namespace

std::shared_ptr<DirectProduce> DirectProduce::Start(std::shared_ptr<DirectHub> hub,
                                                    const ProduceOpen& open,
                                                    std::shared_ptr<Listener> listener) {
  std::shared_ptr<DirectProduce> link(new DirectProduce(std::move(hub), open, std::move(listener)));
  (void)link->hub_->Add(link);  // Else the first Write finds the hub closed.
  return link;
}

DirectProduce::DirectProduce(std::shared_ptr<DirectHub> hub, const ProduceOpen& open,
                             std::shared_ptr<Listener> listener)
    : hub_(std::move(hub)), open_(open), listener_(std::move(listener)) {}

DirectProduce::~DirectProduce() { hub_->Remove(this); }

bool DirectProduce::Write(const ProduceMessage& message) {
  switch (message.kind) {
    case ProduceMessage::Kind::kOpen:
      return Open();
    case ProduceMessage::Kind::kRestart: {
      const DirectHub::Entry entry(*hub_);
      if (entry && session_ != nullptr) session_->Restart();
      return true;
    }
    case ProduceMessage::Kind::kBatch:
      break;
  }
  std::uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    number = first_ + slots_.size();
    slots_.push_back({message.batch_id, message.callers_count, std::nullopt});
  }
  qalam::ProduceBatch batch;
  batch.expected_offset = message.expected_offset;
  batch.batch = SharedSlice(message.buffer, message.batch);
  batch.received_at = hub_->clock().Now();
  batch.reply = Reply<qalam::AppendResult>(
      [self = shared_from_this(), number](const qalam::Result<qalam::AppendResult>& result) {
        self->Complete(number, result);
      });
  waiting_.emplace(std::move(batch));
  return SubmitWaiting();
}

bool DirectProduce::Open() {
  const DirectHub::Entry entry(*hub_);
  if (!entry) {
    Close(BrokerIsGone(), true);
    return true;
  }
  auto origin = std::make_shared<const Origin>(
      Origin{open_.client_id, "embedded", "this process", open_.stream_number});
  phase_.store(Phase::kAsking);
  entry.broker().OpenProduce(
      {open_.topic, open_.partition}, CoreAcks(open_.acks), std::move(origin),
      Reply<std::unique_ptr<qalam::ProduceSession>>(
          [self =
               shared_from_this()](qalam::Result<std::unique_ptr<qalam::ProduceSession>> session) {
            if (session.ok()) {
              self->session_ = std::move(session).value();
            } else {
              self->Close(ErrorFromCore(session.error()), true);
            }
            if (!self->GoOnHere()) return;
            self->hub_->answers().Post([self] { self->listener_->OnWritten(); });
          }));
  return CameMeanwhile();
}

bool DirectProduce::CameMeanwhile() {
  Phase asking = Phase::kAsking;
  return !phase_.compare_exchange_strong(asking, Phase::kWaiting);
}

bool DirectProduce::SubmitWaiting() {
  {
    const DirectHub::Entry entry(*hub_);
    while (entry && session_ != nullptr && !cancelled_.load() && !session_->TrySubmit(*waiting_)) {
      phase_.store(Phase::kAsking);
      session_->OnRoom([self = shared_from_this()] {
        if (!self->GoOnHere()) return;
        self->hub_->answers().Post([self] {
          if (self->SubmitWaiting()) self->listener_->OnWritten();
        });
      });
      if (!CameMeanwhile()) return false;
    }
  }
  // Given up with its reply, the batch is answered SHUTTING_DOWN: not written.
  waiting_.reset();
  return true;
}

void DirectProduce::Complete(std::uint64_t number,
                             const qalam::Result<qalam::AppendResult>& result) {
  bool crowd = false;
  {
    MutexLock lock(mutex_);
    if (closed_ || number < first_) return;
    Slot& slot = slots_[static_cast<std::size_t>(number - first_)];
    slot.answer = AnswerOf(slot.batch_id, result);
    crowd = slot.callers_count > kWokenByWriterMax;
    if (!slots_.front().answer || !StartDelivering()) return;
  }
  if (crowd) {
    hub_->answers().PostAside([self = shared_from_this()] { self->Deliver(); });
  } else {
    Post();
  }
}

void DirectProduce::Cancel() {
  cancelled_.store(true);
  Close(Error("CANCELLED", "the stream was given up"), false);
}

void DirectProduce::End() {
  // No call is under way, and none will be.
  if (GoOnHere()) waiting_.reset();
  session_.reset();
  Close(BrokerIsGone(), true);
}

void DirectProduce::Close(Error error, bool from_broker) {
  {
    MutexLock lock(mutex_);
    if (!end_with_) end_with_.emplace(std::move(error), from_broker);
    if (!StartDelivering()) return;
  }
  Post();
}

void DirectProduce::Post() {
  hub_->answers().Post([self = shared_from_this()] { self->Deliver(); });
}

void DirectProduce::Deliver() {
  while (true) {
    std::vector<BatchAnswer> ready;
    std::optional<std::pair<Error, bool>> end;
    {
      MutexLock lock(mutex_);
      while (!closed_ && !slots_.empty() && slots_.front().answer) {
        ready.push_back(*std::move(slots_.front().answer));
        slots_.pop_front();
        ++first_;
      }
      if (ready.empty()) {
        const bool over = end_with_ && !closed_ && (slots_.empty() || cancelled_.load());
        if (!over) {
          delivering_ = false;
          return;
        }
        closed_ = true;
        slots_.clear();
        end = end_with_;
      }
    }
    if (end) {
      listener_->OnClosed(end->first, end->second);
    } else {
      listener_->OnAnswers(std::move(ready));
    }
  }
}

}  // namespace qalam::abi0
