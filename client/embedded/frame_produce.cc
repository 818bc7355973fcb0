#include "client/embedded/frame_produce.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "client/wire_codec.h"
#include "client/wire_error.h"

namespace qalam::abi0 {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{16} << 20;
constexpr std::chrono::milliseconds kFetchSlice{10};

// What of `parts` comes after their first `taken` bytes.
Bytes RestOf(std::span<const BytesView> parts, std::size_t taken) {
  Bytes rest;
  for (const BytesView part : parts) {
    const std::size_t skipped = std::min(taken, part.size());
    rest.insert(rest.end(), part.begin() + static_cast<std::ptrdiff_t>(skipped), part.end());
    taken -= skipped;
  }
  return rest;
}

}  // namespace

std::shared_ptr<FrameProduce> FrameProduce::Start(const std::string& path, std::string address,
                                                  ProduceOpen open,
                                                  std::shared_ptr<Listener> listener) {
  std::shared_ptr<FrameProduce> link(
      new FrameProduce(std::move(address), std::move(open), std::move(listener)));
  if (const auto why = link->Connect(path)) link->Fail(link->Gone("connecting: " + *why));
  return link;
}

FrameProduce::FrameProduce(std::string address, ProduceOpen open,
                           std::shared_ptr<Listener> listener)
    : thread_(FrameThread::Shared()),
      address_(std::move(address)),
      open_(std::move(open)),
      frames_(kAnswerBytesMax),
      listener_(std::move(listener)) {}

FrameProduce::~FrameProduce() {
  MutexLock lock(mutex_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<std::string> FrameProduce::Connect(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return std::strerror(ENAMETOOLONG);
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::strerror(errno);
  MutexLock lock(mutex_);
  descriptor_ = descriptor;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return std::strerror(errno);
  }
  auto channel = FrameChannel::Greet(descriptor);
  if (!channel.ok()) return channel.error().message();
  channel_ = std::move(channel).value();
  (void)channel_->in().Sleep(RingSleep::kBell);
  if (!thread_->Watch(descriptor, shared_from_this())) return std::strerror(errno);
  return std::nullopt;
}

bool FrameProduce::Write(const ProduceMessage& message) {
  const std::string head = EncodeProduceHead(message, open_);
  const BytesView batch =
      message.kind == ProduceMessage::Kind::kBatch ? message.batch : BytesView();
  const auto frame = MakeFrameHead(FrameKind::kMessage, head.size() + batch.size());
  const std::array<BytesView, 3> parts = {frame, AsBytes(head), batch};
  MutexLock lock(mutex_);
  if (closed_ || channel_ == nullptr) return false;
  const std::size_t taken = Put(parts);
  if (taken == head.size() + batch.size() + frame.size()) return true;
  rest_ = RestOf(parts, taken);
  rest_taken_ = 0;
  WriteOn();
  return rest_.empty();
}

std::size_t FrameProduce::Put(std::span<const BytesView> parts) {
  const auto outcome = channel_->out().Write(parts);
  if (outcome.bell) RingBell(descriptor_);
  return outcome.bytes;
}

void FrameProduce::WriteOn() {
  while (!channel_->out().WaitForRoom()) {
    const std::array<BytesView, 1> part = {BytesView(rest_).subspan(rest_taken_)};
    rest_taken_ += Put(part);
    if (rest_taken_ < rest_.size()) continue;
    rest_.clear();
    return;
  }
}

void FrameProduce::WriteRest() {
  std::shared_ptr<Listener> listener;
  {
    MutexLock lock(mutex_);
    if (closed_ || rest_.empty()) return;
    WriteOn();
    if (!rest_.empty()) return;
    listener = listener_;
  }
  listener->OnWritten();
}

void FrameProduce::Cancel() { Fail(Error("CANCELLED", "the stream was given up")); }

bool FrameProduce::BeginReading() {
  MutexLock lock(mutex_);
  if (closed_ || closing_ || reading_ || channel_ == nullptr) return false;
  reading_ = true;
  return true;
}

void FrameProduce::EndReading() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (closing_) break;
      if (channel_->in().Sleep(RingSleep::kBell)) {
        reading_ = false;
        return;
      }
    }
    ReadAnswers();
  }
  ReadAnswers();  // The owner may have said why, as the last there is.
  std::optional<std::pair<Error, bool>> end;
  std::shared_ptr<Listener> listener;
  {
    MutexLock lock(mutex_);
    end.swap(closing_);
    reading_ = false;
    listener = Shut();
  }
  listener->OnClosed(end->first, end->second);
}

bool FrameProduce::WaitHere(TimePoint end) {
  RingReader& in = channel_->in();
  if (!in.Sleep(RingSleep::kHere)) return true;
  {
    MutexLock lock(mutex_);
    if (closing_) return false;
  }
  in.WaitHere(end);
  return true;
}

bool FrameProduce::FetchUntil(TimePoint end, const std::function<bool()>& done) {
  if (fork_mark_.forked()) return false;  // The connection is the parent's.
  if (!BeginReading()) return false;
  while (!done() && ReadAnswers() && !done()) {
    const TimePoint now = SteadyClock::now();
    // What `done` looks at may also come from elsewhere, where nobody knows of us.
    if (now >= end || !WaitHere(std::min(end, now + kFetchSlice))) break;
  }
  EndReading();
  return true;
}

void FrameProduce::OnReady() {
  bool alive = false;
  {
    MutexLock lock(mutex_);
    if (descriptor_ < 0) return;
    alive = TakeBells(descriptor_);
  }
  WriteRest();
  const bool reads = BeginReading();
  if (reads) ReadAnswers();
  if (!alive) Close(Gone("the broker ended the stream"), false);
  if (reads) {
    EndReading();
  } else if (channel_ != nullptr) {
    channel_->in().Interrupt();  // Who reads may not know what the bell was for.
  }
}

bool FrameProduce::ReadAnswers() {
  RingReader& in = channel_->in();
  while (true) {
    const auto got = in.Read(frames_.Space());
    if (!got.ok()) {
      Close(ErrorFromCore(got.error()), false);
      return false;
    }
    if (*got == 0) return true;
    frames_.Filled(*got);
    if (in.TakeRoomBell()) {
      MutexLock lock(mutex_);
      RingBell(descriptor_);
    }
    if (!TakeFrames()) return false;
  }
}

bool FrameProduce::TakeFrames() {
  std::shared_ptr<Listener> listener;
  {
    MutexLock lock(mutex_);
    listener = listener_;
  }
  while (true) {
    auto frame = frames_.Next();
    if (!frame.ok()) {
      Close(ErrorFromCore(frame.error()), false);
      return false;
    }
    if (!frame->has_value()) return true;
    const BytesView payload = (*frame)->payload.view();
    if ((*frame)->kind == FrameKind::kMessage) {
      listener->OnAnswers(DecodeProduceResponse(payload, address_));
      continue;
    }
    const auto word = ErrorFromDetails(payload, address_);
    Close(word ? *word : Gone("the broker ended the stream"), word.has_value());
    return false;
  }
}

void FrameProduce::Fail(Error error) {
  thread_->Post(
      [self = shared_from_this(), error = std::move(error)] { self->Close(error, false); });
}

void FrameProduce::Close(const Error& error, bool from_broker) {
  std::shared_ptr<Listener> listener;
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    if (reading_) {  // Who reads does it. What the broker says tells more than that it has gone.
      if (!closing_ || from_broker) closing_.emplace(error, from_broker);
      if (channel_ != nullptr) channel_->in().Interrupt();
      return;
    }
    listener = Shut();
  }
  listener->OnClosed(error, from_broker);
}

std::shared_ptr<FrameProduce::Listener> FrameProduce::Shut() {
  closed_ = true;
  if (descriptor_ >= 0) {
    thread_->Forget(descriptor_, *this);
    ::close(descriptor_);
    descriptor_ = -1;
  }
  return std::move(listener_);
}

Error FrameProduce::Gone(const std::string& why) const {
  return {"UNREACHABLE", why, {}, address_};
}

namespace {

class FrameBroker final : public DirectBroker {
 public:
  FrameBroker(std::string path, std::string address)
      : path_(std::move(path)), address_(std::move(address)) {}
  std::shared_ptr<ProduceLink> OpenProduce(
      const ProduceOpen& open, std::shared_ptr<ProduceLink::Listener> listener) override {
    return FrameProduce::Start(path_, address_, open, std::move(listener));
  }
  std::shared_ptr<TailLink> OpenTail(const TailOpen& /*open*/,
                                     const std::shared_ptr<TailLink::Listener>&) override {
    return nullptr;
  }

 private:
  const std::string path_;
  const std::string address_;
};

}  // namespace

std::shared_ptr<DirectBroker> MakeFrameBroker(std::string path, std::string address) {
  return std::make_shared<FrameBroker>(std::move(path), std::move(address));
}

}  // namespace qalam::abi0
