#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "common/clock.h"
#include "common/mutex.h"

namespace qalam {

// Caps the connections that were handed to a library which closes them without a word (gRPC). A
// socket's kernel-wide cookie tells whether a descriptor still is the connection that it was; the
// dead are swept out only when the cap is reached. Thread: any.
class LiveConnections {
 public:
  explicit LiveConnections(std::size_t max, const Clock& clock = SystemClock::Get())
      : max_(max), clock_(clock) {}

  // False: the cap is reached, or `descriptor` is no socket; the caller closes it.
  bool Admit(int descriptor);
  // How many are open now. Looks at each.
  std::size_t Count();

 private:
  void Sweep() QALAM_REQUIRES(mutex_);

  const std::size_t max_;
  const Clock& clock_;
  Mutex mutex_;
  std::unordered_map<int, std::uint64_t> cookies_ QALAM_GUARDED_BY(mutex_);  // By descriptor.
  MonotonicTime next_sweep_ QALAM_GUARDED_BY(mutex_){};
};

}  // namespace qalam
