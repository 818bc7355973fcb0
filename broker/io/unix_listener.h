#pragma once

#include <memory>
#include <string>

#include "broker/io/accept_loop.h"
#include "broker/io/acceptor.h"
#include "broker/io/io_thread.h"
#include "common/result.h"

namespace qalam {

// Listens on a Unix socket in a directory. The socket is bound under a temporary name, made 0600,
// and renamed over `name`, so that the name never leads to a socket that nobody serves on purpose.
// Processes of another user (root apart) are refused. Paths longer than a socket address are
// reached through the open directory. The caller owns the directory's lock. Thread: as TcpListener.
class UnixListener {
 public:
  // Errors: kPermissionDenied, kIo, kNoSpace.
  static Result<std::unique_ptr<UnixListener>> Open(IoThread& io, const std::string& directory,
                                                    const std::string& name,
                                                    ConnectionHandler handler);
  ~UnixListener();
  void Start();
  void Stop();  // Removes the name, if it is still ours.

 private:
  UnixListener(IoThread& io, int descriptor, std::string path, ConnectionHandler handler);
  const std::string path_;
  unsigned long inode_ = 0;
  std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace qalam
