#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>

#include "client/cli/top_screen.h"
#include "client/cli/top_view.h"

namespace qalam::cli {

// A line of `qalam top -o json`: rates a second, times in milliseconds. At most `rows_max`
// partitions. A broker that is away: {"at_ms","error":{"code","message"},"away_since_ms"}.
nlohmann::ordered_json TopJson(const TopSample& sample, const TopView& view, std::size_t rows_max);

}  // namespace qalam::cli
