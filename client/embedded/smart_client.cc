#include "qalam/smart_client.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "broker/node/find_owner.h"
#include "client/cluster_client.h"
#include "client/embedded/directory_peer.h"
#include "client/embedded/owner_words.h"
#include "client/wire_error.h"
#include "common/fork_guard.h"
#include "common/posix_file_system.h"

namespace qalam::abi0 {

Result<SmartClient> SmartClient::Open(const std::string& directory, DirectoryOptions options) {
  if (ForkGuard::generation() != 0) return ErrorFromCore(ForkedError());
  ClientOptions client;
  client.client_id = options.client_id;
  client.request_timeout = std::max(options.request_timeout, std::chrono::milliseconds(1));
  auto peer = DirectoryPeer::Open(directory, options);
  if (!peer.ok()) return peer.error();
  client.bootstrap = {(*peer)->Any().address};
  auto cluster = std::make_shared<ClusterClient>(std::move(client), *peer);
  (*peer)->OnOwner([weak = std::weak_ptr<ClusterClient>(cluster)] {
    if (const auto there = weak.lock()) there->TryNow();
  });
  return SmartClient(std::move(cluster), *std::move(peer));
}

Result<DirectoryOwner> SmartClient::OwnerOf(const std::string& directory) {
  if (ForkGuard::generation() != 0) return ErrorFromCore(ForkedError());
  const auto owner = qalam::FindOwner(PosixFileSystem::Get(), directory);
  if (!owner.ok()) {
    std::error_code ignored;
    const bool ours = std::filesystem::exists(directory + "/meta.properties", ignored);
    if (!ours && owner.error().code() == qalam::ErrorCode::kUnreachable) {
      return Error("NOT_FOUND", directory + " is no data directory: nothing of Qalam's is in it",
                   {{"path", directory}});
    }
    return OwnerError(owner.error());
  }
  return ToPublic((*owner)->hello());
}

SmartClient::SmartClient(std::shared_ptr<ClusterClient> cluster,
                         std::shared_ptr<DirectoryPeer> peer) noexcept
    : Client(std::move(cluster)), peer_(std::move(peer)) {}

SmartClient::SmartClient(SmartClient&&) noexcept = default;

SmartClient& SmartClient::operator=(SmartClient&& other) noexcept {
  if (this != &other) {
    (void)Close();
    Client::operator=(std::move(other));
    peer_ = std::move(other.peer_);
  }
  return *this;
}

SmartClient::~SmartClient() { (void)Close(); }

Client SmartClient::Share() const { return Shared(); }

DirectoryRole SmartClient::role() const {
  return peer_ == nullptr ? DirectoryRole::kClosed : peer_->role();
}

DirectoryOwner SmartClient::owner() const {
  return peer_ == nullptr ? DirectoryOwner() : peer_->owner();
}

bool SmartClient::Close() {
  if (peer_ == nullptr) return true;
  if (peer_->forked()) {
    // Its thread and its locks are the parent's: left as they are.
    (void)new std::shared_ptr<DirectoryPeer>(std::move(peer_));
    return true;
  }
  return peer_->Close();
}

}  // namespace qalam::abi0
