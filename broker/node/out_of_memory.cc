#include "broker/node/out_of_memory.h"

#include <unistd.h>

#include <new>
#include <string_view>

#include "broker/node/exit_code.h"

namespace qalam {
namespace {

// Must not allocate.
[[noreturn]] void End() {
  constexpr std::string_view kText =
      "qalamd: out of memory\n"
      "  Give it more, or lower qalam.append.bytes.max and qalam.recent.bytes.max.\n";
  if (write(STDERR_FILENO, kText.data(), kText.size()) < 0) {
    // There is nobody else to tell.
  }
  _exit(static_cast<int>(ExitCode::kOutOfMemory));
}

}  // namespace

void EndWhenOutOfMemory() { std::set_new_handler(&End); }

}  // namespace qalam
