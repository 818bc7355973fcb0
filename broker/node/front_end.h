#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "broker/api/broker.h"
#include "broker/frames/frame_server.h"
#include "broker/io/io_thread.h"
#include "broker/io/tcp_listener.h"
#include "broker/io/unix_listener.h"
#include "broker/node/broker_config.h"
#include "broker/rpc/rpc_server.h"
#include "broker/rpc/stream_registry.h"
#include "common/result.h"

namespace qalam {

// Where clients come in: listeners, and the gRPC server that gets their connections.
// Thread: one at a time.
class FrontEnd {
 public:
  // Binds every address of `settings`, and qalam.sock in `directory` when that is wanted. Nothing
  // is accepted yet. `broker` and `ownership` must outlive it. Errors: kPortInUse,
  // kInvalidArgument, kPermissionDenied, kIo.
  static Result<std::unique_ptr<FrontEnd>> Open(Broker& broker, const BrokerSettings& settings,
                                                const std::string& directory, Ownership* ownership);
  ~FrontEnd();  // Stopped.

  // HOST:PORT of each TCP listener, with the port it really has.
  const std::vector<std::string>& addresses() const { return addresses_; }
  const OpenStreams& streams() const { return rpc_->streams(); }
  void Accept();  // From now on; the health service says SERVING.
  // More addresses, all or none; returns them with the ports they really have. Errors: as Open,
  // and kInvalidConfig (no address; beyond loopback without qalam.allow.insecure).
  Result<std::vector<std::string>> Listen(const std::vector<std::string>& addresses);
  // Health says NOT_SERVING, no connection is accepted any more; calls under way go on.
  void StopAccepting();
  // Ends what is still under way, at the latest after `patience`.
  void Stop(std::chrono::milliseconds patience);

 private:
  FrontEnd() = default;
  Result<std::unique_ptr<TcpListener>> Bind(const std::string& text, std::string& address);

  std::unique_ptr<RpcServer> rpc_;
  IoThread io_;
  std::unique_ptr<FrameServer> frames_;  // Of qalam.sock.
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::unique_ptr<UnixListener> unix_;
  std::vector<std::string> addresses_;
  bool allow_insecure_ = false;
  bool accepting_ = false;
  bool stopped_ = false;
};

}  // namespace qalam
