// The wall clock, moved by Control::clock_ns, as the C library declares it: reading it, and waiting
// until it shows a time. The kernel knows nothing of the move, so what is waited for is moved back:
// else a clock in the past would make every such wait return at once.
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include <cstdint>

#include "tests/qa/faults/control.h"

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// In glibc's condition variable: it waits by CLOCK_MONOTONIC.
constexpr unsigned kMonotonicWait = 2;

// The C library's own function of that name.
template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

timespec Moved(const timespec& time, std::int64_t by_ns) {
  timespec moved{time.tv_sec + by_ns / kSecond, time.tv_nsec + by_ns % kSecond};
  if (moved.tv_nsec >= kSecond) {
    moved.tv_nsec -= kSecond;
    ++moved.tv_sec;
  } else if (moved.tv_nsec < 0) {
    moved.tv_nsec += kSecond;
    --moved.tv_sec;
  }
  if (moved.tv_sec < 0) return {0, 0};
  return moved;
}

std::int64_t MovedBy() {
  const auto* const control = qalam::qa::SharedControl();
  return control == nullptr ? 0 : control->clock_ns.load();
}

bool IsWall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

#ifdef __x86_64__
long RawCall(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}
#endif

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto next = Next<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, now);
  if (result == 0 && IsWall(clock)) *now = Moved(*now, MovedBy());
  return result;
}
int gettimeofday(timeval* __restrict now, void* __restrict) noexcept {
  timespec fine{};
  const int result = clock_gettime(CLOCK_REALTIME, &fine);
  now->tv_sec = fine.tv_sec;
  now->tv_usec = fine.tv_nsec / 1000;
  return result;
}
time_t time(time_t* out) noexcept {
  timespec fine{};
  clock_gettime(CLOCK_REALTIME, &fine);
  if (out != nullptr) *out = fine.tv_sec;
  return fine.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
  static const auto next =
      Next<int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*)>("pthread_cond_timedwait");
  if ((condition->__data.__wrefs & kMonotonicWait) != 0) return next(condition, mutex, until);
  const timespec moved = Moved(*until, -MovedBy());
  return next(condition, mutex, &moved);
}
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  static const auto next =
      Next<int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>(
          "pthread_cond_clockwait");
  if (!IsWall(clock)) return next(condition, mutex, clock, until);
  const timespec moved = Moved(*until, -MovedBy());
  return next(condition, mutex, clock, &moved);
}

#ifdef __x86_64__
// Abseil's mutexes call futexes by this.
long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& each : a) each = va_arg(list, long);
  va_end(list);
  timespec moved{};
  if (number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) != 0 && a[3] != 0) {
    moved = Moved(*reinterpret_cast<const timespec*>(a[3]), -MovedBy());
    a[3] = reinterpret_cast<long>(&moved);
  }
  const long result = RawCall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result < 0 && result > -4096) {
    errno = static_cast<int>(-result);
    return -1;
  }
  return result;
}
#endif

}  // extern "C"
