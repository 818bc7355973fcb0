#include "client/stream.h"

#include <utility>

namespace qalam::abi0 {

std::shared_ptr<Stream> Stream::Start(const std::shared_ptr<grpc::Channel>& channel,
                                      const char* method, std::shared_ptr<Listener> listener) {
  std::shared_ptr<Stream> stream(new Stream(std::move(listener)));
  stream->self_ = stream;
  grpc::GenericStub stub(channel);
  stub.PrepareBidiStreamingCall(&stream->context_, method, {}, stream.get());
  stream->AddHold();  // Reads and writes start outside of reactions; until MarkBroken.
  stream->StartCall();
  return stream;
}

// The lock is held while the operation starts, so that it can't start after the hold is gone. gRPC
// never runs a reaction inside of Start*.
void Stream::Write(grpc::ByteBuffer message, bool last) {
  MutexLock lock(mutex_);
  if (broken_) return;
  writing_.Swap(&message);
  if (last) {
    StartWriteLast(&writing_, grpc::WriteOptions());
  } else {
    StartWrite(&writing_);
  }
}

void Stream::Read() {
  MutexLock lock(mutex_);
  if (broken_) return;
  StartRead(&reading_);
}

void Stream::OnWriteDone(bool ok) {
  writing_.Clear();
  if (!ok) {
    MarkBroken();
    context_.TryCancel();
    return;
  }
  listener_->OnWritten();
}

void Stream::OnReadDone(bool ok) {
  if (!ok) {
    MarkBroken();
    return;
  }
  grpc::ByteBuffer message;
  message.Swap(&reading_);
  listener_->OnMessage(std::move(message));
}

void Stream::Cancel() {
  context_.TryCancel();
  MarkBroken();  // Nothing may be under way that would tell us.
}

void Stream::MarkBroken() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(broken_, true)) return;
  }
  RemoveHold();
}

void Stream::OnDone(const grpc::Status& status) {
  const std::shared_ptr<Listener> listener = std::move(listener_);
  listener->OnClosed(status);
  const std::shared_ptr<Stream> last = std::move(self_);
}

}  // namespace qalam::abi0
