#include "client/callback_runner.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace qalam::abi0 {
namespace {

void AtOnce(const std::function<void()>& task) { task(); }

TEST(CallbackRunnerTest, WithoutAnExecutorItHasAThread) {
  CallbackRunner runner(nullptr);
  std::promise<bool> current;
  runner.Post([&] { current.set_value(runner.IsCurrent()); });
  EXPECT_TRUE(current.get_future().get());
  EXPECT_FALSE(runner.IsCurrent());
  runner.Stop(std::chrono::seconds(10));
}

TEST(CallbackRunnerTest, AnExecutorMayRunThemAtOnce) {
  CallbackRunner runner(AtOnce);
  CallbackRunner other(AtOnce);
  std::thread::id ran_on;
  bool current = false;
  bool others = true;
  bool after_inner = false;
  runner.Post([&] {
    ran_on = std::this_thread::get_id();
    current = runner.IsCurrent();
    others = other.IsCurrent();
    other.Post([&] { others = others || !other.IsCurrent(); });
    after_inner = runner.IsCurrent();
  });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  EXPECT_TRUE(current);
  EXPECT_FALSE(others);
  EXPECT_TRUE(after_inner);
  EXPECT_FALSE(runner.IsCurrent());
  runner.Stop(std::chrono::seconds(10));
}

TEST(CallbackRunnerTest, StopWaitsForWhatTheExecutorHolds) {
  std::vector<std::function<void()>> held;
  CallbackRunner runner([&](std::function<void()> task) { held.push_back(std::move(task)); });
  bool ran = false;
  runner.Post([&] { ran = true; });
  ASSERT_EQ(held.size(), 1u);
  const auto begun = std::chrono::steady_clock::now();
  runner.Stop(std::chrono::milliseconds(20));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(20));
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    held.front()();
  });
  runner.Stop(std::chrono::seconds(10));
  EXPECT_TRUE(ran);
  later.join();
}

TEST(CallbackRunnerTest, ACallbackMayLetGoOfTheRunner) {
  int ran = 0;
  auto runner = std::make_unique<CallbackRunner>(
      [&ran, kept = std::string(100, 'x')](const std::function<void()>& task) {
        task();
        ran += static_cast<int>(kept.size());  // The executor is still there.
      });
  CallbackRunner& posted_to = *runner;
  posted_to.Post([&runner] { runner.reset(); });
  EXPECT_EQ(runner, nullptr);
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace qalam::abi0
