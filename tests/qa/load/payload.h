#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qalam::qa {

// The bytes of a test's records: key and value say which record it is, and what else is in them
// follows from that, so that any reader can tell whether they are whole.
//   key    the producer's name
//   value  <token>|<filler>, the token being <producer>-<seq>; the filler depends on token and size
// The independent readers of tests/qa/harness parse the same.

std::string MakeToken(std::string_view producer, std::int64_t seq);
// At least `value_bytes` long; longer where the token needs it.
std::string MakeValue(std::string_view token, std::size_t value_bytes);
// Nothing if these are not bytes of a record of ours: no token, or a key that doesn't belong to it.
std::optional<std::string> TokenOf(std::string_view key, std::string_view value);
// CRC-32 (zlib's) of key and value, 8 hex digits: the history's `digest`.
std::string DigestOf(std::string_view key, std::string_view value);

}  // namespace qalam::qa
