#include "client/tail_stream.h"

#include <utility>

namespace qalam::abi0 {
namespace {

constexpr const char* kTailMethod = "/qalam.v1.LogService/Tail";

}  // namespace

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

std::shared_ptr<TailStream> TailStream::Start(const std::shared_ptr<grpc::Channel>& channel,
                                              const TailOpen& open,
                                              std::shared_ptr<ReceiveRoom> room,
                                              std::size_t index) {
  std::shared_ptr<TailStream> tail(new TailStream(std::move(room), index));
  MutexLock lock(tail->mutex_);
  tail->stream_ = Stream::Start(channel, kTailMethod, tail);
  tail->stream_->Write(EncodeTail(open), /*last=*/true);
  tail->stream_->Read();
  return tail;
}

bool TailStream::MayRead() const {
  return !cancelled_ && !status_ && (messages_.empty() || !room_->full());
}

std::optional<grpc::ByteBuffer> TailStream::Take() {
  std::optional<grpc::ByteBuffer> message;
  std::shared_ptr<Stream> read_on;
  {
    MutexLock lock(mutex_);
    if (!messages_.empty()) {
      message.emplace();
      message->Swap(&messages_.front());
      messages_.pop_front();
      room_->Remove(message->Length());
    }
    if (stopped_ && MayRead()) {
      stopped_ = false;
      read_on = stream_;
    }
  }
  if (read_on != nullptr) read_on->Read();
  return message;
}

void TailStream::OnMessage(grpc::ByteBuffer message) {
  std::shared_ptr<Stream> read_on;
  {
    MutexLock lock(mutex_);
    if (cancelled_) return;
    room_->Add(message.Length());
    messages_.emplace_back();
    messages_.back().Swap(&message);
    if (MayRead()) {
      read_on = stream_;
    } else {
      stopped_ = true;
    }
  }
  if (read_on != nullptr) read_on->Read();
  room_->Report(index_);
}

void TailStream::OnClosed(const grpc::Status& status) {
  {
    MutexLock lock(mutex_);
    status_ = status;
    stream_ = nullptr;
    if (cancelled_) return;
  }
  room_->Report(index_);
}

std::optional<grpc::Status> TailStream::ended() const {
  MutexLock lock(mutex_);
  if (!messages_.empty()) return std::nullopt;
  return status_;
}

bool TailStream::has_news() const {
  MutexLock lock(mutex_);
  return !messages_.empty() || status_.has_value();
}

void TailStream::Cancel() {
  std::shared_ptr<Stream> stream;
  std::deque<grpc::ByteBuffer> dropped;
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    stream = stream_;
    dropped.swap(messages_);
    for (const grpc::ByteBuffer& message : dropped) room_->Remove(message.Length());
  }
  if (stream != nullptr) stream->Cancel();
}

}  // namespace qalam::abi0
