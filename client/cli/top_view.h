#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/figure_rates.h"

namespace qalam::cli {

// By what the partitions of `qalam top` are sorted; each has a key.
enum class TopSort {
  kName,
  kRecords,
  kBytesIn,
  kBytesOut,
  kSize,
  kRefused,
  kWriter,
  kEpoch,
  kHigh
};
struct TopSortName {
  TopSort sort;
  char key;
  std::string_view name;  // For --sort and the screen.
};
const std::vector<TopSortName>& TopSorts();
std::optional<TopSort> ParseTopSort(const std::string& name);  // By name or key.

// What its user chose to see. Pure: keys in, choices out. Thread: one at a time.
struct TopView {
  TopSort sort = TopSort::kBytesIn;
  bool reversed = false;  // Names from z on, figures from the smallest on.
  std::string filter;     // Part of a topic's name; empty: all.
  bool editing = false;   // The filter is being typed.
  bool paused = false;
  std::size_t first = 0;  // The first partition shown.

  enum class Outcome { kNothing, kChanged, kQuit };
  // A key as the terminal sends it: a character, or an escape sequence such as "\x1b[A".
  // `page`: partitions that the screen has room for.
  Outcome OnKey(std::string_view key, std::size_t page);

  // Those that pass the filter, in order. Of equals, the one with the lesser name comes first.
  std::vector<const PartitionRates*> Select(const std::vector<PartitionRates>& partitions) const;
};

}  // namespace qalam::cli
