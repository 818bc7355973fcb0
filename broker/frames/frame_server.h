#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "broker/api/answer_thread.h"
#include "broker/api/broker.h"
#include "broker/io/acceptor.h"
#include "broker/io/io_thread.h"
#include "broker/rpc/rpc_context.h"
#include "broker/rpc/rpc_server.h"
#include "broker/rpc/stream_registry.h"
#include "common/clock.h"

namespace qalam {

class FrameConnection;

// Serves Produce streams of processes on this machine without gRPC (common/frame.h). It gets every
// connection of qalam.sock, looks at its first bytes, and hands those that are gRPC's on. Thread:
// Sort the io thread's; the rest the owner's.
class FrameServer {
 public:
  // `broker`, `io` and `streams`, where its streams are, outlive it; `others` gets what does not
  // speak frames. Of `options` it takes the bounds of streams and messages, and how long a new
  // connection may be silent.
  FrameServer(Broker& broker, IoThread& io, const RpcOptions& options, StreamRegistry& streams,
              ConnectionHandler others);
  ~FrameServer();  // Stopped.

  // Owns `descriptor`.
  void Sort(int descriptor, const std::string& peer);
  // When `streams` has been drained, and nothing more is accepted: cuts off what is left.
  void Stop();

 private:
  class Newcomer;
  void Start(int descriptor, const std::string& peer);

  IoThread& io_;
  const RpcOptions options_;
  const ConnectionHandler others_;
  StreamRegistry& streams_;
  AnswerThread answers_;
  const RpcContext context_;
  std::unordered_set<std::shared_ptr<FrameConnection>> connections_;  // The IoThread's.
  const std::shared_ptr<int> alive_ = std::make_shared<int>();        // Held by every connection.
  bool stopped_ = false;
};

}  // namespace qalam
