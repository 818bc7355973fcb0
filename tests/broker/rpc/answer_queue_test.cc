#include "broker/rpc/answer_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace qalam {
namespace {

AppendResult AnswerAt(Offset offset) {
  AppendResult result;
  result.base_offset = offset;
  return result;
}

TEST(AnswerQueueTest, AnswersInAnyOrderLeaveInTheOrderOfTheBatches) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    AnswerQueue queue;
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t id = 0; id < 20; ++id) numbers.push_back(queue.Add(1000 + id, 1));
    std::vector<std::size_t> order(numbers.size());
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), random);
    std::uint64_t next = 1000;
    for (const std::size_t i : order) {
      const bool more = queue.Complete(numbers[i], AnswerAt(static_cast<Offset>(i)));
      const std::vector<ProduceAnswer> answers = queue.Take();
      EXPECT_EQ(more, !answers.empty());
      for (const ProduceAnswer& answer : answers) {
        EXPECT_EQ(answer.batch_id, next);
        EXPECT_EQ(answer.result->base_offset, static_cast<Offset>(next - 1000));
        ++next;
      }
    }
    EXPECT_EQ(next, 1020u);
  }
}

TEST(AnswerQueueTest, ABatchCountsUntilItsAnswerIsSent) {
  AnswerQueue queue;
  EXPECT_TRUE(queue.empty());
  const std::uint64_t first = queue.Add(1, 100);
  queue.Add(2, 200);
  EXPECT_EQ(queue.count(), 2u);
  EXPECT_EQ(queue.bytes(), 300u);
  queue.Complete(first, AnswerAt(0));
  EXPECT_EQ(queue.bytes(), 200u);
  EXPECT_EQ(queue.Take().size(), 1u);
  EXPECT_EQ(queue.count(), 2u) << "on its way";
  queue.Sent();
  EXPECT_EQ(queue.count(), 1u);
  EXPECT_FALSE(queue.empty());
}

TEST(AnswerQueueTest, ErrorsAreAnswersToo) {
  AnswerQueue queue;
  const std::uint64_t number = queue.Add(5, 0);
  EXPECT_TRUE(queue.Complete(number, Error(ErrorCode::kNoSpace, "full")));
  const std::vector<ProduceAnswer> answers = queue.Take();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].result.error().code(), ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace qalam
