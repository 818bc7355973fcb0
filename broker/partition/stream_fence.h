#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "common/ids.h"

namespace qalam {

// The newest Produce stream that each idempotent producer was heard on, for one partition. A stream
// that its producer gave up may still deliver batches, from the network or from where they waited
// for room. Once the producer was answered on a newer stream it may have sent them again under
// another id, so that sequences no longer tell: what comes on an older stream is refused. (Found by
// tests/models/idempotence.pml, switch LATE_STREAM_DOUBLED.)
// Forgets the producers that were silent for longest when there are too many; a broker that
// restarts forgets all, and all streams with them. Thread: the partition's writer.
class StreamFence {
 public:
  // False: a newer stream of the producer was heard. Numbers are the producer's own, rising; 0, of
  // clients that give none, always passes.
  bool Admit(ProducerId producer, std::uint64_t stream_number);

 private:
  static constexpr std::size_t kProducersMax = 4096;  // In each half.
  using Newest = std::unordered_map<ProducerId, std::uint64_t>;
  Newest lately_;
  Newest before_;  // Those not heard since `lately_` began.
};

}  // namespace qalam
