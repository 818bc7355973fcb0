#include "broker/rpc/answer_queue.h"

#include <utility>

#include "common/check.h"

namespace qalam {

std::uint64_t AnswerQueue::Add(std::uint64_t batch_id, std::size_t bytes) {
  slots_.push_back({batch_id, bytes, std::nullopt});
  bytes_ += bytes;
  return first_ + slots_.size() - 1;
}

bool AnswerQueue::Complete(std::uint64_t number, Result<AppendResult> result) {
  QALAM_CHECK(number >= first_ && number - first_ < slots_.size());
  Slot& slot = slots_[static_cast<std::size_t>(number - first_)];
  QALAM_CHECK(!slot.result);
  slot.result.emplace(std::move(result));
  bytes_ -= slot.bytes;
  return number == first_;
}

std::vector<ProduceAnswer> AnswerQueue::Take() {
  std::vector<ProduceAnswer> answers;
  while (!slots_.empty() && slots_.front().result) {
    answers.push_back({slots_.front().batch_id, std::move(*slots_.front().result)});
    slots_.pop_front();
    ++first_;
  }
  taken_ += answers.size();
  return answers;
}

}  // namespace qalam
