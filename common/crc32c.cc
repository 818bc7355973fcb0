#include "common/crc32c.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(QALAM_HAVE_ISAL)
#include <isa-l/crc.h>
#endif

namespace qalam {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli, reflected.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// Slicing by eight: table k advances a byte that lies k bytes before the end of a block of eight.
constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[k - 1][i];
      tables[k][i] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

std::uint32_t ByteAt(BytesView bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]);
}

}  // namespace

std::uint32_t Crc32cPortable(std::uint32_t crc, BytesView bytes) {
  std::uint32_t state = ~crc;
  while (bytes.size() >= 8) {
    const std::uint32_t low = state ^ (ByteAt(bytes, 0) | ByteAt(bytes, 1) << 8 |
                                       ByteAt(bytes, 2) << 16 | ByteAt(bytes, 3) << 24);
    state = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^
            kTables[5][(low >> 16) & 0xff] ^ kTables[4][low >> 24] ^ kTables[3][ByteAt(bytes, 4)] ^
            kTables[2][ByteAt(bytes, 5)] ^ kTables[1][ByteAt(bytes, 6)] ^
            kTables[0][ByteAt(bytes, 7)];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) {
    state = kTables[0][(state ^ std::to_integer<std::uint32_t>(byte)) & 0xff] ^ (state >> 8);
  }
  return ~state;
}

std::uint32_t Crc32cExtend(std::uint32_t crc, BytesView bytes) {
#if defined(QALAM_HAVE_ISAL)
  // ISA-L leaves the two inversions to its caller and counts in int.
  constexpr std::size_t kChunk = std::size_t{1} << 30;
  std::uint32_t state = ~crc;
  while (!bytes.empty()) {
    const BytesView part = bytes.first(std::min(bytes.size(), kChunk));
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(part.data()));
    state = crc32_iscsi(data, static_cast<int>(part.size()), state);
    bytes = bytes.subspan(part.size());
  }
  return ~state;
#else
  return Crc32cPortable(crc, bytes);
#endif
}

std::uint32_t Crc32c(BytesView bytes) { return Crc32cExtend(0, bytes); }

}  // namespace qalam
