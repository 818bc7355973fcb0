#include "broker/node/front_end.h"

#include <utility>

#include "broker/node/listen_address.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {

Result<std::unique_ptr<FrontEnd>> FrontEnd::Open(Broker& broker, const BrokerSettings& settings,
                                                 const std::string& directory) {
  std::unique_ptr<FrontEnd> front(new FrontEnd());
  const auto hand_over = [front = front.get()](int descriptor, const std::string& /*peer*/) {
    front->rpc_->HandOver(descriptor);
  };
  front->io_.Start();
  const auto open = [&]() -> Status {
    for (const std::string& text : settings.listeners) {
      QALAM_ASSIGN_OR_RETURN(ListenAddress address, ListenAddress::Parse(text));
      auto bound = TcpListener::Open(front->io_, address.host, address.port, hand_over);
      if (!bound.ok() && bound.error().code() == ErrorCode::kPermissionDenied) {
        // Of a port below 1024, not of the data directory.
        return Error(ErrorCode::kInvalidConfig, bound.error().message()).With("key", "listeners");
      }
      QALAM_ASSIGN_OR_RETURN(std::unique_ptr<TcpListener> listener, std::move(bound));
      address.port = listener->port();
      front->addresses_.push_back(address.ToString());
      front->tcp_.push_back(std::move(listener));
    }
    if (settings.unix_socket) {
      QALAM_ASSIGN_OR_RETURN(front->unix_,
                             UnixListener::Open(front->io_, directory, "qalam.sock", hand_over));
    }
    QALAM_ASSIGN_OR_RETURN(front->rpc_, RpcServer::Create(broker, settings.rpc));
    return OkStatus();
  };
  if (const Status opened = open(); !opened.ok()) {
    front->Stop(std::chrono::milliseconds(0));
    return opened.error();
  }
  return front;
}

FrontEnd::~FrontEnd() { QALAM_CHECK(stopped_); }

void FrontEnd::Accept() {
  accepting_ = true;
  rpc_->SetServing(true);
  for (const auto& listener : tcp_) listener->Start();
  if (unix_) unix_->Start();
  for (const std::string& address : addresses_) Logger("node").info("listening grpc={}", address);
}

void FrontEnd::StopAccepting() {
  if (!accepting_) return;
  accepting_ = false;
  rpc_->SetServing(false);
  for (const auto& listener : tcp_) listener->Stop();
  if (unix_) unix_->Stop();
}

void FrontEnd::Stop(std::chrono::milliseconds patience) {
  StopAccepting();
  if (rpc_) rpc_->Stop(patience);
  io_.Stop();
  stopped_ = true;
}

}  // namespace qalam
