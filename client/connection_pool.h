#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/connections.h"
#include "client/event_thread.h"
#include "common/mutex.h"
#include "qalam/result.h"

namespace qalam::abi0 {

// One channel per address, made at first use. Every pool has its own connections. Thread: any.
class ConnectionPool final : public Connections {
 public:
  ConnectionPool(std::vector<std::string> bootstrap, std::chrono::milliseconds connect_timeout);

  Connection Any() override;
  void ReportUnreachable(const std::string& address) override;
  Connection To(const std::string& address) override;
  std::size_t addresses_count() const override { return bootstrap_.size(); }

 private:
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) QALAM_REQUIRES(mutex_);

  // Polls the connections also while no call is under way, such as those that are being made.
  const std::shared_ptr<EventThread> events_ = EventThread::Shared();
  const std::vector<std::string> bootstrap_;
  const std::chrono::milliseconds connect_timeout_;
  Mutex mutex_;
  std::size_t favoured_ QALAM_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ QALAM_GUARDED_BY(mutex_);
};

// HOST:PORT, [V6]:PORT or unix:PATH. INVALID_ARGUMENT.
Status CheckAddress(const std::string& address);
// Splits at commas.
std::vector<std::string> SplitAddresses(std::string_view text);

}  // namespace qalam::abi0
