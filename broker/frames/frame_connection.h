#pragma once

#include <atomic>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "broker/io/io_thread.h"
#include "broker/rpc/produce_stream.h"
#include "broker/rpc/produce_transport.h"
#include "broker/rpc/rpc_context.h"
#include "common/frame.h"

namespace qalam {

// One Produce stream over a local socket (common/frame.h). Answers are written by whoever has them,
// without a thread in between, as far as the socket takes them. Thread: reading on the IoThread;
// Write and Finish from any.
class FrameConnection final : public ProduceTransport,
                              public std::enable_shared_from_this<FrameConnection> {
 public:
  // When the stream is over; the connection may go then. On the IoThread.
  using OnEnd = std::function<void(const std::shared_ptr<FrameConnection>&)>;
  // Owns `descriptor`, which has said the magic.
  FrameConnection(const RpcContext& rpc, IoThread& io, int descriptor, const std::string& peer,
                  OnEnd on_end);
  void Start() { stream_->Start(); }
  // Gives up what the client does not take; the end follows. On the IoThread.
  void Abort();

  void Read() override;
  bool Write(Bytes message) override;
  void Finish(const std::optional<Error>& error) override;

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  // Hands frames to the stream for as long as it wants some and there are any.
  void Pump();
  bool TakeFrame();  // False: it has to wait for more.
  void WaitReadable();
  void WaitWritable();
  void WriteRest();

  IoThread& io_;
  Socket socket_;
  const std::shared_ptr<ProduceStream> stream_;
  const OnEnd on_end_;
  // The IoThread's.
  FrameReader frames_;
  bool waiting_ = false;  // For the socket to be readable.
  // Which thread is in Pump: a Read from within only says so.
  std::atomic<std::thread::id> pumping_{};
  std::atomic<bool> wanted_{false};
  // What the socket had no room for. Handed from the writer to the IoThread and back by Asio.
  Bytes rest_;
  std::size_t written_ = 0;
};

}  // namespace qalam
