#include "broker/partition/task_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace qalam {
namespace {

TEST(TaskPoolTest, RunsWhatWaitsBeforeItEndsAndDropsWhatComesLater) {
  TaskPool pool("test", 2);
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) pool.Post([&] { ++ran; });
  pool.Start();
  pool.Stop();
  EXPECT_EQ(ran, 100);
  pool.Post([&] { ++ran; });
  EXPECT_EQ(pool.queued(), 0u);
  EXPECT_TRUE(pool.idle());
}

// One thread, so that the order tells who was next.
class TaskPoolOrderTest : public testing::Test {
 protected:
  void Note(int number) { order_.push_back(number); }

  TaskPool pool_{"test", 1};
  std::vector<int> order_;
};

TEST_F(TaskPoolOrderTest, TheNextOneRunsOnTheSameThreadWhenNothingWaits) {
  TaskPool pool("test", 4);
  std::thread::id first;
  std::atomic<int> elsewhere{0};
  std::atomic<bool> ended = false;
  std::atomic<int> left{1000};
  std::function<void()> step = [&] {
    if (std::this_thread::get_id() != first) ++elsewhere;
    if (--left == 0) {
      ended = true;
      ended.notify_one();
    } else {
      pool.PostNext([&] { step(); });
    }
  };
  pool.Start();
  pool.Post([&] {
    first = std::this_thread::get_id();
    step();
  });
  ended.wait(false);
  pool.Stop();
  EXPECT_EQ(elsewhere, 0);
}

TEST_F(TaskPoolOrderTest, WhatWaitsAlreadyGoesFirst) {
  pool_.Post([this] {
    Note(1);
    pool_.PostNext([this] { Note(4); });
  });
  pool_.Post([this] { Note(2); });
  pool_.Post([this] { Note(3); });
  pool_.Start();
  pool_.Stop();
  EXPECT_EQ(order_, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(TaskPoolOrderTest, OfSeveralTheLastStaysAndTheOthersAreForAnyThread) {
  pool_.Post([this] {
    pool_.PostNext([this] { Note(1); });
    EXPECT_EQ(pool_.queued(), 0u);
    pool_.PostNext([this] { Note(2); });
    EXPECT_EQ(pool_.queued(), 1u);
  });
  pool_.Start();
  while (!pool_.idle()) std::this_thread::yield();
  pool_.Stop();
  EXPECT_EQ(order_, (std::vector<int>{1, 2}));
}

TEST_F(TaskPoolOrderTest, FromOutsideItIsAPost) {
  TaskPool other("other", 1);
  pool_.PostNext([this] { Note(1); });
  EXPECT_EQ(pool_.queued(), 1u);
  pool_.Post([&] { other.PostNext([this] { Note(2); }); });
  pool_.Start();
  pool_.Stop();
  EXPECT_EQ(other.queued(), 1u);
  EXPECT_TRUE(other.RunOne());
  EXPECT_EQ(order_, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace qalam
