#include "client/stream.h"

#include <utility>

namespace qalam::abi0 {

std::shared_ptr<Stream> Stream::Start(const std::shared_ptr<grpc::Channel>& channel,
                                      const char* method, std::shared_ptr<Listener> listener) {
  std::shared_ptr<Stream> stream(new Stream(std::move(listener)));
  stream->self_ = stream;
  // The call's own message waits for the first Write, so that starting it is no operation of its
  // own.
  stream->context_.set_initial_metadata_corked(true);
  stream->call_ =
      grpc::GenericStub(channel).PrepareCall(&stream->context_, method, stream->events_->queue());
  stream->call_->StartCall(nullptr);
  return stream;
}

// The lock is held while an operation starts, so that none starts once the stream is broken.
void Stream::Write(const grpc::ByteBuffer& message, bool last) {
  MutexLock lock(mutex_);
  if (broken_) return;
  write_.under_way = true;
  EventThread::Event* const tag = &write_;
  if (last) {
    call_->WriteLast(message, grpc::WriteOptions(), tag);
  } else {
    call_->Write(message, tag);
  }
}

void Stream::Read() {
  MutexLock lock(mutex_);
  if (broken_) return;
  read_.under_way = true;
  EventThread::Event* const tag = &read_;
  call_->Read(&reading_, tag);
}

void Stream::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    write_.under_way = false;
    if (!ok && !broken_) {
      broken_ = true;
      context_.TryCancel();
    }
    MaybeFinish();
    if (broken_) return;
  }
  listener_->OnWritten();
}

void Stream::OnReadDone(bool ok) {
  grpc::ByteBuffer message;
  {
    MutexLock lock(mutex_);
    read_.under_way = false;
    if (!ok) broken_ = true;
    message.Swap(&reading_);
    MaybeFinish();
    if (!ok) return;
  }
  listener_->OnMessage(std::move(message));
}

void Stream::Cancel() {
  MutexLock lock(mutex_);
  context_.TryCancel();
  broken_ = true;
  MaybeFinish();  // Nothing may be under way that would tell us.
}

void Stream::MaybeFinish() {
  if (!broken_ || read_.under_way || write_.under_way || finish_.under_way) return;
  finish_.under_way = true;
  EventThread::Event* const tag = &finish_;
  call_->Finish(&status_, tag);
}

void Stream::OnFinished(bool /*ok*/) {
  const std::shared_ptr<Listener> listener = std::move(listener_);
  listener->OnClosed(status_);
  const std::shared_ptr<Stream> last = std::move(self_);
}

}  // namespace qalam::abi0
