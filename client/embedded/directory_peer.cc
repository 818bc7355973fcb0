#include "client/embedded/directory_peer.h"

#include <errno.h>  // program_invocation_short_name
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "broker/node/find_owner.h"
#include "client/connection_pool.h"
#include "client/embedded/directory_config.h"
#include "client/embedded/frame_produce.h"
#include "client/embedded/owner_words.h"
#include "common/check.h"
#include "common/logging.h"
#include "common/posix_file_system.h"
#include "qalam/version.h"

namespace qalam::abi0 {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSuccessorGoesFirst{500};
// Between two looks for an owner, each spread by half: while a hand-over may take, and later.
constexpr milliseconds kSeekSoon{4};
constexpr milliseconds kSeekLong{1'000};
constexpr milliseconds kSeekMax{20};
constexpr milliseconds kSeekTrouble{200};  // When it is not only that somebody else is at it.
// A call that failed although the owner is there: for so long another one may still turn up.
constexpr milliseconds kMayStillGo{2'000};

qalam::ErrorCode CodeOf(const std::optional<qalam::Error>& error) {
  return error ? error->code() : qalam::ErrorCode::kUnknown;
}

// What a later try may cure, when nobody's word is final yet: somebody else has the directory.
bool MayPass(const qalam::Error& error) {
  return error.code() == qalam::ErrorCode::kDirectoryInUse ||
         error.code() == qalam::ErrorCode::kUnreachable;
}

}  // namespace

Result<std::shared_ptr<DirectoryPeer>> DirectoryPeer::Open(const std::string& directory,
                                                           const DirectoryOptions& options) {
  const auto path = DirectoryPath(directory);
  if (!path.ok()) return path.error();
  auto config = DirectoryConfig(*path, options);
  if (!config.ok()) return config.error();
  ConfigureLogging({config->settings().log_level, config->settings().log_format == "json"});

  std::shared_ptr<DirectoryPeer> peer(new DirectoryPeer(*path, options, *std::move(config)));
  const auto end = std::chrono::steady_clock::now() + options.open_timeout;
  while (auto error = peer->Seek()) {
    const bool again = MayPass(*error) && std::chrono::steady_clock::now() < end;
    if (again && peer->Pause(kSeekMax)) continue;
    (void)peer->Close();
    return OwnerError(*error);
  }
  peer->thread_ = std::thread([peer = peer.get()] { peer->Run(); });
  pthread_setname_np(peer->thread_.native_handle(), "qalam-peer");
  return peer;
}

DirectoryPeer::DirectoryPeer(std::string directory, DirectoryOptions options,
                             qalam::BrokerConfig config)
    : directory_(std::move(directory)),
      options_(std::move(options)),
      config_(std::move(config)),
      may_own_(options_.may_own) {}

DirectoryPeer::~DirectoryPeer() { QALAM_CHECK(!thread_.joinable() && host_ == nullptr); }

// --- What the rest of the client asks ------------------------------------------------------------

void DirectoryPeer::OnOwner(std::function<void()> callback) {
  MutexLock lock(mutex_);
  on_owner_ = std::move(callback);
}

DirectoryRole DirectoryPeer::role() const {
  MutexLock lock(mutex_);
  return role_;
}

DirectoryOwner DirectoryPeer::owner() const {
  MutexLock lock(mutex_);
  return ToPublic(owner_);
}

Connection DirectoryPeer::Any() {
  MutexLock lock(mutex_);
  return current_;
}

RetryOptions DirectoryPeer::retry() const {
  // The way is short, and the next owner is there soon.
  return {milliseconds(2), milliseconds(20)};
}

bool DirectoryPeer::AwaitSuccessor(const Connection& failed,
                                   std::chrono::system_clock::time_point end) {
  const auto now = std::chrono::system_clock::now();
  const auto give_up = std::chrono::steady_clock::now() + (end - now);
  const auto settled = std::chrono::steady_clock::now() + kMayStillGo;
  MutexLock lock(mutex_);
  while (role_ != DirectoryRole::kClosed) {
    const bool seeking = role_ == DirectoryRole::kSeeking || owner_.handing_over;
    if (!seeking && current_.channel != failed.channel) return true;
    const auto until = seeking ? give_up : std::min(give_up, settled);
    const auto left = until - std::chrono::steady_clock::now();
    if (left.count() <= 0) return false;
    changed_.WaitFor(mutex_, left);
  }
  return false;
}

// --- The thread ----------------------------------------------------------------------------------

void DirectoryPeer::Run() {
  std::string told;  // What went wrong, once.
  auto sought_since = std::chrono::steady_clock::now();
  while (!closing()) {
    if (host_ != nullptr) {
      ServeUntilAsked();
    } else if (role() == DirectoryRole::kProxy) {
      AttendUntilGone();
    } else if (const auto error = Seek()) {
      if (!MayPass(*error)) {
        if (std::exchange(told, error->ToString()) != error->ToString()) {
          Logger("embedded").warn("no owner dir={} error=\"{}\"", directory_, told);
        }
      }
      const bool soon = std::chrono::steady_clock::now() - sought_since < kSeekLong;
      const std::chrono::nanoseconds pause = !MayPass(*error) ? kSeekTrouble
                                             : soon           ? kSeekSoon
                                                              : kSeekMax;
      std::uniform_int_distribution<std::int64_t> spread(pause.count() / 2, pause.count());
      if (!Pause(std::chrono::nanoseconds(spread(random_)))) break;
      continue;
    }
    told.clear();
    sought_since = std::chrono::steady_clock::now();
  }
  if (host_ != nullptr) ServeUntilAsked();
}

std::optional<qalam::Error> DirectoryPeer::Seek() {
  std::optional<qalam::Error> not_own;
  if (may_own_ && std::chrono::steady_clock::now() >= own_after_) {
    not_own = TryToOwn();
    if (!not_own) return std::nullopt;
    // Somebody else may still be able to.
    if (!MayPass(*not_own)) return TryToAttend() ? not_own : std::nullopt;
  }
  auto not_attended = TryToAttend();
  if (!not_attended) return std::nullopt;
  // Whoever has the lock is named in the lock's error; that it does not answer matters more.
  const auto reason = not_attended->detail("reason");
  const bool silent = reason && *reason == "silent";
  if (CodeOf(not_own) == qalam::ErrorCode::kDirectoryInUse && MayPass(*not_attended) && !silent) {
    return qalam::Error(qalam::ErrorCode::kUnreachable,
                        not_own->message() + ", and does not serve others yet");
  }
  return not_attended;
}

qalam::BrokerHostOptions DirectoryPeer::HostOptions() {
  qalam::BrokerHostOptions options;
  options.core.config = config_;
  options.core.adopt_copy = options_.adopt_copy;
  options.core.allow_network_file_system = options_.allow_network_file_system;
  options.core.directory_id = directory_id_;
  options.core.version = Version();
  options.program = program_invocation_short_name;
  options.listen_tcp = !options_.listeners.empty();
  options.on_hand_over = [this](std::int32_t /*successor*/) {
    MutexLock lock(mutex_);
    hand_over_ = true;
    changed_.NotifyAll();
  };
  options.on_log_failure = [this](const qalam::Error& /*error*/) {
    MutexLock lock(mutex_);
    log_failed_ = true;
    changed_.NotifyAll();
  };
  return options;
}

std::optional<qalam::Error> DirectoryPeer::TryToOwn() {
  auto host = qalam::BrokerHost::Start(PosixFileSystem::Get(), SystemClock::Get(), HostOptions());
  if (!host.ok()) return host.error();
  host_ = std::move(host).value();
  hub_ = std::make_shared<DirectHub>(host_->core().broker());
  Meet(DirectoryRole::kOwner, host_->Describe());
  return std::nullopt;
}

std::optional<qalam::Error> DirectoryPeer::TryToAttend() {
  auto found = qalam::FindOwner(PosixFileSystem::Get(), directory_);
  if (!found.ok()) return found.error();
  const qalam::OwnerInfo owner = (*found)->hello();
  if (!directory_id_.empty() && owner.directory_id != directory_id_) {
    return qalam::Error(qalam::ErrorCode::kDirectoryUnusable,
                        directory_ + " is another directory than before: it was replaced");
  }
  {
    MutexLock lock(mutex_);
    attended_ = std::move(found).value();
  }
  Meet(DirectoryRole::kProxy, owner);
  return std::nullopt;
}

void DirectoryPeer::Meet(DirectoryRole role, const qalam::OwnerInfo& owner) {
  directory_id_ = owner.directory_id;
  std::function<void()> tell;
  {
    MutexLock lock(mutex_);
    SetOwner(role, owner);
    tell = on_owner_;
  }
  if (tell) tell();
}

void DirectoryPeer::SetOwner(DirectoryRole role, const qalam::OwnerInfo& owner) {
  if (!socket_) {
    // The directory is there: its owner has just answered, or is us.
    auto socket = SocketPath::Of(directory_, "qalam.sock");
    if (socket.ok()) socket_.emplace(std::move(socket).value());
  }
  const std::string address = "unix:" + (socket_ ? socket_->text() : directory_ + "/qalam.sock");
  // Connections of its own for every owner: they break with it.
  pool_ = std::make_shared<ConnectionPool>(std::vector{address}, milliseconds(2'000));
  current_ = pool_->Any();
  current_.address = "unix:" + directory_ + "/qalam.sock";
  if (role == DirectoryRole::kOwner) {
    current_.direct = MakeDirectBroker(hub_);
  } else if (owner.frames && socket_) {
    current_.direct = MakeFrameBroker(socket_->text(), current_.address);
  }
  owner_ = owner;
  role_ = role;
  changed_.NotifyAll();
}

void DirectoryPeer::AttendUntilGone() {
  qalam::OwnerClient* owner = nullptr;
  {
    MutexLock lock(mutex_);
    owner = attended_.get();
  }
  while (true) {
    const auto news = owner->NextNews(may_own_);
    MutexLock lock(mutex_);
    if (news.ok()) {
      owner_ = *news;
      continue;
    }
    const bool named = owner_.handing_over && owner_.successor_pid != 0;
    if (named && owner_.successor_pid != ::getpid()) {
      own_after_ = std::chrono::steady_clock::now() + kSuccessorGoesFirst;
    }
    attended_.reset();
    role_ = DirectoryRole::kSeeking;
    changed_.NotifyAll();
    return;
  }
}

void DirectoryPeer::ServeUntilAsked() {
  bool asked = false;
  {
    MutexLock lock(mutex_);
    while (!closing_ && !hand_over_ && !log_failed_) changed_.Wait(mutex_);
    asked = std::exchange(hand_over_, false);
    // What the disk holds is for another process to find out.
    if (std::exchange(log_failed_, false)) may_own_ = false;
    role_ = DirectoryRole::kSeeking;
    current_.direct = nullptr;
    changed_.NotifyAll();
  }
  const bool clean = host_->Stop(options_.close_timeout);
  hub_->Close();
  hub_.reset();
  host_.reset();
  if (asked) own_after_ = std::chrono::steady_clock::now() + kSuccessorGoesFirst;
  MutexLock lock(mutex_);
  clean_ = clean;
}

bool DirectoryPeer::Pause(std::chrono::nanoseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  MutexLock lock(mutex_);
  while (!closing_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) return true;
    changed_.WaitFor(mutex_, left);
  }
  return false;
}

bool DirectoryPeer::closing() const {
  MutexLock lock(mutex_);
  return closing_;
}

bool DirectoryPeer::Close() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
    if (attended_ != nullptr) attended_->Cancel();
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  MutexLock lock(mutex_);
  attended_.reset();
  role_ = DirectoryRole::kClosed;
  changed_.NotifyAll();
  return clean_;
}

}  // namespace qalam::abi0
