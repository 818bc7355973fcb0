#pragma once

#include <cstddef>
#include <memory>

#include "common/result.h"
#include "common/shared_ring.h"

namespace qalam {

// The two rings that carry the frames (common/frame.h) of one connection, in memory that a client
// makes and both ends map. Its size is sealed: no end can take it away from the other. The socket
// beside it says that the other end is gone, and carries the bell: a byte that means "look at both
// rings". Thread: `in` and `out` one at a time each.
class FrameChannel {
 public:
  // The client's end. It greets over `socket`, which is new. Errors: as of system calls.
  static Result<std::unique_ptr<FrameChannel>> Greet(int socket);
  // The owner's end; takes the greeting off `socket`. Errors: kInvalidArgument, as of system calls.
  static Result<std::unique_ptr<FrameChannel>> Welcome(int socket);
  ~FrameChannel();
  FrameChannel(const FrameChannel&) = delete;
  FrameChannel& operator=(const FrameChannel&) = delete;

  RingReader& in() { return in_; }
  RingWriter& out() { return out_; }

 private:
  enum class End { kClient, kOwner };
  static Result<std::unique_ptr<FrameChannel>> Map(int memory, End end);
  FrameChannel(std::byte* memory, End end);

  std::byte* const memory_;
  RingReader in_;
  RingWriter out_;
};

// Never blocks. The other end may be gone: then there is nobody to hear it.
void RingBell(int socket);
// Takes all bells that came. False: the other end is gone.
bool TakeBells(int socket);

}  // namespace qalam
