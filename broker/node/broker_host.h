#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "broker/api/open_streams.h"
#include "broker/api/ownership.h"
#include "broker/node/broker_core.h"
#include "broker/node/front_end.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

struct BrokerHostOptions {
  BrokerCoreOptions core;
  // What `qalam owner` calls us: "qalamd", or the program that has the library inside.
  std::string program = "qalamd";
  bool listen_tcp = true;  // On the settings' listeners. The socket in the directory is separate.
  // Another process asked us to hand over to it; Stop must follow soon. Must not block. Empty: such
  // requests are refused. Thread: any.
  UniqueFunction<void(std::int32_t successor_pid)> on_hand_over;
  // As LocalBroker::OnLogFailure.
  UniqueFunction<void(const Error&)> on_log_failure;
};

// A whole broker with its listeners, as the owner of its data directory: what qalamd is, and what
// the smart client has inside. No HTTP, no Kafka. Thread: Start, Stop and the destructor from one;
// the rest from any.
class BrokerHost final : public Ownership, public OpenStreams {
 public:
  // Serves when it returns. Errors: those of BrokerCore::Start and FrontEnd::Open; nothing is then
  // left running.
  static Result<std::unique_ptr<BrokerHost>> Start(FileSystem& fs, const Clock& clock,
                                                   BrokerHostOptions options);
  ~BrokerHost() override;  // Stopped. Only then the directory is let go of.

  BrokerCore& core() { return *core_; }
  // HOST:PORT of each TCP listener; the socket's path if there is none.
  std::vector<std::string> addresses() const;

  // Tells those who attend, and names the longest-standing of them who may own as the successor,
  // unless somebody asked for it; finishes what is under way, syncs, closes the sockets. False if
  // `patience` passed before all was clean.
  bool Stop(std::chrono::milliseconds patience);

  OwnerInfo Describe() const override;
  void Attend(std::shared_ptr<Attendant> attendant) override;
  void Leave(const Attendant* attendant) override;
  Result<OwnerInfo> HandOver(std::int32_t successor_pid) override;
  void Join(JoinRequest request, Reply<JoinResult> reply) override;
  Result<StreamList> ListStreams(std::size_t limit) const override;

 private:
  BrokerHost(const Clock& clock, BrokerHostOptions options);
  Status Open(FileSystem& fs);
  OwnerInfo DescribeLocked() const QALAM_REQUIRES(mutex_);
  bool Announce();  // Whether anybody attends.
  Result<std::vector<std::string>> Listen(const std::vector<std::string>& listeners)
      QALAM_REQUIRES(mutex_);

  const Clock& clock_;
  BrokerHostOptions options_;
  std::unique_ptr<BrokerCore> core_;
  mutable Mutex mutex_;
  OwnerInfo self_ QALAM_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Attendant>> attendants_ QALAM_GUARDED_BY(mutex_);
  bool stopping_ QALAM_GUARDED_BY(mutex_) = false;
  std::unique_ptr<FrontEnd> front_;
  bool stopped_ = false;
};

}  // namespace qalam
