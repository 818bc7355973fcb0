#pragma once

#include <qalam/client.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/figure_rates.h"
#include "client/cli/top_view.h"

namespace qalam::cli {

// What `qalam top` knows at a moment.
struct TopSample {
  std::optional<BrokerRates> rates;  // Nothing yet: there was one reading at most.
  std::optional<abi0::ClusterInfo> cluster;
  std::uint64_t streams = 0;
  // The broker does not answer, since then; the rest is from before.
  std::optional<abi0::Error> away;
  std::int64_t away_since_ms = 0;
  std::int64_t asked_ms = 0;  // By our clock.
};

// "0", "7.5", "812", "1.2k", "9.9M".
std::string ShortNumber(double number);
// "0 B", "1.2 KiB"; of bytes a second, too.
std::string ShortBytes(double bytes);

// The parts of the screen, as lines without line feeds; partitions beyond `rows_max` are left out.
// Whatever a broker says is shown printable. Pure.
std::vector<std::string> TopSummary(const TopSample& sample, const std::string& from);
std::vector<std::string> TopWriters(const BrokerRates& rates);
std::vector<std::string> TopPartitions(const TopSample& sample, const TopView& view,
                                       std::size_t rows_max);

// A whole screen of at most `height` lines, none wider than `width`. `page`, if not null, becomes
// the number of partitions that there was room for. `color`: escape sequences for weight and
// colour, which count for no width.
std::vector<std::string> TopScreen(const TopSample& sample, TopView& view, const std::string& from,
                                   std::size_t width, std::size_t height, bool color,
                                   std::size_t& page);

}  // namespace qalam::cli
