#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qalam::qa {

// A value that somebody was told at `t_ns`, having asked at `begin_ns`.
struct Level {
  std::int64_t begin_ns = 0;
  std::int64_t t_ns = 0;
  std::int64_t value = 0;
  std::size_t line = 0;
};

struct WentBack {
  Level before;
  Level after;
};

// Every level of `later` that is below one that `earlier` knew before it was asked for
// (before.t_ns < after.begin_ns), each with the highest such one. n log n.
//
//   earlier   |--7--|                    a level that may not sink: the high watermark, a leader's
//   later             |--5--|   bad      epoch, the end of what is acknowledged, ...
//   later        |--5--|        good: the two overlap
std::vector<WentBack> FindWentBack(std::vector<Level> earlier, std::vector<Level> later);

}  // namespace qalam::qa
