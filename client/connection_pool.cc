#include "client/connection_pool.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "qalam/version.h"

namespace qalam::abi0 {
namespace {

constexpr int kReceiveBytesMax = 16 << 20;
constexpr int kKeepAliveMs = 30'000;
constexpr int kKeepAliveTimeoutMs = 10'000;
constexpr int kReconnectFirstMs = 50;
constexpr int kReconnectMaxMs = 1'000;
constexpr int kStreamWindowBytes = 1 << 20;

grpc::ChannelArguments Arguments(std::chrono::milliseconds connect_timeout) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetMaxSendMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepAliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectFirstMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // gRPC's word for how long one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(connect_timeout.count()));
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // Ours know what is safe to repeat.
  arguments.SetUserAgentPrefix(std::string("qalam-cpp/") + Version());
  return arguments;
}

bool IsPort(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  if (!std::all_of(text.begin(), text.end(),
                   [](unsigned char c) { return std::isdigit(c) != 0; })) {
    return false;
  }
  const int port = std::stoi(std::string(text));
  return port >= 1 && port <= 65535;
}

}  // namespace

ConnectionPool::ConnectionPool(std::vector<std::string> bootstrap,
                               std::chrono::milliseconds connect_timeout)
    : bootstrap_(std::move(bootstrap)), connect_timeout_(connect_timeout) {}

Connection ConnectionPool::Any() {
  MutexLock lock(mutex_);
  const std::string& address = bootstrap_[favoured_];
  return {address, ChannelTo(address), nullptr};
}

void ConnectionPool::ReportUnreachable(const std::string& address) {
  MutexLock lock(mutex_);
  if (bootstrap_[favoured_] == address) favoured_ = (favoured_ + 1) % bootstrap_.size();
}

Connection ConnectionPool::To(const std::string& address) {
  MutexLock lock(mutex_);
  return {address, ChannelTo(address), nullptr};
}

std::shared_ptr<grpc::Channel> ConnectionPool::ChannelTo(const std::string& address) {
  auto& channel = channels_[address];
  if (channel == nullptr) {
    channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                        Arguments(connect_timeout_));
  }
  return channel;
}

Status CheckAddress(const std::string& address) {
  const auto refuse = [&address](const char* why) -> Status {
    return Error("INVALID_ARGUMENT", "\"" + address + "\" is no broker address: " + why,
                 {{"address", address}});
  };
  if (address.rfind("unix:", 0) == 0) {
    if (address.size() == 5) return refuse("unix: needs a path");
    return {};
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return refuse("expected HOST:PORT or unix:PATH");
  if (!IsPort(std::string_view(address).substr(colon + 1))) {
    return refuse("the port is no number from 1 to 65535");
  }
  const std::string_view host = std::string_view(address).substr(0, colon);
  if (host.find_first_of(" \t/,") != std::string_view::npos) return refuse("expected HOST:PORT");
  if (host.find(':') != std::string_view::npos && (host.front() != '[' || host.back() != ']')) {
    return refuse("an IPv6 address goes in brackets: [::1]:7420");
  }
  return {};
}

std::vector<std::string> SplitAddresses(std::string_view text) {
  std::vector<std::string> addresses;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) addresses.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return addresses;
}

}  // namespace qalam::abi0
