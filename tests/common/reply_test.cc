#include "common/reply.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include "common/unique_function.h"

namespace qalam {
namespace {

// A reply that notes what it was answered, and how often.
struct Noted {
  std::optional<Result<int>> answer;
  int count = 0;
  Reply<int> MakeReply() {
    return Reply<int>([this](Result<int> result) {
      answer.emplace(std::move(result));
      ++count;
    });
  }
};

TEST(ReplyTest, DeliversItsAnswerOnce) {
  Noted noted;
  {
    Reply<int> reply = noted.MakeReply();
    EXPECT_TRUE(reply.pending());
    reply(5);
    EXPECT_FALSE(reply.pending());
  }
  EXPECT_EQ(noted.count, 1);
  EXPECT_EQ(noted.answer->value(), 5);
}

TEST(ReplyTest, DroppedItSaysThatTheBrokerStops) {
  Noted noted;
  { const Reply<int> reply = noted.MakeReply(); }
  EXPECT_EQ(noted.count, 1);
  EXPECT_EQ(noted.answer->error().code(), ErrorCode::kShuttingDown);
}

TEST(ReplyTest, MovedItIsAnsweredByTheNewOwnerOnly) {
  Noted noted;
  Noted other;
  {
    Reply<int> first = noted.MakeReply();
    Reply<int> second = std::move(first);
    EXPECT_FALSE(first.pending());
    Reply<int> third = other.MakeReply();
    third = std::move(second);  // What it held is dropped.
    EXPECT_EQ(other.answer->error().code(), ErrorCode::kShuttingDown);
    EXPECT_EQ(noted.count, 0);
  }
  EXPECT_EQ(noted.count, 1);
  EXPECT_EQ(other.count, 1);
}

TEST(ReplyDeathTest, AnsweringTwiceAborts) {
  Reply<int> reply([](Result<int>) {});
  reply(1);
  EXPECT_DEATH(reply(2), "check failed");
}

TEST(UniqueFunctionTest, OwnsWhatCanOnlyBeMoved) {
  UniqueFunction<int(int)> add = [by = std::make_unique<int>(3)](int to) { return to + *by; };
  UniqueFunction<int(int)> moved = std::move(add);
  EXPECT_FALSE(static_cast<bool>(add));
  EXPECT_EQ(moved(4), 7);
}

TEST(UniqueFunctionTest, HandsMoveOnlyArgumentsOn) {
  UniqueFunction<int(std::unique_ptr<int>)> read = [](std::unique_ptr<int> from) { return *from; };
  EXPECT_EQ(read(std::make_unique<int>(9)), 9);
}

TEST(UniqueFunctionDeathTest, AnEmptyOneAborts) {
  UniqueFunction<void()> empty;
  EXPECT_DEATH(empty(), "check failed");
}

}  // namespace
}  // namespace qalam
