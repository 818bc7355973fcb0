#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qalam {

// Text that others chose (names, client ids, a file's content), made safe for a terminal, a log
// line and an error message: it can't move the cursor or begin a line of its own. Thread: any.

// Control characters (C0, DEL, C1) and bytes that are not UTF-8 become \xNN, the rest stays.
std::string Printable(std::string_view text);
// "text", printable; at most 64 bytes of it, then "..." behind the closing quote.
std::string Quoted(std::string_view text);
// Bytes of the UTF-8 character that `text` begins with, 1 to 4; 0: it is not one.
std::size_t Utf8Size(std::string_view text);

}  // namespace qalam
