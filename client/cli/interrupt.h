#pragma once

#include <functional>

namespace qalam::cli {

// From now on Ctrl-C, TERM and HUP end the process with 130: at once, or, while a GracefulStop
// lives, by its owner; the second one always at once. Call it first of all, from main.
void CatchInterrupts();

// A signal came while a GracefulStop lived. Thread: any.
bool Interrupted();

// Called before a signal ends the process, from the thread that handles them; null: nothing is. It
// may run beside everything else.
void BeforeSuddenEnd(void (*last)());

// Held by a verb that has something to finish: records to flush, output to complete, a broker to
// stop. `wake` is called from another thread when Interrupted() becomes true; at most one lives at
// a time. `stuck` is then asked ten times a second, from that thread: when it has said yes for the
// better part of a second without a break, the process ends with 130 all the same.
class GracefulStop {
 public:
  explicit GracefulStop(std::function<void()> wake = {}, std::function<bool()> stuck = {});
  ~GracefulStop();
  GracefulStop(const GracefulStop&) = delete;
  GracefulStop& operator=(const GracefulStop&) = delete;
};

}  // namespace qalam::cli
