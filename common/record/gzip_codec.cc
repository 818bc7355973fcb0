#include <zlib.h>

#include <algorithm>
#include <limits>

#include "common/check.h"
#include "common/record/codecs.h"

namespace qalam::codecs {
namespace {

constexpr int kGzipOnlyWindowBits = 15 + 16;  // RFC 1952 members; a zlib or raw stream is refused.
constexpr int kMemLevel = 8;                  // zlib's default.

// zlib reads through a pointer that it never writes through.
Bytef* In(BytesView bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

class Inflater {
 public:
  Inflater() { QALAM_CHECK(inflateInit2(&stream_, kGzipOnlyWindowBits) == Z_OK); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& Fresh() {
    QALAM_CHECK(inflateReset(&stream_) == Z_OK);
    return stream_;
  }

 private:
  z_stream stream_{};
};

class Deflater {
 public:
  Deflater() = default;
  ~Deflater() { End(); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  z_stream& Fresh(int level) {
    if (started_ && level == level_) {
      QALAM_CHECK(deflateReset(&stream_) == Z_OK);
      return stream_;
    }
    End();
    stream_ = {};
    QALAM_CHECK(deflateInit2(&stream_, level, Z_DEFLATED, kGzipOnlyWindowBits, kMemLevel,
                             Z_DEFAULT_STRATEGY) == Z_OK);
    started_ = true;
    level_ = level;
    return stream_;
  }

 private:
  void End() {
    if (started_) deflateEnd(&stream_);
    started_ = false;
  }

  z_stream stream_{};
  int level_ = 0;
  bool started_ = false;
};

}  // namespace

void GzipCompress(BytesView input, Bytes& out, int level) {
  thread_local Deflater deflater;
  z_stream& stream = deflater.Fresh(level == 0 ? Z_DEFAULT_COMPRESSION : level);
  const std::size_t start = out.size();
  out.resize(start + deflateBound(&stream, static_cast<uLong>(input.size())));
  stream.next_in = In(input);
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + start);
  stream.avail_out = static_cast<uInt>(out.size() - start);
  QALAM_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);  // The bound was enough.
  out.resize(out.size() - stream.avail_out);
}

Status GzipDecompress(BytesView input, CappedOutput& out) {
  thread_local Inflater inflater;
  z_stream& stream = inflater.Fresh();
  stream.next_in = In(input);
  stream.avail_in = static_cast<uInt>(input.size());
  while (true) {
    const std::span<std::byte> room = out.Room();
    const auto offered =
        static_cast<uInt>(std::min<std::size_t>(room.size(), std::numeric_limits<uInt>::max()));
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = offered;
    const int code = inflate(&stream, Z_NO_FLUSH);
    QALAM_CHECK(code != Z_MEM_ERROR);
    out.Produced(offered - stream.avail_out);
    if (out.over()) return OverLimit("gzip", input, out);
    if (code == Z_STREAM_END) break;
    if (code != Z_OK && code != Z_BUF_ERROR) {
      return Corrupt("gzip", input, stream.msg != nullptr ? stream.msg : "not a gzip member");
    }
    // Output space was left and still there is no end: the input is what is missing.
    if (stream.avail_in == 0 && stream.avail_out > 0) return Corrupt("gzip", input, "cut off");
  }
  if (stream.avail_in > 0) return Corrupt("gzip", input, "bytes follow the member");
  return OkStatus();
}

}  // namespace qalam::codecs
