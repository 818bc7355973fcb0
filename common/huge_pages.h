#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace qalam {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// For memory that the disk reads, aligned to kHugePageBytes: asks for huge pages, where the system
// has them, so that the disk gets it in a few long pieces. In small pages, which lie scattered once
// the machine's memory has been in use for a while, the same memory is hundreds of pieces and
// several times as many requests. Source: madvise(2).
inline void PreferHugePages(void* memory, std::size_t bytes) {
  (void)::madvise(memory, bytes, MADV_HUGEPAGE);  // Without them it works as well.
}

}  // namespace qalam
