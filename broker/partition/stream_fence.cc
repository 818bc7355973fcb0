#include "broker/partition/stream_fence.h"

#include <algorithm>
#include <utility>

namespace qalam {

bool StreamFence::Admit(ProducerId producer, std::uint64_t stream_number) {
  if (stream_number == 0) return true;
  auto known = lately_.find(producer);
  if (known == lately_.end()) {
    const auto older = before_.find(producer);
    const std::uint64_t newest = older == before_.end() ? stream_number : older->second;
    if (lately_.size() >= kProducersMax) before_ = std::exchange(lately_, {});
    known = lately_.emplace(producer, newest).first;
  }
  if (stream_number < known->second) return false;
  known->second = stream_number;
  return true;
}

}  // namespace qalam
