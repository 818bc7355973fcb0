#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qalam {

// RFC 4648, the usual alphabet, padded. Thread: any.
std::string Base64(std::string_view bytes);
// Nothing: not base64 (padding is needed, as Base64 writes it).
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace qalam
