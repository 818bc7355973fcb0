#include "common/check.h"

#include <cstdio>
#include <cstdlib>

namespace qalam {

void CheckFailed(const char* file, int line, std::string_view what) noexcept {
  std::fprintf(stderr, "%s:%d: check failed: %.*s\n", file, line, static_cast<int>(what.size()),
               what.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace qalam
