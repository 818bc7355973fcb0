#include "common/mailbox.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/published.h"
#include "common/thread_role.h"

namespace qalam {
namespace {

constexpr std::chrono::nanoseconds kNoWait{0};
constexpr std::chrono::seconds kLong{10};

TEST(MailboxTest, KeepsTheOrderOfPosting) {
  Mailbox<int> mailbox(10);
  for (int i = 0; i < 5; ++i) mailbox.Post(i);
  std::vector<int> out;
  mailbox.Drain(out, kNoWait);
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(mailbox.size(), 0u);
}

TEST(MailboxTest, RefusesWhenFullAndLeavesTheCommandAlone) {
  Mailbox<std::unique_ptr<int>> mailbox(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(mailbox.TryPost(first));
  EXPECT_FALSE(mailbox.TryPost(second));
  EXPECT_EQ(*second, 2);
  mailbox.Post(std::move(second));  // The owner's own machinery gets through.
  EXPECT_EQ(mailbox.size(), 2u);
}

TEST(MailboxTest, CallsBackWhenThereIsRoom) {
  Mailbox<int> mailbox(1);
  int calls = 0;
  mailbox.OnRoom([&] { ++calls; });
  EXPECT_EQ(calls, 1);  // There is room already.
  mailbox.Post(1);
  mailbox.OnRoom([&] { ++calls; });
  EXPECT_EQ(calls, 1);
  std::vector<int> out;
  mailbox.Drain(out, kNoWait);
  EXPECT_EQ(calls, 2);
}

TEST(MailboxTest, ClosedItRefusesButCanBeDrained) {
  Mailbox<int> mailbox(1);
  mailbox.Post(1);
  int calls = 0;
  mailbox.OnRoom([&] { ++calls; });
  mailbox.Close();
  EXPECT_EQ(calls, 1);
  int command = 2;
  EXPECT_FALSE(mailbox.TryPost(command));
  std::vector<int> out;
  mailbox.Drain(out, kNoWait);
  EXPECT_EQ(out, std::vector<int>{1});
}

TEST(MailboxTest, SealedItDropsWhatComes) {
  Mailbox<std::shared_ptr<int>> mailbox(10);
  const auto command = std::make_shared<int>(1);
  mailbox.Post(command);
  EXPECT_EQ(mailbox.Seal().size(), 1u);
  mailbox.Post(command);
  EXPECT_EQ(command.use_count(), 1);
  EXPECT_EQ(mailbox.size(), 0u);
}

TEST(MailboxDeathTest, DrainingIntoWhatIsNotEmptyAborts) {
  Mailbox<int> mailbox(1);
  std::vector<int> out = {1};
  EXPECT_DEATH(mailbox.Drain(out, kNoWait), "check failed");
}

TEST(MailboxTest, DrainGivesUpWhenItsPatienceEnds) {
  Mailbox<int> mailbox(1);
  std::vector<int> out;
  mailbox.Drain(out, std::chrono::milliseconds(1));
  EXPECT_TRUE(out.empty());
}

// Four threads post, one drains: nothing is lost or doubled, and each thread's order is kept.
TEST(MailboxTest, WhatCanWaitWakesNobodyAndComesWithTheNext) {
  // Whether the owner waits already can't be seen from outside; mostly it does after a while.
  std::vector<int> out;
  for (int attempt = 0; attempt < 20 && out.size() < 4; ++attempt) {
    out.clear();
    Mailbox<int> mailbox(10);
    std::thread owner([&] { mailbox.Drain(out, kLong); });
    for (int quiet = 1; quiet < 4; ++quiet) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      int command = quiet;
      ASSERT_TRUE(mailbox.TryPost(command, [] { return true; }));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    mailbox.Post(4);
    owner.join();
  }
  EXPECT_EQ(out, (std::vector<int>{1, 2, 3, 4}));
}

TEST(MailboxTest, ManyMayPostWhileOneDrains) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20000;
  struct Command {
    int thread;
    int number;
  };
  Mailbox<Command> mailbox(64);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&mailbox, thread] {
      for (int i = 0; i < kEach; ++i) {
        Command command{thread, i};
        while (!mailbox.TryPost(command)) {
          std::atomic<bool> room = false;
          mailbox.OnRoom([&room] {
            room = true;
            room.notify_one();
          });
          room.wait(false);
        }
      }
    });
  }
  std::array<int, kThreads> next{};
  std::vector<Command> out;
  for (int received = 0; received < kThreads * kEach;) {
    mailbox.Drain(out, kLong);
    ASSERT_LE(out.size(), 64u);
    for (const Command& command : out) {
      ASSERT_EQ(command.number, next.at(static_cast<std::size_t>(command.thread))++);
      ++received;
    }
    out.clear();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mailbox.size(), 0u);
}

TEST(PublishedTest, AReaderKeepsWhatItLoaded) {
  Published<int> published(std::make_shared<const int>(1));
  const auto loaded = published.Load();
  published.Store(std::make_shared<const int>(2));
  EXPECT_EQ(*loaded, 1);
  EXPECT_EQ(*published.Load(), 2);
}

TEST(PublishedTest, ReadersSeeOnlyWholeValuesThatNeverGoBack) {
  Published<int> published(std::make_shared<const int>(0));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 1; i <= 20000; ++i) published.Store(std::make_shared<const int>(i));
    done = true;
  });
  int last = 0;
  while (!done) {
    const int now = *published.Load();
    EXPECT_GE(now, last);
    last = now;
  }
  writer.join();
  EXPECT_EQ(*published.Load(), 20000);
}

TEST(ThreadRoleDeathTest, AnotherThreadThanTheOwnerAborts) {
  ThreadRole role;
  role.AssertHeld();
  role.AssertHeld();
  EXPECT_DEATH(std::thread([&] { role.AssertHeld(); }).join(), "check failed");
  role.Release();
  std::thread([&] { role.AssertHeld(); }).join();
  EXPECT_DEATH(role.AssertHeld(), "check failed");
}

}  // namespace
}  // namespace qalam
