#include "broker/api/answer_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "common/turn.h"

namespace qalam {
namespace {

TEST(AnswerThreadTest, RunsTasksInOrderElsewhere) {
  AnswerThread answers;
  std::vector<int> ran;
  std::promise<std::thread::id> last;
  for (int i = 0; i < 100; ++i) answers.Post([&ran, i] { ran.push_back(i); });
  answers.Post([&] { last.set_value(std::this_thread::get_id()); });
  EXPECT_NE(last.get_future().get(), std::this_thread::get_id());
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
  answers.Stop();
}

TEST(AnswerThreadTest, AFewAnswersOfATurnAreSentByItsThreadManyElsewhere) {
  AnswerThread answers;
  const auto threads_of_turn = [&](int count) {
    std::vector<std::thread::id> ran(static_cast<std::size_t>(count));
    std::latch done(count);
    {
      const Turn turn;
      for (auto& id : ran) {
        answers.Post([&] {
          id = std::this_thread::get_id();
          done.count_down();
        });
      }
      EXPECT_FALSE(done.try_wait()) << "before the turn's end";
    }
    done.wait();
    EXPECT_EQ(std::set(ran.begin(), ran.end()).size(), 1u);
    return ran.front();
  };
  EXPECT_EQ(threads_of_turn(1), std::this_thread::get_id());
  EXPECT_EQ(threads_of_turn(4), std::this_thread::get_id());
  EXPECT_NE(threads_of_turn(5), std::this_thread::get_id());
  answers.Stop();
  EXPECT_EQ(threads_of_turn(5), std::this_thread::get_id());
}

TEST(AnswerThreadTest, WhatIsPostedAsideRunsElsewhereAndDoesNotWaitForTheTurn) {
  AnswerThread answers;
  const Turn turn;
  std::promise<std::thread::id> ran;
  answers.PostAside([&ran] { ran.set_value(std::this_thread::get_id()); });
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
  answers.Stop();
}

TEST(AnswerThreadTest, ATurnMayEndAfterTheAnswerThread) {
  auto answers = std::make_unique<AnswerThread>();
  int ran = 0;
  {
    const Turn turn;
    for (int i = 0; i < 10; ++i) answers->Post([&ran] { ++ran; });
    answers->Stop();
    answers.reset();
    EXPECT_EQ(ran, 0);
  }
  EXPECT_EQ(ran, 10);
}

TEST(AnswerThreadTest, StopLosesNothing) {
  AnswerThread answers;
  int ran = 0;
  for (int i = 0; i < 1000; ++i) answers.Post([&ran] { ++ran; });
  answers.Stop();
  EXPECT_EQ(ran, 1000);
  answers.Post([&ran] { ++ran; });
  EXPECT_EQ(ran, 1001) << "after Stop it runs here";
  answers.Stop();
}

}  // namespace
}  // namespace qalam
