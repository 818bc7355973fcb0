#include "client/embedded/frame_produce.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
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
constexpr int kReadsMax = 16;  // In a row, before others have their turn.
constexpr std::chrono::milliseconds kFetchSlice{10};

// How many bytes the socket took; 0 if it has no room; nothing: it is broken.
std::optional<std::size_t> Send(int descriptor, std::span<const iovec> parts) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return std::nullopt;
}

iovec PartOf(BytesView bytes) { return {const_cast<std::byte*>(bytes.data()), bytes.size()}; }

// What of `parts` comes after their first `taken` bytes.
Bytes RestOf(std::span<const iovec> parts, std::size_t taken) {
  Bytes rest;
  for (const iovec& part : parts) {
    const auto* const bytes = static_cast<const std::byte*>(part.iov_base);
    const std::size_t skipped = std::min(taken, part.iov_len);
    rest.insert(rest.end(), bytes + skipped, bytes + part.iov_len);
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
  if (!link->Connect(path)) {
    link->Fail(link->Gone(std::string("connecting: ") + std::strerror(errno)));
  }
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

bool FrameProduce::Connect(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  MutexLock lock(mutex_);
  descriptor_ = descriptor;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return false;
  }
  return thread_->Watch(descriptor, shared_from_this());
}

bool FrameProduce::Write(const ProduceMessage& message) {
  const std::string head = EncodeProduceHead(message, open_);
  const BytesView batch =
      message.kind == ProduceMessage::Kind::kBatch ? message.batch : BytesView();
  const auto frame = MakeFrameHead(FrameKind::kMessage, head.size() + batch.size());
  const std::array<iovec, 4> all = {PartOf(AsBytes({kFramesMagic.data(), kFramesMagic.size()})),
                                    PartOf(frame), PartOf(AsBytes(head)), PartOf(batch)};
  MutexLock lock(mutex_);
  if (closed_ || descriptor_ < 0) return false;
  const auto parts = std::span(all).subspan(std::exchange(greeted_, true) ? 1 : 0);
  const auto sent = Send(descriptor_, parts);
  if (!sent) {
    Fail(Gone("the connection broke"));
    return false;
  }
  rest_ = RestOf(parts, *sent);
  if (rest_.empty()) return true;
  Rewatch();
  return false;
}

void FrameProduce::Cancel() { Fail(Error("CANCELLED", "the stream was given up")); }

void FrameProduce::Rewatch() {
  if (closed_ || descriptor_ < 0) return;
  thread_->Rewatch(descriptor_, *this, !fetching_, !rest_.empty());
}

std::optional<int> FrameProduce::BeginReading(bool fetching) {
  MutexLock lock(mutex_);
  if (closed_ || closing_ || reading_ || descriptor_ < 0) return std::nullopt;
  reading_ = true;
  fetching_ = fetching;
  if (fetching) Rewatch();
  return descriptor_;
}

void FrameProduce::EndReading() {
  std::optional<std::pair<Error, bool>> end;
  {
    MutexLock lock(mutex_);
    reading_ = false;
    end.swap(closing_);
    if (std::exchange(fetching_, false) && !end) Rewatch();
  }
  if (end) Close(end->first, end->second);
}

bool FrameProduce::FetchUntil(TimePoint end, const std::function<bool()>& done) {
  if (fork_mark_.forked()) return false;  // The socket is the parent's.
  const std::optional<int> descriptor = BeginReading(true);
  if (!descriptor) return false;
  while (!done()) {
    const TimePoint now = SteadyClock::now();
    if (now >= end) break;
    // What `done` looks at may also come from elsewhere, where nobody knows of us.
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<SteadyClock::duration>(end - now, kFetchSlice));
    pollfd poll{*descriptor, POLLIN, 0};
    if (::poll(&poll, 1, static_cast<int>(patience.count())) > 0 && !ReadAnswers()) break;
  }
  EndReading();
  return true;
}

void FrameProduce::OnReady(bool readable, bool writable) {
  if (writable) WriteRest();
  if (!readable || !BeginReading(false)) return;
  ReadAnswers();
  EndReading();
}

void FrameProduce::WriteRest() {
  std::shared_ptr<Listener> listener;
  {
    MutexLock lock(mutex_);
    if (closed_ || rest_.empty()) return;
    const std::array<iovec, 1> part = {PartOf(rest_)};
    const auto sent = Send(descriptor_, part);
    if (!sent) {
      Fail(Gone("the connection broke"));
      return;
    }
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(*sent));
    if (!rest_.empty()) return;
    Rewatch();
    listener = listener_;
  }
  listener->OnWritten();
}

bool FrameProduce::ReadAnswers() {
  for (int i = 0; i < kReadsMax; ++i) {
    ssize_t got = 0;
    {
      MutexLock lock(mutex_);
      if (closing_) return false;
      const std::span<std::byte> space = frames_.Space();
      got = ::recv(descriptor_, space.data(), space.size(), MSG_DONTWAIT);
      if (got > 0) frames_.Filled(static_cast<std::size_t>(got));
      // Less than there was room for: that was all.
      if (got > 0 && static_cast<std::size_t>(got) < space.size()) i = kReadsMax;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got <= 0) {
      Close(Gone("the broker ended the stream"), false);
      return false;
    }
    if (!TakeFrames()) return false;
  }
  return true;
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
    if (reading_) {  // Who reads hears of it, and does it.
      if (!closing_) closing_.emplace(error, from_broker);
      ::shutdown(descriptor_, SHUT_RDWR);
      return;
    }
    closed_ = true;
    if (descriptor_ >= 0) {
      thread_->Forget(descriptor_, *this);
      ::close(descriptor_);
      descriptor_ = -1;
    }
    listener = std::move(listener_);
  }
  listener->OnClosed(error, from_broker);
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
