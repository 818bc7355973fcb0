#pragma once

#include <chrono>

#include "common/result.h"

namespace qalam {

// Signals as something to wait for, instead of something that interrupts: TERM, INT, HUP and USR1
// are blocked in every thread and come out of Wait(); PIPE is ignored.
// Thread: made and destroyed before and after all others; Wait from one, Wake from any.
class Signals {
 public:
  // Blocks the signals for this thread and all that it starts from now on. Errors: kIo.
  static Result<Signals> Block();
  Signals(Signals&& other) noexcept;
  Signals& operator=(Signals&&) = delete;
  ~Signals();

  // The next signal's number; 0 after Wake() or when `patience` passed.
  int Wait(std::chrono::milliseconds patience);
  void Wake();

 private:
  Signals(int signals, int wake) : signals_(signals), wake_(wake) {}
  int signals_;
  int wake_;
};

}  // namespace qalam
