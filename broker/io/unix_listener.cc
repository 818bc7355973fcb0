#include "broker/io/unix_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "common/logging.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

constexpr int kBacklog = 1024;

unsigned long InodeOf(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

// The peer, if it may connect: the same user, or root.
std::string AllowedPeer(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "";
  if (peer.uid != ::geteuid() && peer.uid != 0) {
    Logger("io").warn("connection refused on the unix socket: other user uid={} pid={}", peer.uid,
                      peer.pid);
    return "";
  }
  return "unix:uid=" + std::to_string(peer.uid) + ",pid=" + std::to_string(peer.pid);
}

}  // namespace

Result<std::unique_ptr<UnixListener>> UnixListener::Open(IoThread& io, const std::string& directory,
                                                         const std::string& name,
                                                         ConnectionHandler handler) {
  const int dir = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return ErrorFromErrno(errno, "open", directory);
  const std::string path = directory + "/" + name;
  // Short whatever the directory's name: the descriptor stands for it.
  const std::string temporary =
      "/proc/self/fd/" + std::to_string(dir) + "/." + name + "." + std::to_string(::getpid());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto fail = [&](const char* what) {
    const Error error = ErrorFromErrno(errno, what, path);
    ::unlink(temporary.c_str());
    if (descriptor >= 0) ::close(descriptor);
    ::close(dir);
    return error;
  };
  if (descriptor < 0) return fail("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (temporary.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return fail("bind");
  }
  std::memcpy(address.sun_path, temporary.c_str(), temporary.size() + 1);
  ::unlink(temporary.c_str());
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail("bind");
  if (::chmod(temporary.c_str(), 0600) != 0) return fail("chmod");
  if (::listen(descriptor, kBacklog) != 0) return fail("listen");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail("rename");
  ::close(dir);
  return std::unique_ptr<UnixListener>(new UnixListener(io, descriptor, path, std::move(handler)));
}

UnixListener::UnixListener(IoThread& io, int descriptor, std::string path,
                           ConnectionHandler handler)
    : path_(std::move(path)),
      inode_(InodeOf(path_)),
      loop_(std::make_unique<AcceptLoop>(io, descriptor, [handler = std::move(handler)](int fd) {
        const std::string peer = AllowedPeer(fd);
        if (peer.empty()) {
          ::close(fd);
          return;
        }
        handler(fd, peer);
      })) {}

UnixListener::~UnixListener() = default;

void UnixListener::Start() { loop_->Start(); }

void UnixListener::Stop() {
  loop_->Stop();
  if (inode_ != 0 && InodeOf(path_) == inode_) ::unlink(path_.c_str());
}

}  // namespace qalam
