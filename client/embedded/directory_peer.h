#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "broker/node/broker_config.h"
#include "broker/node/broker_host.h"
#include "broker/rpc/owner_client.h"
#include "client/connections.h"
#include "client/embedded/direct_hub.h"
#include "common/fork_guard.h"
#include "common/mutex.h"
#include "common/socket_path.h"
#include "qalam/smart_client.h"

namespace qalam::abi0 {

// This process's part in a directory: its owner, a proxy of its owner, or looking for one of the
// two. A thread of its own sees to it:
//
//            lock taken, broker started                    owner answers
//   kOwner <---------------------------- kSeeking ----------------------------> kProxy
//      |                                  ^    ^                                  |
//      '--- asked to, or log failed ------'    '------ the owner's stream ends ---'
//
// Only the lock makes an owner: neither a connection that fails, nor a time that passes, nor a
// process id that is gone does. When an owner goes by itself, it names a successor; the others then
// wait for half a second before they try the lock. Thread: any, but Close from one.
class DirectoryPeer final : public Connections {
 public:
  // Owner or proxy when it returns. Errors: smart_client.h's.
  static Result<std::shared_ptr<DirectoryPeer>> Open(const std::string& directory,
                                                     const DirectoryOptions& options);
  ~DirectoryPeer() override;  // Closed.

  // Called, from the peer's thread, whenever there is another owner to ask. Must not block.
  void OnOwner(std::function<void()> callback);
  DirectoryRole role() const;
  DirectoryOwner owner() const;
  bool Close();
  bool forked() const { return fork_mark_.forked(); }

  Connection Any() override;
  Connection To(const std::string& /*address*/) override { return Any(); }
  void ReportUnreachable(const std::string& /*address*/) override {}
  std::size_t addresses_count() const override { return 1; }
  RetryOptions retry() const override;
  bool AwaitSuccessor(const Connection& failed, std::chrono::system_clock::time_point end) override;

 private:
  DirectoryPeer(std::string directory, DirectoryOptions options, qalam::BrokerConfig config);

  void Run();
  // Owner or proxy afterwards, or why not.
  std::optional<qalam::Error> Seek();
  std::optional<qalam::Error> TryToOwn();
  std::optional<qalam::Error> TryToAttend();
  void ServeUntilAsked();
  void AttendUntilGone();
  bool Pause(std::chrono::nanoseconds time);  // False: closing.
  // Who is to be asked from now on.
  void Meet(DirectoryRole role, const qalam::OwnerInfo& owner);
  void SetOwner(DirectoryRole role, const qalam::OwnerInfo& owner) QALAM_REQUIRES(mutex_);
  qalam::BrokerHostOptions HostOptions();
  bool closing() const;

  const std::string directory_;
  const DirectoryOptions options_;
  const qalam::BrokerConfig config_;
  const ForkMark fork_mark_;
  std::minstd_rand random_{std::random_device{}()};
  std::thread thread_;
  // The thread's, and before it runs Open's.
  bool may_own_ = true;
  std::chrono::steady_clock::time_point own_after_{};  // Somebody else goes first.
  std::string directory_id_;                           // Of the first owner met.
  std::unique_ptr<qalam::BrokerHost> host_;            // As the owner.
  std::shared_ptr<DirectHub> hub_;

  mutable Mutex mutex_;
  CondVar changed_;
  DirectoryRole role_ QALAM_GUARDED_BY(mutex_) = DirectoryRole::kSeeking;
  qalam::OwnerInfo owner_ QALAM_GUARDED_BY(mutex_);
  std::shared_ptr<Connections> pool_ QALAM_GUARDED_BY(mutex_);
  Connection current_ QALAM_GUARDED_BY(mutex_);  // To the last owner, of pool_.
  std::optional<SocketPath> socket_ QALAM_GUARDED_BY(mutex_);
  std::unique_ptr<qalam::OwnerClient> attended_ QALAM_GUARDED_BY(mutex_);  // As a proxy.
  bool closing_ QALAM_GUARDED_BY(mutex_) = false;
  std::function<void()> on_owner_ QALAM_GUARDED_BY(mutex_);
  bool hand_over_ QALAM_GUARDED_BY(mutex_) = false;
  bool log_failed_ QALAM_GUARDED_BY(mutex_) = false;
  bool clean_ QALAM_GUARDED_BY(mutex_) = true;
};

}  // namespace qalam::abi0
