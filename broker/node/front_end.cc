#include "broker/node/front_end.h"

#include <utility>

#include "broker/node/listen_address.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {

Result<std::unique_ptr<FrontEnd>> FrontEnd::Open(Broker& broker, const BrokerSettings& settings,
                                                 const std::string& directory,
                                                 Ownership* ownership) {
  std::unique_ptr<FrontEnd> front(new FrontEnd());
  front->allow_insecure_ = settings.allow_insecure;
  front->io_.Start();
  const auto open = [&]() -> Status {
    for (const std::string& text : settings.listeners) {
      std::string address;
      QALAM_ASSIGN_OR_RETURN(std::unique_ptr<TcpListener> listener, front->Bind(text, address));
      front->addresses_.push_back(std::move(address));
      front->tcp_.push_back(std::move(listener));
    }
    if (settings.unix_socket) {
      QALAM_ASSIGN_OR_RETURN(
          front->unix_,
          UnixListener::Open(front->io_, directory, "qalam.sock",
                             [front = front.get()](int descriptor, const std::string& peer) {
                               front->frames_->Sort(descriptor, peer);
                             }));
    }
    QALAM_ASSIGN_OR_RETURN(front->rpc_, RpcServer::Create(broker, settings.rpc, ownership));
    front->frames_ = std::make_unique<FrameServer>(
        broker, front->io_, settings.rpc, front->rpc_->streams(),
        [rpc = front->rpc_.get()](int descriptor, const std::string&) {
          rpc->HandOver(descriptor);
        });
    return OkStatus();
  };
  if (const Status opened = open(); !opened.ok()) {
    front->Stop(std::chrono::milliseconds(0));
    return opened.error();
  }
  return front;
}

Result<std::unique_ptr<TcpListener>> FrontEnd::Bind(const std::string& text, std::string& address) {
  QALAM_ASSIGN_OR_RETURN(ListenAddress parsed, ListenAddress::Parse(text));
  auto bound = TcpListener::Open(
      io_, parsed.host, parsed.port,
      [this](int descriptor, const std::string& /*peer*/) { rpc_->HandOver(descriptor); });
  if (!bound.ok() && bound.error().code() == ErrorCode::kPermissionDenied) {
    // Of a port below 1024, not of the data directory.
    return Error(ErrorCode::kInvalidConfig, bound.error().message()).With("key", "listeners");
  }
  QALAM_ASSIGN_OR_RETURN(std::unique_ptr<TcpListener> listener, std::move(bound));
  parsed.port = listener->port();
  address = parsed.ToString();
  return listener;
}

Result<std::vector<std::string>> FrontEnd::Listen(const std::vector<std::string>& addresses) {
  std::vector<std::unique_ptr<TcpListener>> listeners;
  std::vector<std::string> added;
  const auto bind = [&]() -> Status {
    for (const std::string& text : addresses) {
      QALAM_ASSIGN_OR_RETURN(const ListenAddress parsed, ListenAddress::Parse(text));
      if (!parsed.IsLoopback() && !allow_insecure_) {
        return Error(ErrorCode::kInvalidConfig,
                     text +
                         " can be reached from other machines, and the owner was not started "
                         "with qalam.allow.insecure")
            .With("key", "listeners");
      }
      std::string address;
      QALAM_ASSIGN_OR_RETURN(std::unique_ptr<TcpListener> listener, Bind(text, address));
      added.push_back(std::move(address));
      listeners.push_back(std::move(listener));
    }
    return OkStatus();
  };
  if (const Status bound = bind(); !bound.ok()) {
    for (const auto& listener : listeners) listener->Stop();
    return bound.error();
  }
  for (auto& listener : listeners) {
    listener->Start();
    tcp_.push_back(std::move(listener));
  }
  addresses_.insert(addresses_.end(), added.begin(), added.end());
  return added;
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
  if (frames_) frames_->Stop();
  io_.Stop();
  stopped_ = true;
}

}  // namespace qalam
