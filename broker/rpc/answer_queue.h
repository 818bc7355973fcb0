#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "broker/wire/produce_codec.h"

namespace qalam {

// The answers of one Produce stream: they come in any order and leave in the order of the batches,
// as many at a time as are ready. A batch counts until its answer is sent, so that a client that
// reads no answers is held up too. Thread: its owner.
class AnswerQueue {
 public:
  // The batch's number, for Complete. `bytes` is what it holds in memory.
  std::uint64_t Add(std::uint64_t batch_id, std::size_t bytes);
  // True if Take has something to give now that it had not before.
  bool Complete(std::uint64_t number, Result<AppendResult> result);
  // Every answer whose turn it is. Until Sent they count as on their way.
  std::vector<ProduceAnswer> Take();
  void Sent() { taken_ = 0; }

  std::size_t count() const { return slots_.size() + taken_; }
  std::size_t bytes() const { return bytes_; }  // Of batches without an answer.
  bool empty() const { return count() == 0; }

 private:
  struct Slot {
    std::uint64_t batch_id = 0;
    std::size_t bytes = 0;
    std::optional<Result<AppendResult>> result;
  };
  std::deque<Slot> slots_;
  std::uint64_t first_ = 0;  // Number of the first slot.
  std::size_t taken_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace qalam
