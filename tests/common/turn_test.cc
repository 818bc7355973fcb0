#include "common/turn.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace qalam {
namespace {

class Collector final : public Turn::Sink {
 public:
  void EndTurn(std::vector<UniqueFunction<void()>> tasks) override {
    ++turns;
    for (auto& task : tasks) task();
  }
  int turns = 0;
};

UniqueFunction<void()> Append(std::string& text, char letter) {
  return [&text, letter] { text += letter; };
}

TEST(TurnTest, WithoutOneNothingIsPutOff) {
  const auto sink = std::make_shared<Collector>();
  std::string text;
  UniqueFunction<void()> task = Append(text, 'a');
  EXPECT_FALSE(Turn::PutOff(sink, task));
  ASSERT_TRUE(task);
  task();
  EXPECT_EQ(text, "a");
}

TEST(TurnTest, EverySinkGetsItsTasksOnceInOrder) {
  const auto one = std::make_shared<Collector>();
  const auto two = std::make_shared<Collector>();
  std::string of_one;
  std::string of_two;
  {
    const Turn turn;
    for (const char letter : std::string("abc")) {
      UniqueFunction<void()> task = Append(of_one, letter);
      EXPECT_TRUE(Turn::PutOff(one, task));
      task = Append(of_two, letter);
      EXPECT_TRUE(Turn::PutOff(two, task));
    }
    EXPECT_EQ(of_one + of_two, "");
  }
  EXPECT_EQ(of_one, "abc");
  EXPECT_EQ(of_two, "abc");
  EXPECT_EQ(one->turns, 1);
  EXPECT_EQ(two->turns, 1);
}

TEST(TurnTest, OneInAnotherIsPartOfIt) {
  const auto sink = std::make_shared<Collector>();
  std::string text;
  {
    const Turn outer;
    {
      const Turn inner;
      UniqueFunction<void()> task = Append(text, 'a');
      EXPECT_TRUE(Turn::PutOff(sink, task));
    }
    EXPECT_EQ(text, "");
  }
  EXPECT_EQ(text, "a");
}

TEST(TurnTest, WhatATaskCausesIsNotPutOffAgain) {
  const auto sink = std::make_shared<Collector>();
  bool again = true;
  {
    const Turn turn;
    UniqueFunction<void()> task = [&] {
      UniqueFunction<void()> other = [] {};
      again = Turn::PutOff(sink, other);
    };
    EXPECT_TRUE(Turn::PutOff(sink, task));
  }
  EXPECT_FALSE(again);
}

TEST(TurnTest, IsOfItsThread) {
  const auto sink = std::make_shared<Collector>();
  const Turn turn;
  bool elsewhere = true;
  std::thread([&] {
    UniqueFunction<void()> task = [] {};
    elsewhere = Turn::PutOff(sink, task);
  }).join();
  EXPECT_FALSE(elsewhere);
}

}  // namespace
}  // namespace qalam
