#include <lz4frame.h>

#include <array>
#include <memory>

#include "common/check.h"
#include "common/record/codecs.h"

// One LZ4 frame: magic 04 22 4D 18 | FLG | BD | [content size] | header checksum | blocks | end
// mark.
//   FLG: version 01 (bits 7-6), independent blocks (5), block checksums (4), content size (3),
//        content checksum (2), 0 (1), dictionary (0)         BD: block size 4..7 in bits 6-4, else
//        0
// Written: FLG 60, BD 40. Read: version 01, independent, no dictionary; linked blocks are refused,
// because Java's readers refuse them.
namespace qalam::codecs {
namespace {

constexpr std::array<unsigned char, 4> kMagic = {0x04, 0x22, 0x4D, 0x18};
constexpr std::size_t kHeaderBytesMin = 7;  // Magic, FLG, BD and the checksum.
constexpr unsigned kVersionMask = 0xC0;
constexpr unsigned kVersion1 = 0x40;
constexpr unsigned kIndependent = 0x20;
constexpr unsigned kReservedOrDictionary = 0x03;
constexpr unsigned kBlockSizeShift = 4;
constexpr unsigned kBlockSizeMin = 4;      // 64 KiB.
constexpr unsigned kBlockSizeKeepMax = 5;  // 256 KiB: a context for more is not kept.

struct FreeLz4Compressor {
  void operator()(LZ4F_cctx* context) const { LZ4F_freeCompressionContext(context); }
};
struct FreeLz4Decompressor {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};
using Compressor = std::unique_ptr<LZ4F_cctx, FreeLz4Compressor>;
using Decompressor = std::unique_ptr<LZ4F_dctx, FreeLz4Decompressor>;

Status CheckHeader(BytesView input) {
  if (input.size() < kHeaderBytesMin) return Corrupt("lz4", input, "shorter than a frame header");
  for (std::size_t i = 0; i < kMagic.size(); ++i) {
    if (std::to_integer<unsigned char>(input[i]) != kMagic[i]) {
      return Corrupt("lz4", input, "no LZ4 frame magic");
    }
  }
  const auto flags = std::to_integer<unsigned>(input[kMagic.size()]);
  const auto block = std::to_integer<unsigned>(input[kMagic.size() + 1]);
  if ((flags & kVersionMask) != kVersion1) return Corrupt("lz4", input, "frame version is not 01");
  if ((flags & kIndependent) == 0) return Corrupt("lz4", input, "linked blocks");
  if ((flags & kReservedOrDictionary) != 0) {
    return Corrupt("lz4", input, "a dictionary or a reserved flag");
  }
  if ((block & 0x8F) != 0 || (block >> kBlockSizeShift) < kBlockSizeMin) {
    return Corrupt("lz4", input, "block size " + std::to_string(block) + " is not known");
  }
  return OkStatus();
}

}  // namespace

void Lz4Compress(BytesView input, Bytes& out, int level) {
  thread_local Compressor context;
  if (context == nullptr) {
    LZ4F_cctx* made = nullptr;
    QALAM_CHECK(!LZ4F_isError(LZ4F_createCompressionContext(&made, LZ4F_VERSION)));
    context.reset(made);
  }
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.compressionLevel = level;
  preferences.autoFlush = 1;  // We give all input at once: nothing to keep for later.
  const std::size_t start = out.size();
  out.resize(start + LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(input.size(), &preferences));
  std::size_t at = start;
  const auto step = [&](std::size_t written) {
    QALAM_CHECK(!LZ4F_isError(written));
    at += written;
  };
  step(LZ4F_compressBegin(context.get(), out.data() + at, out.size() - at, &preferences));
  if (!input.empty()) {
    step(LZ4F_compressUpdate(context.get(), out.data() + at, out.size() - at, input.data(),
                             input.size(), nullptr));
  }
  step(LZ4F_compressEnd(context.get(), out.data() + at, out.size() - at, nullptr));
  out.resize(at);
}

Status Lz4Decompress(BytesView input, CappedOutput& out) {
  QALAM_RETURN_IF_ERROR(CheckHeader(input));
  thread_local Decompressor kept;
  Decompressor context = std::move(kept);
  if (context == nullptr) {
    LZ4F_dctx* made = nullptr;
    QALAM_CHECK(!LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)));
    context.reset(made);
  }
  LZ4F_resetDecompressionContext(context.get());
  const auto block_size = std::to_integer<unsigned>(input[kMagic.size() + 1]) >> kBlockSizeShift;

  BytesView rest = input;
  while (true) {
    const std::span<std::byte> room = out.Room();
    std::size_t produced = room.size();
    std::size_t consumed = rest.size();
    const std::size_t hint =
        LZ4F_decompress(context.get(), room.data(), &produced, rest.data(), &consumed, nullptr);
    if (LZ4F_isError(hint)) return Corrupt("lz4", input, LZ4F_getErrorName(hint));
    rest = rest.subspan(consumed);
    out.Produced(produced);
    if (out.over()) return OverLimit("lz4", input, out);
    if (hint == 0) break;
    if (consumed == 0 && produced == 0) return Corrupt("lz4", input, "cut off");
  }
  if (!rest.empty()) return Corrupt("lz4", input, "bytes follow the frame");
  if (block_size <= kBlockSizeKeepMax) kept = std::move(context);
  return OkStatus();
}

}  // namespace qalam::codecs
