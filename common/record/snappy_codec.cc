#include <snappy.h>

#include <algorithm>
#include <array>

#include "common/record/codecs.h"

// Two framings are read: the xerial stream that Java writes, and one bare block.
//   xerial: 82 53 4E 41 50 50 59 00 | version i32 | least compatible version i32 |
//           { n i32 | n bytes: one raw snappy block }*            (integers big-endian)
// We write xerial, 32 KiB of input a block.
namespace qalam::codecs {
namespace {

constexpr std::array<unsigned char, 16> kXerialStart = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0,
                                                        0,    0,   0,   1,   0,   0,   0,   1};
constexpr std::size_t kXerialMagicBytes = 8;
constexpr std::size_t kXerialInputBytes = std::size_t{32} << 10;
constexpr std::uint32_t kXerialVersion = 1;
// The densest element is a 3-byte copy of 64 bytes, so no block can grow more than this. A length
// claimed beyond it is a lie, found before any memory is taken.
constexpr std::size_t kGrowthMax = 22;

std::uint32_t BigEndian32(const std::byte* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(at[i]);
  return value;
}

Status DecompressBlock(BytesView block, BytesView input, CappedOutput& out) {
  const std::string_view text = AsText(block);
  std::size_t claimed = 0;
  if (!snappy::GetUncompressedLength(text.data(), text.size(), &claimed)) {
    return Corrupt("snappy", input, "no length at the start of a block");
  }
  if (claimed > block.size() * kGrowthMax) {
    return Corrupt(
        "snappy", input,
        "a block of " + std::to_string(block.size()) + " bytes claims " + std::to_string(claimed));
  }
  if (claimed > out.left()) return OverLimit("snappy", input, out);
  const std::span<std::byte> room = out.Room(claimed);
  if (!snappy::RawUncompress(text.data(), text.size(), reinterpret_cast<char*>(room.data()))) {
    return Corrupt("snappy", input, "undecodable block");
  }
  out.Produced(claimed);
  return OkStatus();
}

Status DecompressXerial(BytesView input, CappedOutput& out) {
  if (input.size() < kXerialStart.size()) return Corrupt("snappy", input, "cut off xerial header");
  const std::uint32_t version = BigEndian32(input.data() + kXerialMagicBytes);
  const std::uint32_t compatible = BigEndian32(input.data() + kXerialMagicBytes + 4);
  if (version < kXerialVersion || compatible > kXerialVersion) {
    return Corrupt("snappy", input,
                   "xerial version " + std::to_string(version) + ", compatible with " +
                       std::to_string(compatible) + ", is not known");
  }
  BytesView rest = input.subspan(kXerialStart.size());
  while (!rest.empty()) {
    if (rest.size() < 4) return Corrupt("snappy", input, "cut off block length");
    const std::uint32_t length = BigEndian32(rest.data());
    rest = rest.subspan(4);
    if (length == 0 || length > rest.size()) {
      return Corrupt("snappy", input,
                     "block length " + std::to_string(length) + ", but " +
                         std::to_string(rest.size()) + " bytes are left");
    }
    QALAM_RETURN_IF_ERROR(DecompressBlock(rest.first(length), input, out));
    rest = rest.subspan(length);
  }
  return OkStatus();
}

}  // namespace

void SnappyCompress(BytesView input, Bytes& out) {
  const BytesView start = std::as_bytes(std::span(kXerialStart));
  out.insert(out.end(), start.begin(), start.end());
  while (!input.empty()) {
    const std::string_view block = AsText(input.first(std::min(input.size(), kXerialInputBytes)));
    const std::size_t at = out.size();
    out.resize(at + 4 + snappy::MaxCompressedLength(block.size()));
    std::size_t length = 0;
    snappy::RawCompress(block.data(), block.size(), reinterpret_cast<char*>(out.data() + at + 4),
                        &length);
    for (std::size_t i = 0; i < 4; ++i) {
      out[at + i] = static_cast<std::byte>(length >> (24 - 8 * i));
    }
    out.resize(at + 4 + length);
    input = input.subspan(block.size());
  }
}

Status SnappyDecompress(BytesView input, CappedOutput& out) {
  const BytesView magic = std::as_bytes(std::span(kXerialStart)).first(kXerialMagicBytes);
  if (input.size() >= magic.size() && std::equal(magic.begin(), magic.end(), input.begin())) {
    return DecompressXerial(input, out);
  }
  return DecompressBlock(input, input, out);
}

}  // namespace qalam::codecs
