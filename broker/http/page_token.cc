#include "broker/http/page_token.h"

#include <cstdint>
#include <optional>

#include "common/base64.h"

namespace qalam {
namespace {

constexpr char kOldestFirst = 'a';
constexpr char kNewestFirst = 'd';

void PutNumber(std::uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

// Nothing: no number, or none that an offset can be.
std::optional<Offset> TakeNumber(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 63 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return static_cast<Offset>(number);
  }
  return std::nullopt;
}

void Replace(std::string& text, char from, char to) {
  for (char& c : text) c = c == from ? to : c;
}

}  // namespace

std::string PageToken::ToString() const {
  std::string bytes(1, newest_first ? kNewestFirst : kOldestFirst);
  for (const Offset offset : offsets) PutNumber(static_cast<std::uint64_t>(offset), bytes);
  std::string text = Base64(bytes);
  Replace(text, '+', '-');
  Replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

Result<PageToken> PageToken::Parse(std::string_view text) {
  const Error bad =
      Error(ErrorCode::kInvalidArgument, "page_token: not one of an answer's nextPageToken")
          .With("field", "page_token");
  std::string padded(text);
  Replace(padded, '-', '+');
  Replace(padded, '_', '/');
  while (padded.size() % 4 != 0) padded.push_back('=');
  const auto bytes = FromBase64(padded);
  if (!bytes || bytes->empty()) return bad;
  PageToken token;
  token.newest_first = bytes->front() == kNewestFirst;
  if (!token.newest_first && bytes->front() != kOldestFirst) return bad;
  std::string_view rest = std::string_view(*bytes).substr(1);
  while (!rest.empty()) {
    const auto offset = TakeNumber(rest);
    if (!offset) return bad;
    token.offsets.push_back(*offset);
  }
  return token;
}

}  // namespace qalam
