#pragma once

#include <cstdint>

#include "common/bytes.h"

namespace qalam {

// CRC-32C (Castagnoli, reflected 0x82F63B78, as in RFC 3720): ISA-L where the build has it, else a
// portable table. Crc32c("123456789") == 0xE3069283. Thread: any.
std::uint32_t Crc32c(BytesView bytes);
// Continues: Crc32cExtend(Crc32c(a), b) == Crc32c(a + b).
std::uint32_t Crc32cExtend(std::uint32_t crc, BytesView bytes);
// The portable one, always there: what the fast one is compared with.
std::uint32_t Crc32cPortable(std::uint32_t crc, BytesView bytes);

}  // namespace qalam
