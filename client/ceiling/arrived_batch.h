#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/bytes.h"

namespace qalam::cli {

// A connection as the writer of its batches sees it. Thread: any.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // `batches_count` more of its batches are safe, in the order in which they came.
  virtual void Acknowledge(std::uint64_t batches_count) = 0;
};

// A batch as it came off its connection, in pieces that nobody has copied. Thread: a value.
struct ArrivedBatch {
  std::vector<BytesView> parts;  // In order; they live as long as `bytes`.
  std::shared_ptr<const void> bytes;
  std::shared_ptr<BatchSource> source;
};

}  // namespace qalam::cli
