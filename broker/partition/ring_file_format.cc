#include "broker/partition/ring_file_format.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "common/crc32c.h"

namespace qalam::ring_file {
namespace {

constexpr std::size_t kCrcBytes = sizeof(std::uint32_t);
constexpr std::uint32_t kBlocksMax = 1 << 20;  // 4 GiB.

}  // namespace

void EncodeHeader(Header header, Block& out) {
  out.fill(std::byte{0});
  std::memcpy(out.data(), &header, sizeof header);
  header.crc = Crc32c(BytesView(out).first(offsetof(Header, crc)));
  std::memcpy(out.data(), &header, sizeof header);
}

Result<Header> DecodeHeader(const Block& block) {
  Header header;
  std::memcpy(&header, block.data(), sizeof header);
  if (header.magic != kMagic) return Error(ErrorCode::kCorruption, "no ring file");
  if (header.version != kVersion) {
    return Error(ErrorCode::kUnsupportedFormat, "version " + std::to_string(header.version));
  }
  if (header.crc != Crc32c(BytesView(block).first(offsetof(Header, crc)))) {
    return Error(ErrorCode::kCorruption, "the header's checksum is wrong");
  }
  if (header.entry_bytes != RingEntry::kBytes || header.decisions == 0 || header.refusals == 0 ||
      header.decisions > kBlocksMax || header.refusals > kBlocksMax ||
      header.origins > kBlocksMax) {
    return Error(ErrorCode::kCorruption, "the header says what no header says");
  }
  return header;
}

void EncodeBlock(std::uint64_t id, std::uint64_t first, std::span<const RingEntry> entries,
                 std::span<std::byte, kBlockBytes> out) {
  std::fill(out.begin(), out.end(), std::byte{0});
  BlockHead head;
  head.count = static_cast<std::uint32_t>(entries.size());
  head.first = first;
  head.id = id;
  std::memcpy(out.data(), &head, sizeof head);
  std::memcpy(out.data() + sizeof head, entries.data(), entries.size_bytes());
  head.crc = Crc32c(out.subspan<kCrcBytes>());
  std::memcpy(out.data(), &head.crc, kCrcBytes);
}

std::optional<BlockHead> CheckBlock(std::uint64_t id,
                                    std::span<const std::byte, kBlockBytes> block) {
  BlockHead head;
  std::memcpy(&head, block.data(), sizeof head);
  if (head.id != id || head.count > RingShape::kBlockEntries ||
      head.first % RingShape::kBlockEntries != 0 ||
      head.crc != Crc32c(block.subspan<kCrcBytes>())) {
    return std::nullopt;
  }
  return head;
}

RingEntry EntryAt(std::span<const std::byte, kBlockBytes> block, std::size_t index) {
  RingEntry entry;
  std::memcpy(entry.words.data(), block.data() + sizeof(BlockHead) + index * RingEntry::kBytes,
              RingEntry::kBytes);
  return entry;
}

}  // namespace qalam::ring_file
