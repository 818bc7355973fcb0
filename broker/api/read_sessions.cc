#include <algorithm>
#include <optional>
#include <utility>

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

Status CheckOffset(const PartitionHandle& handle, Offset from) {
  const auto view = handle.view.Load();
  if (!view) return WhyClosed(handle);
  const Offset start = view->log_start_offset();
  const Offset end = handle.high_watermark.Load();
  if (from >= start && from <= end) return OkStatus();
  return Error(ErrorCode::kOffsetOutOfRange,
               "offset " + std::to_string(from) + " is outside " + handle.name.ToString() +
                   ", which has " + std::to_string(start) + " to " + std::to_string(end))
      .With("log_start_offset", start)
      .With("high_watermark", end);
}

// A question parked on the high watermark, answered once: by data, by time, by cancelling, or by
// the end. While parked it is kept alive by the watermark and the timer only.
class ParkedRead : public std::enable_shared_from_this<ParkedRead> {
 public:
  // `ends_empty`: when nothing came until the end, that is no error (a long poll).
  ParkedRead(ReadContext& context, std::shared_ptr<PartitionHandle> handle, Offset from,
             std::size_t bytes_max, bool ends_empty, Reply<FetchResult> reply)
      : context_(context),
        handle_(std::move(handle)),
        from_(from),
        bytes_max_(bytes_max),
        ends_empty_(ends_empty),
        reply_(std::move(reply)) {}

  // `until`: when to answer empty; nothing: never.
  void Park(std::optional<MonotonicTime> until) {
    if (!context_.parked.Enter()) {
      Answer(Error(ErrorCode::kTooManyRequests, "too many readers wait already"));
      return;
    }
    {
      MutexLock lock(mutex_);
      counted_ = true;
    }
    auto ticket =
        handle_->high_watermark.Wait(from_, [self = shared_from_this()] { self->Wake(); });
    if (!ticket) {
      context_.pool.Post([self = shared_from_this()] { self->Read(); });
      return;
    }
    bool answered = false;
    {
      MutexLock lock(mutex_);
      answered = !reply_.pending();
      if (!answered) {
        ticket_ = ticket;
        if (until) {
          timer_ = context_.timers.At(*until, [self = shared_from_this()] { self->TimeOut(); });
        }
      }
    }
    // Cancelled before it was parked: then nobody else lets go of it.
    if (answered) {
      handle_->high_watermark.Cancel(*ticket);
      Answer(Error(ErrorCode::kCancelled, "the reader gave up"));
    }
  }
  void Cancel() { Answer(Error(ErrorCode::kCancelled, "the reader gave up")); }

 private:
  // From the pool that wakes readers: must not touch the disk.
  void Wake() {
    const auto view = handle_->view.Load();
    const bool below = handle_->high_watermark.Load() > from_;
    if (!below || view->InMemory(from_)) {
      Read();
    } else {
      context_.pool.Post([self = shared_from_this()] { self->Read(); });
    }
  }
  void Read() {
    if (handle_->state.load() != PartitionHandle::State::kOpen) {
      Answer(WhyClosed(*handle_));
    } else if (handle_->high_watermark.Load() > from_) {
      Answer(ReadNow(*handle_, from_, bytes_max_, context_.clock));
    } else if (ends_empty_) {
      Answer(Nothing(*handle_, from_));
    } else {
      Answer(WhyClosed(*handle_));
    }
  }
  void TimeOut() { Answer(Nothing(*handle_, from_)); }
  void Answer(Result<FetchResult> answer) {
    Reply<FetchResult> reply;
    std::optional<HighWatermark::Ticket> ticket;
    std::optional<TimerThread::Key> timer;
    bool leave = false;
    {
      MutexLock lock(mutex_);
      reply = std::move(reply_);
      ticket = std::exchange(ticket_, std::nullopt);
      timer = std::exchange(timer_, std::nullopt);
      leave = std::exchange(counted_, false);
    }
    if (ticket) handle_->high_watermark.Cancel(*ticket);
    if (timer) context_.timers.Cancel(*timer);
    if (leave) context_.parked.Leave();
    if (reply.pending()) reply(std::move(answer));
  }

  ReadContext& context_;
  const std::shared_ptr<PartitionHandle> handle_;
  const Offset from_;
  const std::size_t bytes_max_;
  const bool ends_empty_;
  Mutex mutex_;
  bool counted_ QALAM_GUARDED_BY(mutex_) = false;
  Reply<FetchResult> reply_ QALAM_GUARDED_BY(mutex_);
  std::optional<HighWatermark::Ticket> ticket_ QALAM_GUARDED_BY(mutex_);
  std::optional<TimerThread::Key> timer_ QALAM_GUARDED_BY(mutex_);
};

// Reads at once what is there: here if it is in memory, else on the pool.
void ReadSoon(ReadContext& context, std::shared_ptr<PartitionHandle> handle, Offset from,
              std::size_t bytes_max, Reply<FetchResult> reply) {
  if (handle->view.Load()->InMemory(from)) {
    reply(ReadNow(*handle, from, bytes_max, context.clock));
    return;
  }
  context.pool.Post(
      [&clock = context.clock, handle = std::move(handle), from, bytes_max,
       reply = std::move(reply)]() mutable { reply(ReadNow(*handle, from, bytes_max, clock)); });
}

class Tail final : public TailSession {
 public:
  Tail(ReadContext& context, std::shared_ptr<PartitionHandle> handle, Offset from,
       std::size_t bytes_max)
      : context_(context),
        handle_(std::move(handle)),
        bytes_max_(bytes_max),
        next_(std::make_shared<std::atomic<Offset>>(from)) {}
  ~Tail() override { Cancel(); }

  void Next(Reply<FetchResult> reply) override {
    const Offset from = next_->load();
    // Remembered before the answer goes out, so that the next question continues there.
    Reply<FetchResult> noted(
        [next = next_, reply = std::move(reply)](Result<FetchResult> answer) mutable {
          if (answer.ok()) next->store(answer->next_offset);
          reply(std::move(answer));
        });
    if (handle_->state.load() != PartitionHandle::State::kOpen) {
      noted(WhyClosed(*handle_));
      return;
    }
    if (Status valid = CheckOffset(*handle_, from); !valid.ok()) {
      noted(std::move(valid).error());
      return;
    }
    const bool first = std::exchange(first_, false);
    if (handle_->high_watermark.Load() > from) {
      ReadSoon(context_, handle_, from, bytes_max_, std::move(noted));
    } else if (first) {
      noted(Nothing(*handle_, from));
    } else {
      Park(from, std::move(noted));
    }
  }

  void Cancel() override {
    std::shared_ptr<ParkedRead> parked;
    {
      MutexLock lock(mutex_);
      cancelled_ = true;
      parked = std::exchange(parked_, {}).lock();
    }
    if (parked) parked->Cancel();
  }

 private:
  void Park(Offset from, Reply<FetchResult> reply) {
    auto parked =
        std::make_shared<ParkedRead>(context_, handle_, from, bytes_max_, false, std::move(reply));
    bool cancelled = false;
    {
      MutexLock lock(mutex_);
      cancelled = cancelled_;
      parked_ = parked;
    }
    if (cancelled) {
      parked->Cancel();
    } else {
      parked->Park(std::nullopt);
    }
  }

  ReadContext& context_;
  const std::shared_ptr<PartitionHandle> handle_;
  const std::size_t bytes_max_;
  const std::shared_ptr<std::atomic<Offset>> next_;
  bool first_ = true;
  Mutex mutex_;
  bool cancelled_ QALAM_GUARDED_BY(mutex_) = false;
  std::weak_ptr<ParkedRead> parked_ QALAM_GUARDED_BY(mutex_);  // The last one; maybe answered.
};

}  // namespace

Result<FetchResult> ReadNow(const PartitionHandle& handle, Offset from, std::size_t bytes_max,
                            const Clock& clock) {
  const Offset high_watermark = handle.high_watermark.Load();
  const auto view = handle.view.Load();
  auto read = view->Read(from, high_watermark, bytes_max);
  if (!read.ok()) {
    // Its files go when a topic does.
    if (handle.state.load() == PartitionHandle::State::kGone) return WhyClosed(handle);
    return std::move(read).error();
  }
  std::uint64_t bytes = 0;
  for (const SharedSlice& slice : read->batches) bytes += slice.size();
  handle.stats.fetched_bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (bytes > 0) handle.read_mark.Note(from, read->next_offset, clock);
  FetchResult result;
  result.batches = std::move(read->batches);
  result.next_offset = read->next_offset;
  result.high_watermark = high_watermark;
  result.log_start_offset = view->log_start_offset();
  result.leader_epoch = handle.leader_epoch;
  return result;
}

void FetchOrWait(ReadContext& context, std::shared_ptr<PartitionHandle> handle,
                 const FetchRequest& request, Reply<FetchResult> reply) {
  if (Status valid = CheckOffset(*handle, request.offset); !valid.ok()) {
    reply(std::move(valid).error());
    return;
  }
  if (handle->high_watermark.Load() > request.offset) {
    ReadSoon(context, std::move(handle), request.offset, request.bytes_max, std::move(reply));
    return;
  }
  if (request.wait_max.count() <= 0) {
    reply(Nothing(*handle, request.offset));
    return;
  }
  auto parked = std::make_shared<ParkedRead>(context, std::move(handle), request.offset,
                                             request.bytes_max, true, std::move(reply));
  parked->Park(context.clock.Now() + request.wait_max);
}

std::unique_ptr<TailSession> MakeTail(ReadContext& context, std::shared_ptr<PartitionHandle> handle,
                                      Offset from, std::size_t bytes_max) {
  return std::make_unique<Tail>(context, std::move(handle), from, bytes_max);
}

}  // namespace qalam
