#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "common/owned_counter.h"

namespace qalam {

// Error codes are below it.
inline constexpr std::size_t kErrorCodesMax = 64;

// What happened to one partition since it was made in this process. Thread: the owned ones its
// writer's, `fetched_bytes` any; all may be read from any.
struct PartitionStats {
  OwnedCounter batches;
  OwnedCounter records;
  OwnedCounter bytes;  // As stored: headers and compressed records.
  OwnedCounter duplicates;
  OwnedCounter refused;  // Batches.
  std::atomic<std::uint64_t> fetched_bytes{0};
};

// What one writer thread did. Thread: the writer's adds, any reads.
struct WriterStats {
  OwnedHistogram group_batches{1, 8};          // To 16,384.
  OwnedHistogram group_bytes{256, 10};         // To 64 MiB.
  OwnedHistogram write_nanoseconds{1000, 13};  // 1 us to 17 s.
  // From the write's end to the return of the sync that covers it.
  OwnedHistogram sync_nanoseconds{1000, 13};
  std::array<OwnedCounter, kErrorCodesMax> refused;  // Batches, by why.
};

}  // namespace qalam
