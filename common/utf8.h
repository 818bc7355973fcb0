#pragma once

#include <string>
#include <string_view>

namespace qalam {

// Bytes that may or may not be text. Thread: any.
bool IsUtf8(std::string_view bytes);
// With U+FFFD for every byte that is not ASCII, unless all of it is UTF-8.
std::string CleanUtf8(std::string_view bytes);

}  // namespace qalam
