#include "common/record/compression.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "common/record/codecs.h"

namespace qalam {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"none", "gzip", "snappy", "lz4", "zstd"};
constexpr std::size_t kInputBytesMax = std::numeric_limits<std::int32_t>::max();

Status CheckRange(std::string_view codec, int level, int from, int to) {
  if (level >= from && level <= to) return OkStatus();
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("compression level {} of {} is not in {}..{}", level, codec, from, to));
}

}  // namespace

std::string_view CompressionName(CompressionType type) {
  const auto index = static_cast<std::size_t>(type);
  return index < kNames.size() ? kNames[index] : "unknown";
}

Result<CompressionType> ParseCompression(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<CompressionType>(i);
  }
  return Error(ErrorCode::kUnsupportedCodec,
               fmt::format("compression \"{}\" is not one of {}", name, fmt::join(kNames, ", ")));
}

Result<CompressionType> CompressionFromBits(int bits) {
  if (bits >= 0 && bits < static_cast<int>(kNames.size())) {
    return static_cast<CompressionType>(bits);
  }
  return Error(ErrorCode::kUnsupportedCodec,
               fmt::format("attributes name codec {}; known are 0..{}", bits, kNames.size() - 1));
}

Status CheckCompressionLevel(CompressionType type, int level) {
  if (level == 0) return OkStatus();
  switch (type) {
    case CompressionType::kNone:
    case CompressionType::kSnappy:
      return CheckRange(CompressionName(type), level, 0, 0);
    case CompressionType::kGzip:
      return CheckRange("gzip", level, -1, 9);
    case CompressionType::kLz4:
      return CheckRange("lz4", level, 0, 17);
    case CompressionType::kZstd:
      return codecs::ZstdCheckLevel(level);
  }
  return CompressionFromBits(static_cast<int>(type)).error();
}

Status Compress(CompressionType type, BytesView input, Bytes& out, int level) {
  QALAM_RETURN_IF_ERROR(CheckCompressionLevel(type, level));
  if (input.size() > kInputBytesMax) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("{} bytes to compress; at most {}", input.size(), kInputBytesMax));
  }
  switch (type) {
    case CompressionType::kNone:
      out.insert(out.end(), input.begin(), input.end());
      break;
    case CompressionType::kGzip:
      codecs::GzipCompress(input, out, level);
      break;
    case CompressionType::kSnappy:
      codecs::SnappyCompress(input, out);
      break;
    case CompressionType::kLz4:
      codecs::Lz4Compress(input, out, level);
      break;
    case CompressionType::kZstd:
      codecs::ZstdCompress(input, out, level);
      break;
  }
  return OkStatus();
}

Status DecompressInto(CompressionType type, BytesView input, std::size_t output_bytes_max,
                      Bytes& out) {
  const std::string name(CompressionName(type));
  if (input.size() > kInputBytesMax) return codecs::Corrupt(name.c_str(), input, "too large");
  if (type == CompressionType::kNone) {
    if (input.size() > output_bytes_max) {
      return codecs::OverLimit("none", input, CappedOutput(out, output_bytes_max, 0));
    }
    out.assign(input.begin(), input.end());
    return OkStatus();
  }
  CappedOutput output(out, output_bytes_max, input.size());
  switch (type) {
    case CompressionType::kNone:
      break;
    case CompressionType::kGzip:
      QALAM_RETURN_IF_ERROR(codecs::GzipDecompress(input, output));
      break;
    case CompressionType::kSnappy:
      QALAM_RETURN_IF_ERROR(codecs::SnappyDecompress(input, output));
      break;
    case CompressionType::kLz4:
      QALAM_RETURN_IF_ERROR(codecs::Lz4Decompress(input, output));
      break;
    case CompressionType::kZstd:
      QALAM_RETURN_IF_ERROR(codecs::ZstdDecompress(input, output));
      break;
  }
  output.Finish();
  return OkStatus();
}

Result<Bytes> Decompress(CompressionType type, BytesView input, std::size_t output_bytes_max) {
  Bytes out;
  QALAM_RETURN_IF_ERROR(DecompressInto(type, input, output_bytes_max, out));
  return out;
}

namespace codecs {

Error Corrupt(const char* codec, BytesView input, std::string_view what) {
  return {ErrorCode::kCorruptBatch,
          fmt::format("{} block of {} bytes: {}", codec, input.size(), what)};
}

Error OverLimit(const char* codec, BytesView input, const CappedOutput& out) {
  return {ErrorCode::kDecompressionLimit,
          fmt::format("{} block of {} bytes unpacks to more than {} bytes", codec, input.size(),
                      out.bytes_max())};
}

}  // namespace codecs
}  // namespace qalam
