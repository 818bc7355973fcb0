// How often, and for how long, the machine as a whole does nothing: a virtual machine is stopped by
// its host now and then, which no figure of a server tells from the server's own waiting.
//   pauses     until SIGTERM; then a line of JSON
// Sleeps for 1 ms again and again, before everybody else (SCHED_FIFO) where it may, and counts the
// sleeps that took more than 2 ms longer. It wakes a processor a thousand times a second and thus
// disturbs what runs beside it, so no figure is taken while it runs.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "tests/bench/peers/load_report.h"

namespace qalam::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSleep(1);
constexpr milliseconds kPauseMin(2);

volatile sig_atomic_t done = 0;

bool BeforeEverybodyElse() {
  sched_param wanted{};
  wanted.sched_priority = sched_get_priority_max(SCHED_FIFO);
  return sched_setscheduler(0, SCHED_FIFO, &wanted) == 0;
}

// The sleeps' overruns, of those that count.
Histogram Watch() {
  Histogram pauses;
  const timespec sleep{0, std::chrono::nanoseconds(kSleep).count()};
  while (done == 0) {
    const auto begun = Clock::now();
    if (nanosleep(&sleep, nullptr) != 0) break;  // The signal.
    const auto over = Clock::now() - begun - kSleep;
    if (over > kPauseMin) pauses.Add(over);
  }
  return pauses;
}

int Main() {
  signal(SIGTERM, [](int) { done = 1; });
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // Left behind, it would disturb whatever is measured next.
  const bool real_time = BeforeEverybodyElse();
  const auto begun = Clock::now();
  const Histogram pauses = Watch();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  std::printf(
      "{\"real_time\": %s, \"seconds\": %.2f, \"pauses\": %llu, \"per_s\": %.2f, "
      "\"p50_ms\": %.2f, \"max_ms\": %.2f}\n",
      real_time ? "true" : "false", seconds, static_cast<unsigned long long>(pauses.count()),
      static_cast<double>(pauses.count()) / seconds, pauses.Quantile(0.5), pauses.Max());
  return 0;
}

}  // namespace
}  // namespace qalam::bench

int main() { return qalam::bench::Main(); }
