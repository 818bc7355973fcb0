// qalamd's own pthread_create, in front of the C library's and for every library in the process:
// a thread that can't be had (memory, `ulimit -u`, pids.max) ends it as memory that can't be had
// does. gRPC 1.51 counts a thread of its executor that it could not start, and goes on giving it
// work that nobody does: connections would hang for ever, without a word.
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>

#include "broker/node/out_of_memory.h"

extern "C" __attribute__((visibility("default"))) int pthread_create(
    pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
    void* argument) noexcept {
  static const auto create =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  const int failure = create(thread, attributes, run, argument);
  if (failure == EAGAIN) qalam::EndWithoutThread();
  return failure;
}
