#pragma once

#include <string>

#include "common/record/batch_view.h"

namespace qalam {

// Which records somebody wants to see: plain substrings, byte for byte; an empty one is in every
// record. Nothing here can be made to run long or to run code. Thread: a value.
struct RecordMatch {
  std::string contains;  // In the key, the value, or a header's name or value.
  std::string key;       // In the key.

  bool Matches(const RecordView& record) const;
};

}  // namespace qalam
