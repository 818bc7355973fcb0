#include "client/embedded/direct_tail.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "client/wire_error.h"

namespace qalam::abi0 {
namespace {

TailPart PartOf(qalam::FetchResult result) {
  TailPart part;
  for (const SharedSlice& batch : result.batches) part.bytes += batch.size();
  part.unpack = [result = std::move(result),
                 bytes = part.bytes](RawBuffer& batches) -> std::optional<TailMessage> {
    std::byte* at = batches.Resize(bytes);
    for (const SharedSlice& batch : result.batches) {
      at = std::copy(batch.view().begin(), batch.view().end(), at);
    }
    TailMessage message;
    message.next_offset = result.next_offset;
    message.high_watermark = result.high_watermark;
    message.log_start_offset = result.log_start_offset;
    message.leader_epoch = result.leader_epoch;
    return message;
  };
  return part;
}

}  // namespace

std::shared_ptr<DirectTail> DirectTail::Start(std::shared_ptr<DirectHub> hub, const TailOpen& open,
                                              std::shared_ptr<Listener> listener) {
  std::shared_ptr<DirectTail> link(new DirectTail(std::move(hub), std::move(listener)));
  if (link->hub_->Add(link)) {
    link->Open(open);
  } else {
    link->Close(BrokerIsGone());
  }
  return link;
}

DirectTail::~DirectTail() { hub_->Remove(this); }

void DirectTail::Open(const TailOpen& open) {
  const DirectHub::Entry entry(*hub_);
  if (!entry) return;  // End tells.
  const auto bytes_max = static_cast<std::size_t>(std::max(open.bytes_max, 1));
  entry.broker().OpenTail(
      {open.topic, open.partition}, open.offset, bytes_max,
      Reply<std::unique_ptr<qalam::TailSession>>(
          [self = shared_from_this()](qalam::Result<std::unique_ptr<qalam::TailSession>> session) {
            if (!session.ok()) {
              self->Close(ErrorFromCore(session.error()));
              return;
            }
            {
              MutexLock lock(self->mutex_);
              if (!self->end_with_) self->session_ = std::move(session).value();
            }
            // Not here: whoever opens the stream is told nothing before it has it.
            self->hub_->answers().Post([self] { self->GoOn(); });
          }));
}

void DirectTail::Read() {
  {
    MutexLock lock(mutex_);
    wanted_ = true;
  }
  GoOn();
}

void DirectTail::GoOn() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(busy_, true)) return;  // Whoever is at it sees what is new.
  }
  while (true) {
    std::optional<qalam::Result<qalam::FetchResult>> answer;
    std::optional<Error> end;
    std::shared_ptr<qalam::TailSession> ask;
    {
      MutexLock lock(mutex_);
      if (end_with_ && !asked_ && !closed_) {
        closed_ = true;
        answer_.reset();
        end = end_with_;
      } else if (answer_ && !closed_) {
        answer.swap(answer_);
      } else if (wanted_ && !asked_ && session_ != nullptr && !end_with_) {
        wanted_ = false;
        asked_ = true;
        ask = session_;
      } else {
        busy_ = false;
        return;
      }
    }
    if (end) {
      listener_->OnClosed(*end);
    } else if (answer && answer->ok()) {
      listener_->OnPart(PartOf(std::move(*answer).value()));
    } else if (answer) {
      MutexLock lock(mutex_);
      if (!end_with_) end_with_ = ErrorFromCore(answer->error());
    } else {
      const DirectHub::Entry entry(*hub_);
      Reply<qalam::FetchResult> reply(
          [self = shared_from_this()](qalam::Result<qalam::FetchResult> result) {
            {
              MutexLock lock(self->mutex_);
              self->asked_ = false;
              self->answer_.emplace(std::move(result));
            }
            self->GoOn();
          });
      if (entry) ask->Next(std::move(reply));  // Else dropped: answered SHUTTING_DOWN.
      ask.reset();
    }
  }
}

void DirectTail::Cancel() { Close(Error("CANCELLED", "the stream was given up")); }

void DirectTail::End() {
  Close(BrokerIsGone());
  MutexLock lock(mutex_);
  session_.reset();
}

void DirectTail::Close(const Error& error) {
  std::shared_ptr<qalam::TailSession> session;
  {
    MutexLock lock(mutex_);
    if (!end_with_) end_with_ = error;
    session = session_;
  }
  if (session != nullptr) session->Cancel();
  hub_->answers().Post([self = shared_from_this()] { self->GoOn(); });
}

}  // namespace qalam::abi0
