#pragma once

#include <atomic>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "broker/io/io_thread.h"
#include "broker/rpc/produce_stream.h"
#include "broker/rpc/produce_transport.h"
#include "broker/rpc/rpc_context.h"
#include "common/frame.h"
#include "common/frame_channel.h"

namespace qalam {

// One Produce stream of a process on this machine (common/frame.h). Answers are written by whoever
// has them, without a thread in between, as far as there is room. Messages are read by the IoThread
// when the bell rings; and, while groups follow each other, by the partition's writer between two
// of them, without a bell. Thread: Write and Finish from any; Look and Settle the writer's; the
// rest the IoThread's.
class FrameConnection final : public ProduceTransport,
                              public Arrivals::Source,
                              public std::enable_shared_from_this<FrameConnection> {
 public:
  // When the stream is over; the connection may go then. On the IoThread.
  using OnEnd = std::function<void(const std::shared_ptr<FrameConnection>&)>;
  // Owns `descriptor`, which has greeted, with the memory of `channel`.
  FrameConnection(const RpcContext& rpc, IoThread& io, int descriptor,
                  std::unique_ptr<FrameChannel> channel, const std::string& peer, OnEnd on_end);
  void Start();
  // Gives up what the client does not take; the end follows.
  void Abort();

  void Read() override;
  bool Write(Bytes message) override;
  void Finish(const std::optional<Error>& error) override;
  Found Look() override;
  void Settle() override;

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  void WaitForBell();
  void OnBell();
  void PumpSoon();
  // Hands frames to the stream for as long as it wants some and there are any.
  void Pump();
  bool TakeFrame();  // False: it has to wait for more.
  // One thread at a time reads. Who is refused has left word, and whoever ends looks again.
  bool BeginReading();
  bool EndReading();  // False: somebody left word.
  // What nobody reads may come without a word, if somebody looks later; else the bell is wanted.
  // False: there is something, or may be.
  bool Rest();
  std::size_t Put(std::span<const BytesView> parts);
  void WriteRest();

  IoThread& io_;
  Socket socket_;
  const std::unique_ptr<FrameChannel> channel_;
  const std::shared_ptr<ProduceStream> stream_;
  const OnEnd on_end_;
  // Of who reads.
  FrameReader frames_;
  // Who that is, so that a Read from within only says so.
  std::atomic<std::thread::id> reading_{};
  std::atomic<bool> look_again_{false};
  std::atomic<bool> wanted_{false};
  std::atomic<bool> looked_after_{false};  // By the writer.
  std::atomic<bool> client_gone_{false};
  std::atomic<bool> over_{false};
  // What there was no room for. Handed from the writer to the IoThread and back by Asio.
  Bytes rest_;
  std::size_t written_ = 0;
};

}  // namespace qalam
