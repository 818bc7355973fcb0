#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/ids.h"

namespace qalam::fuzz {

// Repairs of what guards the bytes behind it: magic, length, CRC. Thread: any.

// One whole batch: magic, a length that is what there is, CRC.
void RepairBatch(std::span<std::byte> batch);
// Batches one after another, as in a segment: each that begins within `bytes` gets its magic, base
// offset (counted on from `base`, if given) and CRC; a length that leads out of it ends there.
// Stops at zeros.
void RepairBatches(std::span<std::byte> bytes, std::optional<Offset> base);
// A CRC-32C of `covered`, big-endian, into the four bytes at `crc`.
void RepairCrc(std::span<const std::byte> covered, std::byte* crc);
// `crc` as eight hexadecimal digits, as many as there is room for.
void PutHex(std::uint32_t crc, std::span<std::byte> to);

}  // namespace qalam::fuzz
