#pragma once

#include <string>
#include <string_view>

namespace qalam {

// Appends `text`, which is UTF-8, as a JSON string with its quotes. Written by hand: whoever prints
// a line per record has to be quick. Thread: any.
void AppendJsonQuoted(std::string_view text, std::string& out);

}  // namespace qalam
