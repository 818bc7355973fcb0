#pragma once

#include <cstdint>

namespace qalam {

// Resident memory of this process as the kernel counts it; 0 if unknown. Thread: any.
std::int64_t ResidentBytes();

}  // namespace qalam
