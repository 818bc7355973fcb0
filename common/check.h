#pragma once

#include <string_view>

namespace qalam {

// Prints `what` with its place to stderr and aborts. Never returns.
[[noreturn]] void CheckFailed(const char* file, int line, std::string_view what) noexcept;

}  // namespace qalam

// States something that only a bug of ours can make false. On in release builds too: a broken
// invariant must stop, not write. Never for a disk's, a peer's or a user's bytes.
#define QALAM_CHECK(condition) \
  ((condition) ? (void)0 : ::qalam::CheckFailed(__FILE_NAME__, __LINE__, #condition))
