// Opening, naming and closing files, as the C library declares them.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/qa/faults/control.h"

using qalam::qa::Count;
using qalam::qa::Forget;
using qalam::qa::IsBelowRoot;
using qalam::qa::Remember;
using qalam::qa::Verdict;

namespace {

// The C library's own function of that name.
template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool Fails(qalam::qa::CallKind kind, const char* name, const char* path) {
  return IsBelowRoot(path) && Count(kind, name, path) == Verdict::kFail;
}

int OpenAt(int at, const char* path, int flags, mode_t mode) {
  const bool creates = (flags & O_CREAT) != 0;
  if (Fails(creates ? qalam::qa::kCreate : qalam::qa::kOpen, "open", path)) return -1;
  const int fd = static_cast<int>(syscall(SYS_openat, at, path, flags, mode));
  Remember(fd, path);
  return fd;
}

mode_t ModeOf(int flags, va_list list) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

}  // namespace

extern "C" {

int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = ModeOf(flags, list);
  va_end(list);
  return OpenAt(AT_FDCWD, path, flags, mode);
}
int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = ModeOf(flags, list);
  va_end(list);
  return OpenAt(AT_FDCWD, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = ModeOf(flags, list);
  va_end(list);
  return OpenAt(at, path, flags, mode);
}
int openat(int at, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = ModeOf(flags, list);
  va_end(list);
  return OpenAt(at, path, flags, mode);
}
int __open_2(const char* path, int flags) { return OpenAt(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return OpenAt(AT_FDCWD, path, flags, 0); }
int close(int fd) {
  Forget(fd);
  return static_cast<int>(syscall(SYS_close, fd));
}

FILE* fopen64(const char* path, const char* mode) {
  if (Fails(mode[0] == 'r' ? qalam::qa::kOpen : qalam::qa::kCreate, "fopen", path)) return nullptr;
  static const auto next = Next<FILE* (*)(const char*, const char*)>("fopen64");
  FILE* const file = next(path, mode);
  if (file != nullptr) Remember(fileno(file), path);
  return file;
}
FILE* fopen(const char* path, const char* mode) { return fopen64(path, mode); }
DIR* opendir(const char* path) {
  if (Fails(qalam::qa::kOpen, "opendir", path)) return nullptr;
  static const auto next = Next<DIR* (*)(const char*)>("opendir");
  return next(path);
}

int rename(const char* from, const char* to) noexcept {
  if (Fails(qalam::qa::kName, "rename", from)) return -1;
  return static_cast<int>(syscall(SYS_rename, from, to));
}
int unlink(const char* path) noexcept {
  if (Fails(qalam::qa::kName, "unlink", path)) return -1;
  return static_cast<int>(syscall(SYS_unlink, path));
}
int rmdir(const char* path) noexcept {
  if (Fails(qalam::qa::kName, "rmdir", path)) return -1;
  return static_cast<int>(syscall(SYS_rmdir, path));
}
int link(const char* from, const char* to) noexcept {
  if (Fails(qalam::qa::kName, "link", from)) return -1;
  return static_cast<int>(syscall(SYS_link, from, to));
}
int mkdir(const char* path, mode_t mode) noexcept {
  if (Fails(qalam::qa::kCreate, "mkdir", path)) return -1;
  return static_cast<int>(syscall(SYS_mkdir, path, mode));
}

}  // extern "C"
