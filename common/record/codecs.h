#pragma once

#include "common/bytes.h"
#include "common/record/capped_output.h"
#include "common/result.h"

// One pair of functions a codec, behind compression.h. Inputs are below 2 GiB, levels are checked.
// Compress appends to `out`. Decompress must end exactly where the input ends.
// Errors of Decompress: kCorruptBatch, kDecompressionLimit. Thread: any (contexts are per thread).
// For common/record only.
namespace qalam::codecs {

void GzipCompress(BytesView input, Bytes& out, int level);
Status GzipDecompress(BytesView input, CappedOutput& out);
void SnappyCompress(BytesView input, Bytes& out);
Status SnappyDecompress(BytesView input, CappedOutput& out);
void Lz4Compress(BytesView input, Bytes& out, int level);
Status Lz4Decompress(BytesView input, CappedOutput& out);
void ZstdCompress(BytesView input, Bytes& out, int level);
Status ZstdDecompress(BytesView input, CappedOutput& out);
Status ZstdCheckLevel(int level);

// "gzip block of 12 bytes: WHAT".
Error Corrupt(const char* codec, BytesView input, std::string_view what);
Error OverLimit(const char* codec, BytesView input, const CappedOutput& out);

}  // namespace qalam::codecs
