#include <algorithm>
#include <optional>

#include "broker/api/sessions.h"
#include "common/mutex.h"

namespace qalam {
namespace {

Error WhyClosed(const PartitionHandle& handle) {
  if (const auto problem = handle.problem.Load()) return *problem;
  return Error(ErrorCode::kShuttingDown, "the broker is stopping");
}

FetchResult Nothing(const PartitionHandle& handle, Offset from) {
  FetchResult result;
  const auto view = handle.view.Load();
  result.next_offset = from;
  result.high_watermark = handle.high_watermark.Load();
  result.log_start_offset = view ? view->log_start_offset() : 0;
  result.leader_epoch = handle.leader_epoch;
  return result;
}

// A question parked on the high watermark, answered once: by data, by time, by cancelling, or by
// the end.
class ParkedRead : public std::enable_shared_from_this<ParkedRead> {
 public:
  ParkedRead(ReadContext& context, std::shared_ptr<PartitionHandle> handle, Offset from,
             std::size_t bytes_max, Reply<FetchResult> reply)
      : context_(context),
        handle_(std::move(handle)),
        from_(from),
        bytes_max_(bytes_max),
        reply_(std::move(reply)) {}

  // `until`: when to answer empty; nothing: never.
  void Park(std::optional<MonotonicTime> until) {
    if (!context_.parked.Enter()) {
      Finish(Error(ErrorCode::kTooManyRequests, "too many readers wait already"));
      return;
    }
    {
      MutexLock lock(mutex_);
      counted_ = true;
    }
    const HighWatermark::Ticket ticket =
        handle_->high_watermark.Wait(from_, [self = shared_from_this()] { self->Read(); });
    if (ticket == 0) {
      context_.pool.Post([self = shared_from_this()] { self->Read(); });
      return;
    }
    MutexLock lock(mutex_);
    ticket_ = ticket;
    if (until && reply_.pending()) {
      timer_ = context_.timers.At(*until, [self = shared_from_this()] {
        self->context_.pool.Post([self] { self->EndWith(Nothing(*self->handle_, self->from_)); });
      });
    }
  }
  // Reads on a thread that may block.
  void Read() {
    if (handle_->state.load() != PartitionHandle::State::kOpen) {
      EndWith(WhyClosed(*handle_));
      return;
    }
    if (handle_->high_watermark.Load() <= from_) {  // Closed: the broker stops. A wait ends empty.
      EndWith(ends_empty_ ? Result<FetchResult>(Nothing(*handle_, from_))
                          : Result<FetchResult>(WhyClosed(*handle_)));
      return;
    }
    EndWith(ReadNow(*handle_, from_, bytes_max_));
  }
  void Cancel() { EndWith(Error(ErrorCode::kCancelled, "the reader gave up")); }
  void EndsEmpty() { ends_empty_ = true; }

 private:
  void EndWith(Result<FetchResult> answer) {
    HighWatermark::Ticket ticket = 0;
    std::optional<TimerThread::Key> timer;
    {
      MutexLock lock(mutex_);
      ticket = std::exchange(ticket_, 0);
      timer = std::exchange(timer_, std::nullopt);
    }
    if (ticket != 0) handle_->high_watermark.Cancel(ticket);
    if (timer) context_.timers.Cancel(*timer);
    Finish(std::move(answer));
  }
  void Finish(Result<FetchResult> answer) {
    Reply<FetchResult> reply;
    bool leave = false;
    {
      MutexLock lock(mutex_);
      reply = std::move(reply_);
      leave = std::exchange(counted_, false);
    }
    if (leave) context_.parked.Leave();
    if (reply.pending()) reply(std::move(answer));
  }

  ReadContext& context_;
  const std::shared_ptr<PartitionHandle> handle_;
  const Offset from_;
  const std::size_t bytes_max_;
  bool ends_empty_ = false;
  Mutex mutex_;
  bool counted_ QALAM_GUARDED_BY(mutex_) = false;
  Reply<FetchResult> reply_ QALAM_GUARDED_BY(mutex_);
  HighWatermark::Ticket ticket_ QALAM_GUARDED_BY(mutex_) = 0;
  std::optional<TimerThread::Key> timer_ QALAM_GUARDED_BY(mutex_);
};

Status CheckOffset(const PartitionHandle& handle, Offset from) {
  const auto view = handle.view.Load();
  const Offset start = view->log_start_offset();
  const Offset end = handle.high_watermark.Load();
  if (from >= start && from <= end) return OkStatus();
  return Error(ErrorCode::kOffsetOutOfRange,
               "offset " + std::to_string(from) + " is outside " + handle.name.ToString() +
                   ", which has " + std::to_string(start) + " to " + std::to_string(end))
      .With("log_start_offset", start)
      .With("high_watermark", end);
}

class Tail final : public TailSession {
 public:
  Tail(ReadContext& context, std::shared_ptr<PartitionHandle> handle, Offset from,
       std::size_t bytes_max)
      : context_(context),
        handle_(std::move(handle)),
        bytes_max_(bytes_max),
        next_(std::make_shared<Position>(from)) {}
  ~Tail() override { Cancel(); }

  void Next(Reply<FetchResult> reply) override {
    const Offset from = next_->offset.load();
    // The offset is remembered before the answer goes out, so that the next question continues
    // there.
    Reply<FetchResult> noted(
        [next = next_, reply = std::move(reply)](Result<FetchResult> answer) mutable {
          if (answer.ok()) next->offset.store(answer->next_offset);
          reply(std::move(answer));
        });
    if (handle_->state.load() != PartitionHandle::State::kOpen) {
      noted(WhyClosed(*handle_));
      return;
    }
    if (const Status valid = CheckOffset(*handle_, from); !valid.ok()) {
      noted(valid.error());
      return;
    }
    const bool first = std::exchange(first_, false);
    if (handle_->high_watermark.Load() > from) {
      if (handle_->view.Load()->InMemory(from)) {
        noted(ReadNow(*handle_, from, bytes_max_));
        return;
      }
      context_.pool.Post(
          [handle = handle_, from, bytes_max = bytes_max_, noted = std::move(noted)]() mutable {
            noted(ReadNow(*handle, from, bytes_max));
          });
      return;
    }
    if (first) {
      noted(Nothing(*handle_, from));
      return;
    }
    auto parked =
        std::make_shared<ParkedRead>(context_, handle_, from, bytes_max_, std::move(noted));
    parked_.Set(parked);
    parked->Park(std::nullopt);
  }

  void Cancel() override {
    if (auto parked = parked_.Take()) parked->Cancel();
  }

 private:
  struct Position {
    explicit Position(Offset from) : offset(from) {}
    std::atomic<Offset> offset;
  };
  // The question that is parked now, if any; it may have been answered meanwhile.
  class Slot {
   public:
    void Set(std::weak_ptr<ParkedRead> parked) {
      MutexLock lock(mutex_);
      parked_ = std::move(parked);
    }
    std::shared_ptr<ParkedRead> Take() {
      MutexLock lock(mutex_);
      return std::exchange(parked_, {}).lock();
    }

   private:
    Mutex mutex_;
    std::weak_ptr<ParkedRead> parked_ QALAM_GUARDED_BY(mutex_);
  };

  ReadContext& context_;
  const std::shared_ptr<PartitionHandle> handle_;
  const std::size_t bytes_max_;
  const std::shared_ptr<Position> next_;
  bool first_ = true;
  Slot parked_;
};

}  // namespace

Result<FetchResult> ReadNow(const PartitionHandle& handle, Offset from, std::size_t bytes_max) {
  const Offset high_watermark = handle.high_watermark.Load();
  const auto view = handle.view.Load();
  QALAM_ASSIGN_OR_RETURN(LogRead read, view->Read(from, high_watermark, bytes_max));
  FetchResult result;
  result.batches = std::move(read.batches);
  result.next_offset = read.next_offset;
  result.high_watermark = high_watermark;
  result.log_start_offset = view->log_start_offset();
  result.leader_epoch = handle.leader_epoch;
  return result;
}

void FetchOrWait(ReadContext& context, std::shared_ptr<PartitionHandle> handle,
                 const FetchRequest& request, Reply<FetchResult> reply) {
  if (const Status valid = CheckOffset(*handle, request.offset); !valid.ok()) {
    reply(valid.error());
    return;
  }
  if (handle->high_watermark.Load() > request.offset) {
    context.pool.Post([handle = std::move(handle), request, reply = std::move(reply)]() mutable {
      reply(ReadNow(*handle, request.offset, request.bytes_max));
    });
    return;
  }
  if (request.wait_max.count() <= 0) {
    reply(Nothing(*handle, request.offset));
    return;
  }
  auto parked = std::make_shared<ParkedRead>(context, std::move(handle), request.offset,
                                             request.bytes_max, std::move(reply));
  parked->EndsEmpty();
  parked->Park(context.clock.Now() + request.wait_max);
}

std::unique_ptr<TailSession> MakeTail(ReadContext& context, std::shared_ptr<PartitionHandle> handle,
                                      Offset from, std::size_t bytes_max) {
  return std::make_unique<Tail>(context, std::move(handle), from, bytes_max);
}

}  // namespace qalam
