#pragma once

#include "common/ids.h"

namespace qalam {

// At which offset a leader epoch began. Thread: a value.
struct EpochStart {
  Epoch epoch = kNoEpoch;
  Offset start_offset = 0;
  friend bool operator==(const EpochStart&, const EpochStart&) = default;
};

}  // namespace qalam
