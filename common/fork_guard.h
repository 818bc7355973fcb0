#pragma once

#include <atomic>
#include <cstdint>

#include "common/error.h"

namespace qalam {

// What a forked child must not keep. fork() gives it every descriptor of its parent and none of its
// threads: with the lock of a directory it would keep the directory locked when its owner is gone,
// with a socket it would hide from the other end that the owner is gone. So all of them are closed
// in the child at once (pthread_atfork); only the child's copies are, the parent goes on. Exec
// closes them anyway (O_CLOEXEC). Thread: any.
class ForkGuard {
 public:
  // Of a lock or a listening socket; with a listening socket also every connection that was
  // accepted from it. Kept until Forget, which comes before it is closed. Beyond 256 at a time it
  // is not guarded.
  static void CloseInChild(int descriptor);
  static void Forget(int descriptor);
  // How many forks this process is away from the one that loaded the program.
  static std::uint64_t generation();
};

// Tells whether this process is a forked child of the one in which the mark was made: what threads
// did for an object there, nobody does here. Thread: any.
class ForkMark {
 public:
  ForkMark() : generation_(ForkGuard::generation()) {}
  bool forked() const { return generation_ != ForkGuard::generation(); }

 private:
  const std::uint64_t generation_;
};

Error ForkedError();  // kForked

}  // namespace qalam
