#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace qalam {

// The pairs key=value of a line of our log, in their order: "segment rolled base=42 dir=/d" has
// base and dir. A key has letters, digits, '_' and '.', and stands behind a space or first. A value
// in double quotes ends with them, another one before the next key or at the end. Of a key that
// comes twice the first counts: what somebody else chose stands behind our own. At most
// `fields_max`. The views are of `message`. Thread: any.
using LogField = std::pair<std::string_view, std::string_view>;
std::vector<LogField> FieldsOf(std::string_view message, std::size_t fields_max);

}  // namespace qalam
