#include <array>

#include "common/check.h"
#include "common/crc32c.h"
#include "common/record/compression.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace qalam::fuzz {
namespace {

constexpr std::array<std::size_t, 4> kCaps = {0, 100, 4096, std::size_t{1} << 20};

// codec and cap u8 | a compressed block
void RunCodec(BytesView input) {
  FuzzInput in(input);
  const std::uint8_t choice = in.Byte();
  const auto type = static_cast<CompressionType>(choice % 5);
  const std::size_t cap = kCaps[choice / 5 % kCaps.size()];
  const BytesView block = in.Rest();
  const auto plain = Decompress(type, block, cap);
  if (!plain.ok()) {
    QALAM_CHECK(plain.error().code() == ErrorCode::kCorruptBatch ||
                plain.error().code() == ErrorCode::kDecompressionLimit);
    return;
  }
  QALAM_CHECK(plain->size() <= cap);
  // The same into memory that was used before, and by way of our own compressor.
  Bytes used(77, std::byte{0x5a});
  QALAM_CHECK(DecompressInto(type, block, cap, used).ok() && used == *plain);
  if (plain->size() > 0) {
    QALAM_CHECK(!Decompress(type, block, plain->size() - 1).ok());
  }
  Bytes packed;
  QALAM_CHECK(Compress(type, *plain, packed).ok());
  const auto again = Decompress(type, packed, cap);
  QALAM_CHECK(again.ok() && *again == *plain);
}

}  // namespace

const FuzzTarget kCodecTarget = {"codec", RunCodec, nullptr};

}  // namespace qalam::fuzz
