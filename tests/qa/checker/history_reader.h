#pragma once

#include <string_view>

#include "common/result.h"
#include "tests/qa/checker/history.h"

namespace qalam::qa {

// Reads a whole history file (JSON Lines, tests/qa/README.md). Strict: an unknown event or field, a
// missing one, a wrong type, an outcome without its send, a token sent twice, an answer before its
// question, a blank or cut line, no plan. Errors: kInvalidArgument, "line N: what is wrong".
// Thread: any.
Result<History> ReadHistory(std::string_view text);

}  // namespace qalam::qa
