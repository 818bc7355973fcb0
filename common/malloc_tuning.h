#pragma once

#include <malloc.h>

namespace qalam {

// For programs that pass batches on: those are large and short-lived, and taking each from the
// kernel and giving it back at once costs more than filling it; so do arenas for every thread. For
// `main`, before there are threads; a library leaves its host's allocator alone.
inline void TuneMallocForBatches() {
  constexpr int kMebibyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * kMebibyte);
  mallopt(M_TRIM_THRESHOLD, 16 * kMebibyte);
  mallopt(M_ARENA_MAX, 2);
}

}  // namespace qalam
