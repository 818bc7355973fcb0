#include "broker/rpc/answer_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

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
