#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace qalam::qa {

// Kinds of system calls, as bits. Those from kOpen to kAccept can be counted and made to fail.
enum CallKind : std::uint32_t {
  kWrite = 1u << 0,     // write, pwrite, writev, pwritev
  kSync = 1u << 1,      // fsync, fdatasync
  kTruncate = 1u << 2,  // ftruncate, fallocate
  kName = 1u << 3,      // rename, unlink, rmdir, link
  kCreate = 1u << 4,    // open with O_CREAT, mkdir
  kOpen = 1u << 5,      // any other open, opendir
  kRead = 1u << 6,      // read, pread, preadv
  kAccept = 1u << 7,    // accept4: not below the root, but of the process
};

enum Action : std::uint32_t {
  kWatch = 0,
  kKill = 1,       // SIGKILL just before the call.
  kKillAfter = 2,  // Of a write: half of it goes out, then SIGKILL. Of other calls: as kKill.
  kFail = 3,       // The call is not made, and fails with `error`.
  kShort = 4,      // A read or write of half of its bytes. Calls of fewer than two are not counted.
  kDelay = 5,      // The call is made `error` milliseconds later.
  kLie = 6,        // Of a sync: it is not made, and succeeds.
};

// The page that the harness and every process of a run share (tests/qa/qalam_qa/faults.py writes
// it, field by field in this order): a count of the calls of the kinds in `kinds` over all these
// processes, and what to do at the one with number `at` (from 1; 0: nothing).
struct Control {
  static constexpr std::uint64_t kMagic = 0x514C4641554C5431;
  std::uint64_t magic;
  std::atomic<std::uint64_t> count;
  std::atomic<std::uint64_t> at;
  std::atomic<std::uint32_t> kinds;
  std::atomic<std::uint32_t> action;
  std::atomic<std::int32_t> error;
  std::atomic<std::uint32_t> fired;    // How often.
  std::atomic<std::uint32_t> phase;    // What the harness is doing; goes to the trace.
  std::atomic<std::uint32_t> sticky;   // Not 0: every call from `at` on.
  std::atomic<std::int64_t> clock_ns;  // Added to CLOCK_REALTIME.
  // Only calls of this function on this place count, where they are given: the path below the root
  // with every number as "N" ("log/c-N/N.log"),
  // the random part of a name as "*". Both set while no process runs.
  char only_name[32];
  char only_place[512];
  std::atomic<std::uint64_t> overtaken;  // sync_order.h
};

// Null when the process was started without QA_FAULTS_PAGE, the page's file.
Control* SharedControl();

enum class Verdict { kGo, kFail, kShort, kKillAfter, kLie };
// Counts one call; kills the process where that is due. On kFail errno is set. `path`: for the
// trace, QA_FAULTS_TRACE, a line a counted call: "<number> <process> <phase> <kind> <name> <path>".
Verdict Count(CallKind kind, const char* name, const char* path);
Verdict CountDescriptor(CallKind kind, const char* name, int fd, std::size_t size);
[[noreturn]] void KillNow();

// Whether `path` lies below QA_FAULTS_ROOT; which descriptors do.
bool IsBelowRoot(const char* path);
void Remember(int fd, const char* path);
void Forget(int fd);

// Of a short read or write: some of `size`, in whole blocks where there are several, so that direct
// I/O can do it.
std::size_t SomeOf(std::size_t size);

}  // namespace qalam::qa
