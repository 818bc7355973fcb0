#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// Where the next page of records goes on: for each partition an offset, the first to look at, or,
// with the newest first, the end of what is left. As text for a URL: short, and nobody else's
// business. Thread: a value.
struct PageToken {
  bool newest_first = false;
  std::vector<Offset> offsets;  // By partition, in their order.

  std::string ToString() const;
  static Result<PageToken> Parse(std::string_view text);  // kInvalidArgument
};

}  // namespace qalam
