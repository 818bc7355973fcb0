#include <zstd.h>

#include <memory>

#include "common/check.h"
#include "common/record/codecs.h"

// One or more zstd frames, no dictionary, window at most 8 MiB (what a decoder must hold of the
// past).
namespace qalam::codecs {
namespace {

constexpr int kWindowLogMax = 23;  // 8 MiB.
constexpr int kDefaultLevel = 3;
constexpr int kFirstLevelWithLargerWindow = 20;
constexpr std::size_t kContextBytesKeepMax = std::size_t{8} << 20;
constexpr std::uint32_t kSkippableMagicMask = 0xFFFFFFF0;

struct FreeZstdCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeZstdDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// The library may be built to read formats older than the standard one: those we refuse.
bool StartsFrame(BytesView rest) {
  if (rest.size() < 4) return false;
  std::uint32_t magic = 0;
  for (std::size_t i = 4; i-- > 0;) magic = magic << 8 | std::to_integer<std::uint32_t>(rest[i]);
  return magic == ZSTD_MAGICNUMBER || (magic & kSkippableMagicMask) == ZSTD_MAGIC_SKIPPABLE_START;
}

void Set(ZSTD_CCtx* context, ZSTD_cParameter parameter, int value) {
  QALAM_CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)));
}

}  // namespace

Status ZstdCheckLevel(int level) {
  if (level >= ZSTD_minCLevel() && level <= ZSTD_maxCLevel()) return OkStatus();
  return Error(ErrorCode::kInvalidArgument,
               "compression level " + std::to_string(level) + " of zstd is not in " +
                   std::to_string(ZSTD_minCLevel()) + ".." + std::to_string(ZSTD_maxCLevel()));
}

void ZstdCompress(BytesView input, Bytes& out, int level) {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeZstdCompressor> context;
  if (context == nullptr) context.reset(ZSTD_createCCtx());
  QALAM_CHECK(context != nullptr);
  ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
  Set(context.get(), ZSTD_c_compressionLevel, level == 0 ? kDefaultLevel : level);
  if (level >= kFirstLevelWithLargerWindow) Set(context.get(), ZSTD_c_windowLog, kWindowLogMax);
  const std::size_t start = out.size();
  out.resize(start + ZSTD_compressBound(input.size()));
  const std::size_t written = ZSTD_compress2(context.get(), out.data() + start, out.size() - start,
                                             input.data(), input.size());
  QALAM_CHECK(!ZSTD_isError(written));
  out.resize(start + written);
  if (ZSTD_sizeof_CCtx(context.get()) > kContextBytesKeepMax) context.reset();
}

Status ZstdDecompress(BytesView input, CappedOutput& out) {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeZstdDecompressor> kept;
  std::unique_ptr<ZSTD_DCtx, FreeZstdDecompressor> context = std::move(kept);
  if (context == nullptr) context.reset(ZSTD_createDCtx());
  QALAM_CHECK(context != nullptr);
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  QALAM_CHECK(
      !ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax)));

  ZSTD_inBuffer in{input.data(), input.size(), 0};
  bool at_frame_start = true;
  do {
    if (at_frame_start && !StartsFrame(input.subspan(in.pos))) {
      return Corrupt("zstd", input, in.pos == 0 ? "no zstd frame" : "bytes follow the last frame");
    }
    const std::span<std::byte> room = out.Room();
    ZSTD_outBuffer buffer{room.data(), room.size(), 0};
    const std::size_t before = in.pos;
    const std::size_t hint = ZSTD_decompressStream(context.get(), &buffer, &in);
    if (ZSTD_isError(hint)) return Corrupt("zstd", input, ZSTD_getErrorName(hint));
    out.Produced(buffer.pos);
    if (out.over()) return OverLimit("zstd", input, out);
    at_frame_start = hint == 0;
    if (hint != 0 && in.pos == before && buffer.pos == 0) return Corrupt("zstd", input, "cut off");
  } while (!at_frame_start || in.pos < in.size);
  if (ZSTD_sizeof_DCtx(context.get()) <= kContextBytesKeepMax / 8) kept = std::move(context);
  return OkStatus();
}

}  // namespace qalam::codecs
