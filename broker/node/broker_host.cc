#include "broker/node/broker_host.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "broker/node/listen_address.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {
namespace {

// For the answers on their way, and, while a successor waits, for clients that don't read them.
constexpr std::chrono::milliseconds kLastWords{200};

}  // namespace

Result<std::unique_ptr<BrokerHost>> BrokerHost::Start(FileSystem& fs, const Clock& clock,
                                                      BrokerHostOptions options) {
  std::unique_ptr<BrokerHost> host(new BrokerHost(clock, std::move(options)));
  if (const Status opened = host->Open(fs); !opened.ok()) {
    host->Stop(std::chrono::milliseconds(0));
    return opened.error();
  }
  return host;
}

BrokerHost::BrokerHost(const Clock& clock, BrokerHostOptions options)
    : clock_(clock), options_(std::move(options)) {}

BrokerHost::~BrokerHost() { QALAM_CHECK(stopped_); }

Status BrokerHost::Open(FileSystem& fs) {
  BrokerSettings settings = options_.core.config.settings();
  if (!options_.listen_tcp) settings.listeners.clear();
  const std::string version = options_.core.version;
  QALAM_ASSIGN_OR_RETURN(core_, BrokerCore::Start(fs, clock_, std::move(options_.core)));
  if (options_.on_log_failure) core_->OnLogFailure(std::move(options_.on_log_failure));
  QALAM_ASSIGN_OR_RETURN(
      front_, FrontEnd::Open(core_->broker(), settings, core_->directory().path(), this));
  {
    const MetaProperties& meta = core_->directory().meta();
    MutexLock lock(mutex_);
    self_.directory_id = meta.directory_id;
    self_.owner_epoch = meta.owner_epoch;
    self_.pid = ::getpid();
    self_.since_ms = clock_.NowMs();
    self_.program = options_.program;
    self_.version = version;
    self_.addresses = front_->addresses();
    self_.frames = true;
  }
  core_->SetAddress(settings.advertised_listener.empty() ? addresses().front()
                                                         : settings.advertised_listener);
  front_->Accept();
  return OkStatus();
}

std::vector<std::string> BrokerHost::addresses() const {
  MutexLock lock(mutex_);
  if (!self_.addresses.empty()) return self_.addresses;
  return {"unix:" + core_->directory().socket_path()};
}

bool BrokerHost::Stop(std::chrono::milliseconds patience) {
  if (std::exchange(stopped_, true)) return true;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const bool awaited = Announce();
  if (front_) front_->StopAccepting();
  const bool clean = core_ == nullptr || core_->Stop(patience);
  // The broker has answered everything by now.
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  if (front_) front_->Stop(awaited ? kLastWords : std::max(left, kLastWords));
  front_.reset();
  return clean;
}

bool BrokerHost::Announce() {
  MutexLock lock(mutex_);
  stopping_ = true;
  self_.handing_over = true;
  if (self_.successor_pid == 0) {
    const auto first = std::find_if(attendants_.begin(), attendants_.end(),
                                    [](const auto& attendant) { return attendant->may_own(); });
    if (first != attendants_.end()) self_.successor_pid = (*first)->pid();
  }
  for (const auto& attendant : attendants_) attendant->Tell(DescribeLocked());
  return !attendants_.empty() || self_.successor_pid != 0;
}

OwnerInfo BrokerHost::DescribeLocked() const {
  OwnerInfo info = self_;
  info.proxies_count = static_cast<std::int32_t>(attendants_.size());
  return info;
}

OwnerInfo BrokerHost::Describe() const {
  MutexLock lock(mutex_);
  return DescribeLocked();
}

void BrokerHost::Attend(std::shared_ptr<Attendant> attendant) {
  // With the lock, so that nobody is told of earlier things later.
  MutexLock lock(mutex_);
  attendants_.push_back(attendant);
  attendant->Tell(DescribeLocked());
}

void BrokerHost::Leave(const Attendant* attendant) {
  MutexLock lock(mutex_);
  std::erase_if(attendants_, [&](const auto& other) { return other.get() == attendant; });
}

Result<StreamList> BrokerHost::ListStreams(std::size_t limit) const {
  // With the lock, so that the front end can't go meanwhile.
  MutexLock lock(mutex_);
  if (stopping_) return Error(ErrorCode::kShuttingDown, "the broker is stopping");
  return front_->streams().ListStreams(limit);
}

Result<OwnerInfo> BrokerHost::HandOver(std::int32_t successor_pid) {
  {
    MutexLock lock(mutex_);
    if (stopping_) return Error(ErrorCode::kShuttingDown, "the owner is going already");
    if (!options_.on_hand_over) {
      return Error(ErrorCode::kPolicyViolation,
                   options_.program + " (process " + std::to_string(self_.pid) +
                       ") owns the directory as a daemon, which hands over by ending: stop it")
          .With("pid", self_.pid);
    }
    if (self_.successor_pid == 0) self_.successor_pid = successor_pid;
  }
  Logger("node").info("handing over successor={}", successor_pid);
  options_.on_hand_over(successor_pid);
  return Describe();
}

Result<std::vector<std::string>> BrokerHost::Listen(const std::vector<std::string>& listeners) {
  if (stopping_) return Error(ErrorCode::kShuttingDown, "the owner is going");
  std::vector<std::string> missing;
  for (const std::string& listener : listeners) {
    const bool there = std::find(self_.addresses.begin(), self_.addresses.end(), listener) !=
                       self_.addresses.end();
    if (!there) missing.push_back(listener);
  }
  QALAM_ASSIGN_OR_RETURN(const std::vector<std::string> added, front_->Listen(missing));
  self_.addresses = front_->addresses();
  std::vector<std::string> served;
  auto next_added = added.begin();
  for (const std::string& listener : listeners) {
    const bool is_new = next_added != added.end() &&
                        std::find(missing.begin(), missing.end(), listener) != missing.end();
    served.push_back(is_new ? *next_added++ : listener);
  }
  return served;
}

void BrokerHost::Join(JoinRequest request, Reply<JoinResult> reply) {
  ConfigChange change;
  change.set = request.set;
  change.validate_only = true;
  // Checked first, so that a wrong setting opens no port.
  auto then = [this, request = std::move(request),
               reply = std::move(reply)](Result<std::vector<ConfigEntry>> valid) mutable {
    if (!valid.ok()) {
      reply(std::move(valid).error());
      return;
    }
    JoinResult result;
    {
      MutexLock lock(mutex_);
      Result<std::vector<std::string>> added = Listen(request.listeners);
      if (!added.ok()) {
        reply(std::move(added).error());
        return;
      }
      result.addresses = std::move(added).value();
      result.owner = DescribeLocked();
    }
    if (request.set.empty()) {
      reply(std::move(result));
      return;
    }
    ConfigChange now;
    now.set = std::move(request.set);
    core_->broker().SetConfig(
        std::move(now),
        Reply<std::vector<ConfigEntry>>([result = std::move(result), reply = std::move(reply)](
                                            Result<std::vector<ConfigEntry>> changed) mutable {
          if (!changed.ok()) {
            reply(std::move(changed).error());
            return;
          }
          result.config = std::move(changed).value();
          reply(std::move(result));
        }));
  };
  if (change.set.empty()) {
    then(std::vector<ConfigEntry>());
    return;
  }
  core_->broker().SetConfig(std::move(change), Reply<std::vector<ConfigEntry>>(std::move(then)));
}

}  // namespace qalam
