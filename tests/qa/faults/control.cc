#include "tests/qa/faults/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace qalam::qa {
namespace {

constexpr int kDescriptorsMax = 65536;
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kRandomBytes = 22;
constexpr char kDescriptors[] = "/proc/self/fd/";
std::atomic<bool> below_root[kDescriptorsMax];

struct Setup {
  Control* control = nullptr;
  char root[4096] = "";
  std::size_t root_bytes = 0;
  int trace = -1;
};

Setup MakeSetup() {
  Setup setup;
  const char* const page = getenv("QA_FAULTS_PAGE");
  const char* const root = getenv("QA_FAULTS_ROOT");
  if (page == nullptr || root == nullptr) return setup;
  const long fd = syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) abort();  // A fault harness that silently does nothing is worse than none.
  void* const mapped =
      mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(fd), 0);
  syscall(SYS_close, fd);
  if (mapped == MAP_FAILED) abort();
  setup.control = static_cast<Control*>(mapped);
  if (setup.control->magic != Control::kMagic) abort();
  setup.root_bytes = strlen(root);
  if (setup.root_bytes >= sizeof(setup.root)) abort();
  memcpy(setup.root, root, setup.root_bytes + 1);
  if (const char* const trace = getenv("QA_FAULTS_TRACE"); trace != nullptr) {
    setup.trace = static_cast<int>(
        syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  }
  return setup;
}

const Setup& TheSetup() {
  static const Setup setup = MakeSetup();
  return setup;
}

// At the start, so that a broken setup is noticed before anything counts.
[[gnu::constructor]] void Begin() { TheSetup(); }

const char* KindName(CallKind kind) {
  switch (kind) {
    case kWrite:
      return "write";
    case kSync:
      return "sync";
    case kTruncate:
      return "truncate";
    case kName:
      return "name";
    case kCreate:
      return "create";
    case kOpen:
      return "open";
    case kRead:
      return "read";
    case kAccept:
      return "accept";
  }
  return "?";
}

void Trace(std::uint64_t number, CallKind kind, const char* name, const char* path) {
  if (TheSetup().trace < 0) return;
  char line[4600];
  const int size =
      snprintf(line, sizeof(line), "%llu %d %u %s %s %s\n", static_cast<unsigned long long>(number),
               getpid(), TheSetup().control->phase.load(), KindName(kind), name, path);
  if (size > 0) syscall(SYS_write, TheSetup().trace, line, static_cast<std::size_t>(size));
}

// The ".<22 characters>" in the name of a directory that was moved aside.
bool IsRandomPart(const char* path) {
  if (*path != '.' || strlen(path) <= kRandomBytes) return false;
  const char* const rest = path + 1 + kRandomBytes;
  return strncmp(rest, "-delete", 7) == 0 || strncmp(rest, "-stray", 6) == 0;
}

// `path` below the root, its numbers as "N" and random parts as "*", as Control::only_place is.
void PlaceOf(const char* path, char* place, std::size_t size) {
  const Setup& setup = TheSetup();
  if (strncmp(path, kDescriptors, sizeof(kDescriptors) - 1) == 0) {
    snprintf(place, size, "(opened again)");
    return;
  }
  if (strncmp(path, setup.root, setup.root_bytes) == 0) {
    path += setup.root_bytes;
    if (*path == '/') ++path;
    if (*path == 0) path = ".";
  }
  std::size_t at = 0;
  for (bool number = false; *path != 0 && at + 2 < size; ++path) {
    if (IsRandomPart(path)) {
      place[at++] = '.';
      place[at++] = '*';
      path += kRandomBytes;
      continue;
    }
    const bool digit = *path >= '0' && *path <= '9';
    if (!digit || !number) place[at++] = digit ? 'N' : *path;
    number = digit;
  }
  place[at] = 0;
}

bool IsWanted(const Control& control, const char* name, const char* path) {
  if (control.only_name[0] == 0) return true;
  char place[sizeof(control.only_place)];
  PlaceOf(path, place, sizeof(place));
  return strcmp(control.only_name, name) == 0 && strcmp(control.only_place, place) == 0;
}

}  // namespace

Control* SharedControl() { return TheSetup().control; }

void KillNow() {
  syscall(SYS_kill, getpid(), SIGKILL);
  while (true) pause();
}

Verdict Count(CallKind kind, const char* name, const char* path) {
  Control* const control = SharedControl();
  if (control == nullptr || (control->kinds & kind) == 0) return Verdict::kGo;
  if (!IsWanted(*control, name, path)) return Verdict::kGo;
  const int kept = errno;
  const std::uint64_t number = ++control->count;
  Trace(number, kind, name, path);
  errno = kept;
  const std::uint64_t at = control->at;
  if (at == 0 || number < at || (number > at && control->sticky == 0)) return Verdict::kGo;
  if (control->action == kWatch) return Verdict::kGo;
  ++control->fired;
  switch (control->action) {
    case kKill:
      KillNow();
    case kKillAfter:
      if (kind == kWrite) return Verdict::kKillAfter;
      KillNow();
    case kShort:
      return Verdict::kShort;
    case kLie:
      return Verdict::kLie;
    case kDelay:
      usleep(static_cast<useconds_t>(control->error) * 1000);
      errno = kept;
      return Verdict::kGo;
    default:
      errno = control->error;
      return Verdict::kFail;
  }
}

Verdict CountDescriptor(CallKind kind, const char* name, int fd, std::size_t size) {
  if (fd < 0 || fd >= kDescriptorsMax || !below_root[fd]) return Verdict::kGo;
  Control* const control = SharedControl();
  if (control == nullptr || (control->kinds & kind) == 0) return Verdict::kGo;
  if (control->action == kShort && size < 2) return Verdict::kGo;
  char link[64];
  char path[4096] = "?";
  if (TheSetup().trace >= 0 || control->only_name[0] != 0) {
    const int kept = errno;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const long got = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path) - 1);
    path[got > 0 ? got : 0] = 0;
    errno = kept;
  }
  return Count(kind, name, path);
}

bool IsBelowRoot(const char* path) {
  const Setup& setup = TheSetup();
  if (setup.control == nullptr || path == nullptr) return false;
  // The way in which files are opened a second time.
  if (strncmp(path, kDescriptors, sizeof(kDescriptors) - 1) == 0) {
    const int fd = atoi(path + sizeof(kDescriptors) - 1);
    return fd >= 0 && fd < kDescriptorsMax && below_root[fd];
  }
  return strncmp(path, setup.root, setup.root_bytes) == 0 &&
         (path[setup.root_bytes] == '/' || path[setup.root_bytes] == 0);
}

void Remember(int fd, const char* path) {
  if (fd >= 0 && fd < kDescriptorsMax) below_root[fd] = IsBelowRoot(path);
}

void Forget(int fd) {
  if (fd >= 0 && fd < kDescriptorsMax) below_root[fd] = false;
}

std::size_t SomeOf(std::size_t size) {
  constexpr std::size_t kBlock = 4096;
  constexpr std::size_t kSector = 512;
  if (size > kBlock && size % kSector == 0) return (size / 2 + kBlock - 1) / kBlock * kBlock;
  if (size > kSector && size % kSector == 0) return (size / 2 + kSector - 1) / kSector * kSector;
  return size / 2;
}

}  // namespace qalam::qa
