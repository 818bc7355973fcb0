#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "broker/io/accept_loop.h"
#include "broker/io/acceptor.h"
#include "broker/io/io_thread.h"
#include "common/result.h"

namespace qalam {

// Listens on a Unix socket in a directory. It is bound under a temporary name, made 0600, and only
// then renamed over `name`, so that `name` never leads to a socket that others may use or that
// nobody serves. Processes of another user (root apart) are turned away by SO_PEERCRED, whatever
// the mode. Directories with names too long for a socket address are reached through a descriptor.
// The caller holds the directory's lock: a socket found under `name` is a dead owner's. Thread: as
// TcpListener.
class UnixListener {
 public:
  // Errors: kPermissionDenied, kNoSpace, kIo.
  static Result<std::unique_ptr<UnixListener>> Open(IoThread& io, const std::string& directory,
                                                    const std::string& name,
                                                    ConnectionHandler handler);
  ~UnixListener();
  void Start();
  void Stop();  // Removes the name, if it is still ours.

 private:
  UnixListener(IoThread& io, int descriptor, std::string path, ConnectionHandler handler);
  bool NameIsOurs() const;

  const std::string path_;
  std::uint64_t device_ = 0;  // Of the socket in the file system, with its inode.
  std::uint64_t inode_ = 0;
  std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace qalam
