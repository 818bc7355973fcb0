#include "tests/qa/checker/went_back.h"

#include <algorithm>

namespace qalam::qa {

std::vector<WentBack> FindWentBack(std::vector<Level> earlier, std::vector<Level> later) {
  std::sort(earlier.begin(), earlier.end(),
            [](const Level& a, const Level& b) { return a.t_ns < b.t_ns; });
  std::sort(later.begin(), later.end(),
            [](const Level& a, const Level& b) { return a.begin_ns < b.begin_ns; });
  std::vector<WentBack> found;
  const Level* highest = nullptr;
  auto next = earlier.begin();
  for (const Level& level : later) {
    for (; next != earlier.end() && next->t_ns < level.begin_ns; ++next) {
      if (highest == nullptr || next->value > highest->value) highest = &*next;
    }
    if (highest != nullptr && level.value < highest->value) found.push_back({*highest, level});
  }
  return found;
}

}  // namespace qalam::qa
