#include "client/cli/tar_gz.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <numeric>

#include "client/cli/usage.h"
#include "common/check.h"

namespace qalam::cli {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameMax = 100;
constexpr int kGzip = 15 + 16;  // The largest window, with gzip's head and end.

// Where the fields of a header are (POSIX.1-2001, "ustar Interchange Format").
using Header = std::array<char, kBlock>;
void Set(Header& header, std::size_t at, std::string_view text) {
  std::memcpy(header.data() + at, text.data(), text.size());
}
Header HeaderOf(std::string_view name, std::size_t size, std::int64_t modified_s) {
  Header header{};
  Set(header, 0, name);
  Set(header, 100, "0000600");
  Set(header, 108, "0000000");  // Owner and group.
  Set(header, 116, "0000000");
  Set(header, 124, fmt::format("{:011o}", size));
  Set(header, 136, fmt::format("{:011o}", modified_s));
  Set(header, 148, "        ");  // The checksum counts as spaces.
  header[156] = '0';             // A regular file.
  Set(header, 257, std::string_view("ustar\00000", 8));
  const unsigned sum =
      std::accumulate(header.begin(), header.end(), 0u,
                      [](unsigned total, char c) { return total + static_cast<unsigned char>(c); });
  Set(header, 148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  header[155] = ' ';
  return header;
}

}  // namespace

struct TarGz::Deflater {
  z_stream stream{};
};

TarGz::TarGz(std::int64_t modified_s) : modified_s_(modified_s), deflater_(new Deflater) {
  // Fails only without memory.
  QALAM_CHECK(deflateInit2(&deflater_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8,
                           Z_DEFAULT_STRATEGY) == Z_OK);
}

TarGz::~TarGz() {
  deflateEnd(&deflater_->stream);
  delete deflater_;
}

abi0::Status TarGz::Add(std::string_view name, std::string_view contents) {
  if (name.empty() || name.size() > kNameMax) {
    return BadUsage("a name in a tar archive has 1 to 100 bytes");
  }
  const Header header = HeaderOf(name, contents.size(), modified_s_);
  Write({header.data(), header.size()}, false);
  Write(contents, false);
  const std::size_t rest = contents.size() % kBlock;
  if (rest > 0) Write(std::string(kBlock - rest, '\0'), false);
  return {};
}

std::string TarGz::Finish() {
  Write(std::string(2 * kBlock, '\0'), true);
  return std::move(out_);
}

void TarGz::Write(std::string_view bytes, bool end) {
  z_stream& stream = deflater_->stream;
  std::string input(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::array<char, 16384> piece;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int code = deflate(&stream, end ? Z_FINISH : Z_NO_FLUSH);
    QALAM_CHECK(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
    out_.append(piece.data(), piece.size() - stream.avail_out);
  } while (stream.avail_out == 0);
}

}  // namespace qalam::cli
