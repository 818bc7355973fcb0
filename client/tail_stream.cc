#include "client/tail_stream.h"

#include <utility>

#include "client/grpc_links.h"

namespace qalam::abi0 {
void ReceiveRoom::Add(std::size_t bytes) {
  MutexLock lock(mutex_);
  bytes_ += bytes;
}

void ReceiveRoom::Remove(std::size_t bytes) {
  MutexLock lock(mutex_);
  bytes_ -= bytes;
}

bool ReceiveRoom::full() const {
  MutexLock lock(mutex_);
  return bytes_ >= bytes_max_;
}

std::size_t ReceiveRoom::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

void ReceiveRoom::Report(std::size_t index) {
  MutexLock lock(mutex_);
  if (!waiting_.insert(index).second) return;
  reported_.push_back(index);
  news_.NotifyOne();
}

std::optional<std::size_t> ReceiveRoom::NextReported(std::chrono::steady_clock::time_point end) {
  MutexLock lock(mutex_);
  while (reported_.empty() && !woken_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) return std::nullopt;
    news_.WaitFor(mutex_, left);
  }
  if (reported_.empty()) return std::nullopt;
  const std::size_t index = reported_.front();
  reported_.pop_front();
  waiting_.erase(index);
  return index;
}

void ReceiveRoom::Wakeup() {
  MutexLock lock(mutex_);
  woken_ = true;
  news_.NotifyOne();
}

bool ReceiveRoom::TakeWakeup() {
  MutexLock lock(mutex_);
  return std::exchange(woken_, false);
}

std::shared_ptr<TailStream> TailStream::Start(const Connection& connection, const TailOpen& open,
                                              std::shared_ptr<ReceiveRoom> room,
                                              std::size_t index) {
  std::shared_ptr<TailStream> tail(new TailStream(std::move(room), index));
  const std::shared_ptr<TailLink> link = OpenTail(connection, open, tail);
  {
    MutexLock lock(tail->mutex_);
    if (!tail->ended_) tail->link_ = link;
  }
  link->Read();
  return tail;
}

bool TailStream::MayRead() const {
  return !cancelled_ && !ended_ && (messages_.empty() || !room_->full());
}

std::optional<TailPart> TailStream::Take() {
  std::optional<TailPart> message;
  std::shared_ptr<TailLink> read_on;
  {
    MutexLock lock(mutex_);
    if (!messages_.empty()) {
      message.emplace(std::move(messages_.front()));
      messages_.pop_front();
      room_->Remove(message->bytes);
    }
    if (stopped_ && MayRead()) {
      stopped_ = false;
      read_on = link_;
    }
  }
  if (read_on != nullptr) read_on->Read();
  return message;
}

void TailStream::OnPart(TailPart part) {
  std::shared_ptr<TailLink> read_on;
  {
    MutexLock lock(mutex_);
    if (cancelled_) return;
    room_->Add(part.bytes);
    messages_.push_back(std::move(part));
    if (MayRead()) {
      read_on = link_;
    } else {
      stopped_ = true;
    }
  }
  if (read_on != nullptr) read_on->Read();
  room_->Report(index_);
}

void TailStream::OnClosed(const Error& error) {
  std::shared_ptr<TailLink> last;
  {
    MutexLock lock(mutex_);
    ended_ = error;
    last = std::move(link_);
    if (cancelled_) return;
  }
  room_->Report(index_);
}

std::optional<Error> TailStream::ended() const {
  MutexLock lock(mutex_);
  if (!messages_.empty()) return std::nullopt;
  return ended_;
}

bool TailStream::has_news() const {
  MutexLock lock(mutex_);
  return !messages_.empty() || ended_.has_value();
}

void TailStream::Cancel() {
  std::shared_ptr<TailLink> link;
  std::deque<TailPart> dropped;
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    link = link_;
    dropped.swap(messages_);
    for (const TailPart& part : dropped) room_->Remove(part.bytes);
  }
  if (link != nullptr) link->Cancel();
}

}  // namespace qalam::abi0
