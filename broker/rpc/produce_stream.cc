#include "broker/rpc/produce_stream.h"

#include <utility>

#include "broker/wire/error_codec.h"

namespace qalam {

void ProduceStream::Start() {
  self_ = shared_from_this();
  if (!rpc_.streams.Add(self_)) {
    EndWith(Error(ErrorCode::kTooManyRequests, "the broker serves as many streams as it may"));
    return;
  }
  ReadOn();
}

void ProduceStream::Drain() {
  {
    MutexLock lock(mutex_);
    dropping_ = true;
  }
  EndWith(Error(ErrorCode::kShuttingDown, "the broker is stopping"));
}

std::optional<StreamInfo> ProduceStream::Describe() const {
  MutexLock lock(mutex_);
  return opened_as_;
}

void ProduceStream::ReadOn() {
  MutexLock lock(mutex_);
  if (reading_ || handling_ || no_more_ || finished_) return;
  if (answers_.count() >= rpc_.options.stream_batches_max) return;
  if (answers_.bytes() >= rpc_.options.stream_bytes_max) return;
  reading_ = true;
  // With the lock, so that the stream can't be finished and gone before.
  transport_.Read();
}

void ProduceStream::OnReadEnd() {
  {
    MutexLock lock(mutex_);
    reading_ = false;
    no_more_ = true;
  }
  Advance();
}

bool ProduceStream::LookLater(std::shared_ptr<Arrivals::Source> source) {
  return session_ && session_->LookLater(std::move(source));
}

void ProduceStream::OnRead(const Result<std::vector<SharedSlice>>& slices) {
  bool handle = false;
  {
    MutexLock lock(mutex_);
    reading_ = false;
    handle = !no_more_;
    handling_ = handle;
  }
  if (!handle) {
    Advance();
    return;
  }
  Result<ProduceMessage> message =
      slices.ok() ? DecodeProduceRequest(*slices) : Result<ProduceMessage>(slices.error());
  if (message.ok()) {
    Handle(std::move(message).value());
  } else {
    EndWith(std::move(message).error());
    EndHandling();
  }
}

void ProduceStream::Handle(ProduceMessage message) {
  if (auto* const open = std::get_if<ProduceOpen>(&message); open != nullptr && !opened_) {
    opened_ = true;
    Open(std::move(*open));
    return;
  }
  if (auto* const batch = std::get_if<ProduceBatchMessage>(&message); batch && session_) {
    Submit(std::move(*batch));
    return;
  }
  if (std::holds_alternative<ProduceRestart>(message) && session_) {
    session_->Restart();
  } else {
    const char* const what = opened_ ? "the stream is open already; it serves one partition"
                                     : "the first message of a stream must be open";
    EndWith(Error(ErrorCode::kInvalidArgument, what).With("field", "open"));
  }
  EndHandling();
}

void ProduceStream::Open(ProduceOpen open) {
  auto origin =
      std::make_shared<Origin>(std::move(open.client_id), protocol_, peer_, open.stream_number);
  origin->trace = trace_;
  {
    MutexLock lock(mutex_);
    opened_as_ = StreamInfo{"produce",
                            open.partition,
                            {Shorten(origin->client_id, kClientIdShownMax), protocol_, peer_},
                            rpc_.clock.NowMs()};
  }
  rpc_.broker.OpenProduce(std::move(open.partition), open.acks, std::move(origin),
                          Reply<std::unique_ptr<ProduceSession>>(
                              [self = self_](Result<std::unique_ptr<ProduceSession>> session) {
                                if (session.ok()) {
                                  self->session_ = std::move(session).value();
                                } else {
                                  self->EndWith(std::move(session).error());
                                }
                                self->EndHandling();
                              }));
}

void ProduceStream::Submit(ProduceBatchMessage message) {
  std::uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    number = answers_.Add(message.batch_id, message.batch.size());
  }
  ProduceBatch batch;
  batch.expected_offset = message.expected_offset;
  batch.batch = std::move(message.batch);
  batch.received_at = rpc_.clock.Now();
  batch.reply =
      Reply<AppendResult>([self = shared_from_this(), number](Result<AppendResult> result) {
        self->Complete(number, std::move(result));
      });
  waiting_.emplace(std::move(batch));
  SubmitWaiting();
}

void ProduceStream::SubmitWaiting() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (dropping_) break;
    }
    if (session_->TrySubmit(*waiting_)) break;
    // The callback may come at once, here, or from another thread before OnRoom returns: then this
    // loop goes on. Otherwise the callback does.
    room_.store(Room::kAsking);
    session_->OnRoom([self = shared_from_this()] {
      if (self->room_.exchange(Room::kCame) != Room::kWaiting) return;
      self->rpc_.answers.Post([self] { self->SubmitWaiting(); });
    });
    Room asking = Room::kAsking;
    if (room_.compare_exchange_strong(asking, Room::kWaiting)) return;
  }
  waiting_.reset();  // Given up with its reply, it is answered kShuttingDown: not written.
  EndHandling();
}

void ProduceStream::EndHandling() {
  {
    MutexLock lock(mutex_);
    handling_ = false;
  }
  ReadOn();
  Advance();
}

void ProduceStream::Complete(std::uint64_t number, Result<AppendResult> result) {
  {
    MutexLock lock(mutex_);
    if (finished_ || !answers_.Complete(number, std::move(result))) return;
    if (writing_ || posted_) return;  // Whoever comes next takes it along.
    posted_ = true;
  }
  rpc_.answers.Post([self = shared_from_this()] {
    {
      MutexLock lock(self->mutex_);
      self->posted_ = false;
    }
    self->Advance();
    self->ReadOn();
  });
}

bool ProduceStream::MayFinish() const {
  if (finished_ || writing_) return false;
  return cancelled_ || (no_more_ && !handling_ && answers_.empty());
}

void ProduceStream::Advance() {
  while (true) {
    std::vector<ProduceAnswer> answers;
    {
      MutexLock lock(mutex_);
      if (MayFinish()) {
        finished_ = true;
        transport_.Finish(end_with_);
        return;
      }
      if (finished_ || writing_ || cancelled_) return;
      answers = answers_.Take();
      if (answers.empty()) return;
      writing_ = true;  // From here on until it is written nobody finishes the stream.
    }
    if (!transport_.Write(EncodeProduceResponse(answers))) return;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      answers_.Sent();
    }
    ReadOn();
  }
}

void ProduceStream::OnWritten(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    answers_.Sent();
    if (!ok) cancelled_ = no_more_ = dropping_ = true;
  }
  Advance();
  ReadOn();
}

void ProduceStream::EndWith(Error error) {
  {
    MutexLock lock(mutex_);
    no_more_ = true;
    if (!end_with_) end_with_ = std::move(error);
  }
  Advance();
}

void ProduceStream::OnCancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = no_more_ = dropping_ = true;
    if (!end_with_) end_with_ = Error(ErrorCode::kCancelled, "the call was cancelled");
  }
  Advance();
}

void ProduceStream::OnDone() {
  rpc_.streams.Remove(this);
  // Batches under way keep the reactor until they are answered; it then ignores the answers.
  const auto last = std::move(self_);
}

}  // namespace qalam
