#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// Numbers are those of the batch attributes. Thread: everything here, any.
enum class CompressionType : std::uint8_t {
  kNone = 0,
  kGzip = 1,
  kSnappy = 2,
  kLz4 = 3,
  kZstd = 4
};

std::string_view CompressionName(CompressionType type);  // "none" "gzip" "snappy" "lz4" "zstd"
Result<CompressionType> ParseCompression(std::string_view name);  // kUnsupportedCodec
Result<CompressionType> CompressionFromBits(int bits);            // 5-7: kUnsupportedCodec

// Whether Compress knows this level: gzip 1..9 (-1 as 0), lz4 1..17, zstd what the library has; 0
// is always right, and the only level of "none" and snappy. Errors: kInvalidArgument.
Status CheckCompressionLevel(CompressionType type, int level);

// Appends the compressed form of `input` to `out`, framed as Kafka's clients expect (gzip member,
// xerial snappy, LZ4 frame of independent 64 KiB blocks, zstd frame). `level` 0: the codec's
// default.
Status Compress(CompressionType type, BytesView input, Bytes& out, int level = 0);

// Decompresses all of `input`, never producing more than `output_bytes_max` bytes and never
// allocating by a length that the input claims. Accepts what record-batch.md section 5 lists
// (snappy: xerial or one bare block; zstd window <= 8 MiB). Errors: kCorruptBatch (undecodable,
// trailing bytes), kDecompressionLimit.
Result<Bytes> Decompress(CompressionType type, BytesView input, std::size_t output_bytes_max);
// The same into `out`, whose old content is lost and whose memory is used again. After an error
// what `out` holds means nothing.
Status DecompressInto(CompressionType type, BytesView input, std::size_t output_bytes_max,
                      Bytes& out);

}  // namespace qalam
