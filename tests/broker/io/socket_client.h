#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace qalam {

// A descriptor that closes itself.
class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket() { Close(); }
  void Close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }
  int get() const { return descriptor_; }
  bool ok() const { return descriptor_ >= 0; }
  // Waits, ten seconds at most, for the peer to close. False if it did not, or sent something.
  bool IsClosedByPeer() const {
    timeval patience{10, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char byte = 0;
    const ssize_t got = ::recv(descriptor_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  int descriptor_;
};

inline Socket ConnectTcp(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return Socket();
  }
  return socket;
}

// `path` fits into a socket address.
inline Socket ConnectUnix(const std::string& path) {
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return Socket();
  }
  return socket;
}

// Keeps what a listener hands over. Thread: any.
class Connections {
 public:
  void Add(int descriptor, const std::string& peer) {
    std::lock_guard lock(mutex_);
    sockets_.emplace_back(descriptor);
    peers_.push_back(peer);
    changed_.notify_all();
  }
  // Waits, ten seconds at most.
  bool WaitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return sockets_.size() >= count; });
  }
  std::size_t count() {
    std::lock_guard lock(mutex_);
    return sockets_.size();
  }
  int descriptor(std::size_t index) {
    std::lock_guard lock(mutex_);
    return sockets_[index].get();
  }
  std::string peer(std::size_t index) {
    std::lock_guard lock(mutex_);
    return peers_[index];
  }
  void Clear() {
    std::lock_guard lock(mutex_);
    sockets_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Socket> sockets_;
  std::vector<std::string> peers_;
};

}  // namespace qalam
