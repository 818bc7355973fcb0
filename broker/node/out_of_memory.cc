#include "broker/node/out_of_memory.h"

#include <unistd.h>

#include <new>
#include <string_view>

#include "broker/node/exit_code.h"

namespace qalam {
namespace {

// Must not allocate.
[[noreturn]] void End(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) {
    // There is nobody else to tell.
  }
  _exit(static_cast<int>(ExitCode::kOutOfMemory));
}

}  // namespace

void EndWhenOutOfMemory() {
  std::set_new_handler([] {
    End("qalamd: out of memory\n"
        "  Give it more, or lower qalam.append.bytes.max and qalam.recent.bytes.max.\n");
  });
}

void EndWithoutThread() {
  End("qalamd: out of memory: no thread could be started\n"
      "  Give it more, or raise the bound on threads (ulimit -u, pids.max).\n");
}

}  // namespace qalam
