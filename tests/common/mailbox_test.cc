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

// An owner that drains until it gets a zero; what it got besides, and how often it woke.
class MailboxStandInTest : public testing::Test {
 protected:
  void Own(std::chrono::nanoseconds patience) {
    owner_ = std::thread([this, patience] {
      std::vector<int> out;
      while (out.empty() || out.back() != 0) {
        out.clear();
        mailbox_.Drain(out, patience);
        ++returns_;
      }
    });
  }
  // Until the owner waits: then it is stood in for, and `waiting` all that was left to do.
  void StandIn(std::vector<int>& waiting) {
    while (!mailbox_.PostOrStandIn(++last_)) std::this_thread::yield();
    mailbox_.Drain(waiting, kNoWait);
  }
  void Release() {
    mailbox_.Post(0);
    owner_.join();
  }
  static bool Never(int) { return false; }
  static bool Always(int) { return true; }
  // As long as a wrongly woken owner may need.
  static void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }

  Mailbox<int> mailbox_{10};
  std::thread owner_;
  std::atomic<int> returns_{0};
  int last_ = 0;
};

TEST_F(MailboxStandInTest, WhoStandsInGetsEverythingInOrderAndTheOwnerSleepsOn) {
  Own(kLong);
  std::vector<int> got;
  StandIn(got);
  EXPECT_EQ(got, std::vector<int>{last_});
  const int returns = returns_;
  int command = 1001;
  ASSERT_TRUE(mailbox_.TryPost(command));      // Wakes nobody: it is for who stands in.
  EXPECT_FALSE(mailbox_.PostOrStandIn(1002));  // There is one already.
  Pause();
  got.clear();
  mailbox_.Drain(got, kNoWait);
  EXPECT_EQ(got, (std::vector<int>{1001, 1002}));
  command = 1003;
  ASSERT_TRUE(mailbox_.TryPost(command));
  mailbox_.EndStandIn(false, Always);
  Pause();
  EXPECT_EQ(returns_, returns);
  got.clear();
  StandIn(got);  // The owner waits again, and what could wait comes first.
  EXPECT_EQ(got, (std::vector<int>{1003, last_}));
  mailbox_.EndStandIn(false, Never);
  Release();
}

TEST_F(MailboxStandInTest, WhatCameMeanwhileAndCannotWaitWakesTheOwner) {
  Own(kLong);
  std::vector<int> got;
  StandIn(got);
  mailbox_.Post(0);
  const auto begun = std::chrono::steady_clock::now();
  mailbox_.EndStandIn(false, [](int command) { return command != 0; });
  owner_.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kLong / 2);
}

TEST_F(MailboxStandInTest, TheOwnerIsWokenToLookAnewHowLongItMayWait) {
  Own(kLong);
  std::vector<int> got;
  StandIn(got);
  const int returns = returns_;
  mailbox_.EndStandIn(true, Always);
  const auto until = std::chrono::steady_clock::now() + kLong / 2;
  while (returns_ == returns && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_GT(returns_, returns);
  Release();
}

TEST_F(MailboxStandInTest, PatienceThatPassesMeanwhileCountsWhenItEnds) {
  Own(std::chrono::milliseconds(100));
  std::vector<int> got;
  StandIn(got);
  const int returns = returns_;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(returns_, returns);  // Never two at a time.
  mailbox_.EndStandIn(false, Always);
  const auto until = std::chrono::steady_clock::now() + kLong / 2;
  while (returns_ == returns && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_GT(returns_, returns);
  Release();
}

TEST_F(MailboxStandInTest, AMailboxThatIsSealedTakesNothingAndHasNoStandIn) {
  mailbox_.Seal();
  EXPECT_FALSE(mailbox_.PostOrStandIn(1));
  EXPECT_EQ(mailbox_.size(), 0u);
}

// Three threads post, the owner and one that stands in for it drain: one at a time, nothing is lost
// or doubled, and each thread's order is kept.
TEST(MailboxTest, OwnerAndStandInTakeTurnsWhileManyPost) {
  constexpr int kThreads = 3;
  constexpr int kEach = 20000;
  constexpr int kAll = kThreads * kEach;
  struct Command {
    int thread;  // kThreads: of the one that stands in.
    int number;
  };
  Mailbox<Command> mailbox(64);
  // Of who drains.
  std::array<int, kThreads> next{};
  int received = 0;
  int strange = 0;
  std::vector<Command> out;
  const auto take = [&](std::chrono::nanoseconds patience) {
    mailbox.Drain(out, patience);
    for (const Command& command : out) {
      if (command.thread == kThreads) continue;
      if (command.number != next.at(static_cast<std::size_t>(command.thread))++) ++strange;
      ++received;
    }
    out.clear();
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&mailbox, thread] {
      for (int i = 0; i < kEach; ++i) {
        Command command{thread, i};
        while (!mailbox.TryPost(command)) std::this_thread::yield();
      }
    });
  }
  std::atomic<bool> done = false;
  int stood_in = 0;
  threads.emplace_back([&] {
    while (!done) {
      if (!mailbox.PostOrStandIn({kThreads, 0})) {
        std::this_thread::yield();
        continue;
      }
      ++stood_in;
      take(kNoWait);
      mailbox.EndStandIn(received == kAll, [](const Command&) { return false; });
    }
  });
  while (received < kAll) take(kLong);
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(strange, 0);
  EXPECT_EQ(received, kAll);
  EXPECT_GT(stood_in, 0);
}

// Four threads post, one drains: nothing is lost or doubled, and each thread's order is kept.
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

TEST(ThreadRoleDeathTest, WhoActsForTheOwnerMayDoWhatItMay) {
  ThreadRole role;
  const void* owner = nullptr;
  std::thread([&] {
    role.AssertHeld();
    owner = Actor::Current();
  }).join();
  EXPECT_NE(Actor::Current(), owner);
  EXPECT_DEATH(role.AssertHeld(), "check failed");
  {
    const Actor::Scope scope(owner);
    EXPECT_EQ(Actor::Current(), owner);
    role.AssertHeld();
  }
  EXPECT_DEATH(role.AssertHeld(), "check failed");
}

}  // namespace
}  // namespace qalam
