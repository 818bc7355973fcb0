#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "broker/partition/decision_ring.h"
#include "common/bytes.h"
#include "common/result.h"

// A decision ring's file, byte by byte: docs/formats/decision-ring.md. Little-endian.
//   block 0: header | decisions | refusals | origins            each block 4096 bytes
// Thread: any; no state.
namespace qalam::ring_file {

inline constexpr std::size_t kBlockBytes = RingShape::kBlockBytes;
inline constexpr std::uint32_t kMagic = 0x524C4451;  // "QDLR"
inline constexpr std::uint16_t kVersion = 1;

struct Header {
  std::uint32_t magic = kMagic;
  std::uint16_t version = kVersion;
  std::uint16_t entry_bytes = RingEntry::kBytes;
  std::uint32_t decisions = 0;  // Blocks.
  std::uint32_t refusals = 0;
  std::uint32_t origins = 0;
  std::uint32_t writer = 0;
  std::uint64_t id = 0;  // By chance; in every block of the file.
  std::int64_t whole_since = 0;
  std::uint32_t crc = 0;  // CRC-32C of what stands before.
  std::uint32_t zero = 0;
};
static_assert(offsetof(Header, crc) == 40 && sizeof(Header) == 48);

// In front of the 31 entries of a block.
struct BlockHead {
  std::uint32_t crc = 0;  // CRC-32C of the rest of the block.
  std::uint32_t count = 0;
  std::uint64_t first = 0;  // Sequence of the first entry; of origins, its slot.
  std::uint64_t id = 0;
  std::array<std::uint64_t, 13> zeros{};
};
static_assert(sizeof(BlockHead) == RingEntry::kBytes);

using Block = std::array<std::byte, kBlockBytes>;

void EncodeHeader(Header header, Block& out);
// Errors: kCorruption, kUnsupportedFormat.
Result<Header> DecodeHeader(const Block& block);

void EncodeBlock(std::uint64_t id, std::uint64_t first, std::span<const RingEntry> entries,
                 std::span<std::byte, kBlockBytes> out);
// Nothing: not a whole block of the file with this id.
std::optional<BlockHead> CheckBlock(std::uint64_t id,
                                    std::span<const std::byte, kBlockBytes> block);
RingEntry EntryAt(std::span<const std::byte, kBlockBytes> block, std::size_t index);

}  // namespace qalam::ring_file
