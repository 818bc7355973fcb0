#include "broker/frames/frame_connection.h"

#include <array>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "broker/wire/error_codec.h"

namespace qalam {
namespace {

namespace asio = boost::asio;

}  // namespace

FrameConnection::FrameConnection(const RpcContext& rpc, IoThread& io, int descriptor,
                                 std::unique_ptr<FrameChannel> channel, const std::string& peer,
                                 OnEnd on_end)
    : io_(io),
      socket_(io.context(), asio::local::stream_protocol(), descriptor),
      channel_(std::move(channel)),
      stream_(std::make_shared<ProduceStream>(rpc, *this, "local", peer)),
      on_end_(std::move(on_end)),
      frames_(rpc.options.message_bytes_max) {}

void FrameConnection::Start() {
  WaitForBell();
  stream_->Start();
}

// --- Reading -------------------------------------------------------------------------------------

void FrameConnection::WaitForBell() {
  socket_.async_wait(Socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->OnBell();
                     });
}

void FrameConnection::OnBell() {
  if (over_.load()) return;
  if (TakeBells(socket_.native_handle())) {
    WaitForBell();
  } else {
    client_gone_.store(true);
  }
  WriteRest();
  Pump();
}

void FrameConnection::Read() {
  wanted_.store(true);
  if (reading_.load() != std::this_thread::get_id()) PumpSoon();  // Else who reads goes on.
}

void FrameConnection::PumpSoon() {
  asio::post(io_.context(), [self = shared_from_this()] { self->Pump(); });
}

bool FrameConnection::BeginReading() {
  const auto begin = [this] {
    std::thread::id nobody;
    return reading_.compare_exchange_strong(nobody, std::this_thread::get_id());
  };
  if (begin()) return true;
  look_again_.store(true);
  return begin();  // The other may have ended in between.
}

bool FrameConnection::EndReading() {
  reading_.store(std::thread::id());
  return !look_again_.exchange(false);
}

void FrameConnection::Pump() {
  bool more = true;
  while (more && BeginReading()) {
    while (wanted_.load() && TakeFrame()) {
    }
    more = wanted_.load() && !Rest();
    if (!EndReading()) more = true;
  }
}

bool FrameConnection::Rest() {
  RingReader& in = channel_->in();
  if (client_gone_.load()) return false;
  if (!looked_after_.exchange(true) && !stream_->LookLater(shared_from_this())) {
    looked_after_.store(false);
  }
  if (!looked_after_.load()) return in.Sleep(RingSleep::kBell);
  (void)in.Sleep(RingSleep::kLater);
  return !in.more_than_half_full();
}

Arrivals::Source::Found FrameConnection::Look() {
  if (over_.load()) return Found::kEnded;
  if (!BeginReading()) return Found::kNothing;
  bool found = false;
  while (wanted_.load() && TakeFrame()) found = true;
  // One that the stream does not read now comes back with its next Read.
  const bool ended = !wanted_.load();
  if (ended) {
    looked_after_.store(false);
  } else {
    (void)channel_->in().Sleep(RingSleep::kLater);
  }
  if (!EndReading() || ended) PumpSoon();
  return ended ? Found::kEnded : found ? Found::kSomething : Found::kNothing;
}

void FrameConnection::Settle() {
  looked_after_.store(false);
  if (over_.load() || !BeginReading()) return;
  const bool quiet = !wanted_.load() || channel_->in().Sleep(RingSleep::kBell);
  if (!EndReading() || !quiet) PumpSoon();
}

bool FrameConnection::TakeFrame() {
  while (true) {
    Result<std::optional<Frame>> frame = frames_.Next();
    if (!frame.ok()) {
      wanted_.store(false);
      stream_->OnRead(std::move(frame).error());
      return false;
    }
    if (frame->has_value()) {
      wanted_.store(false);
      stream_->OnRead(std::vector{std::move((*frame)->payload)});
      return true;
    }
    const bool gone = client_gone_.load();  // What it wrote before counts.
    const Result<std::size_t> got = channel_->in().Read(frames_.Space());
    if (!got.ok()) {
      wanted_.store(false);
      stream_->OnRead(got.error());
      return false;
    }
    if (*got > 0) {
      frames_.Filled(*got);
      if (channel_->in().TakeRoomBell()) RingBell(socket_.native_handle());
      continue;
    }
    if (gone) {
      wanted_.store(false);
      stream_->OnReadEnd();
    }
    return false;
  }
}

// --- Writing -------------------------------------------------------------------------------------

std::size_t FrameConnection::Put(std::span<const BytesView> parts) {
  const auto outcome = channel_->out().Write(parts);
  if (outcome.bell) RingBell(socket_.native_handle());
  return outcome.bytes;
}

bool FrameConnection::Write(Bytes message) {
  const auto head = MakeFrameHead(FrameKind::kMessage, message.size());
  const std::array<BytesView, 2> parts = {head, message};
  const std::size_t all = head.size() + message.size();
  const bool gone = client_gone_.load();
  if (!gone) {
    const std::size_t taken = Put(parts);
    if (taken == all) return true;
    rest_.assign(head.begin(), head.end());
    rest_.insert(rest_.end(), message.begin(), message.end());
    written_ = taken;
  }
  asio::post(io_.context(), [self = shared_from_this(), gone] {
    if (gone) {
      self->stream_->OnWritten(false);
    } else {
      self->WriteRest();
    }
  });
  return false;
}

void FrameConnection::WriteRest() {
  if (rest_.empty()) return;
  bool ok = true;
  while (ok && written_ < rest_.size()) {
    if (client_gone_.load()) {
      ok = false;
    } else if (channel_->out().WaitForRoom()) {
      return;  // The bell goes on.
    } else {
      const std::array<BytesView, 1> part = {BytesView(rest_).subspan(written_)};
      written_ += Put(part);
    }
  }
  rest_.clear();
  stream_->OnWritten(ok);
}

void FrameConnection::Finish(const std::optional<Error>& error) {
  Bytes payload;
  if (error) {
    const std::string details = EncodeStatusDetails(*error, 0);
    const BytesView bytes = AsBytes(details);
    payload.assign(bytes.begin(), bytes.end());
  }
  // Where the client takes nothing, it hears of the end by the connection's.
  const auto head = MakeFrameHead(FrameKind::kEnd, payload.size());
  const std::array<BytesView, 2> parts = {head, payload};
  if (channel_->out().room() >= head.size() + payload.size()) (void)Put(parts);
  over_.store(true);
  asio::post(io_.context(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->socket_.shutdown(Socket::shutdown_both, ignored);
    self->stream_->OnDone();
    self->on_end_(self);
  });
}

void FrameConnection::Abort() {
  client_gone_.store(true);
  WriteRest();
  stream_->OnCancel();
}

}  // namespace qalam
