#pragma once

#include <cstdint>
#include <string_view>

#include "qalam/export.h"

namespace qalam::abi0 {

// MurmurHash2, 32 bits, seed 0x9747b28c, as Kafka's Java client computes it. Pure. Thread: any.
std::uint32_t Murmur2(std::string_view bytes);

// The partition of a record with a key, where Kafka's default partitioner puts it: the hash without
// its sign bit, modulo `partitions_count` (which is at least 1). Pure. Thread: any.
std::int32_t PartitionOfKey(std::string_view key, std::int32_t partitions_count);

}  // namespace qalam::abi0
