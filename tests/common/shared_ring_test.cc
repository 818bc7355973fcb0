#include "common/shared_ring.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qalam {
namespace {

using namespace std::chrono_literals;

class SharedRingTest : public testing::Test {
 protected:
  static constexpr std::size_t kSize = 64;

  RingWriter::Outcome Write(std::string_view text) {
    const std::array<BytesView, 1> parts = {AsBytes(text)};
    return writer_.Write(parts);
  }
  std::string Read(std::size_t bytes_max = kSize) {
    std::string text(bytes_max, '?');
    const auto got = reader_.Read(std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(got.ok());
    text.resize(got.ok() ? *got : 0);
    return text;
  }

  RingControl control_;
  std::vector<std::byte> data_ = std::vector<std::byte>(kSize);
  RingWriter writer_{control_, data_};
  RingReader reader_{control_, data_};
};

TEST_F(SharedRingTest, WhatIsWrittenIsReadInOrderAcrossTheEnd) {
  EXPECT_EQ(Read(), "");
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::string text = "message " + std::to_string(i);
    EXPECT_EQ(Write(text).bytes, text.size());
    EXPECT_EQ(Read(), text);
  }
  const std::array<BytesView, 3> parts = {AsBytes("one"), BytesView(), AsBytes("two")};
  EXPECT_EQ(writer_.Write(parts).bytes, 6u);
  EXPECT_EQ(Read(4), "onet");
  EXPECT_EQ(Read(4), "wo");
}

TEST_F(SharedRingTest, NoMoreIsTakenThanThereIsRoomFor) {
  EXPECT_EQ(Write(std::string(40, 'a')).bytes, 40u);
  const std::string more(40, 'b');
  const std::array<BytesView, 2> parts = {AsBytes("0123456789"), AsBytes(more)};
  EXPECT_EQ(writer_.Write(parts).bytes, 24u);
  EXPECT_EQ(writer_.room(), 0u);
  EXPECT_EQ(Write("c").bytes, 0u);
  EXPECT_EQ(Read(), std::string(40, 'a') + "0123456789" + std::string(14, 'b'));
}

TEST_F(SharedRingTest, TheBellIsRungForWhoWaitsForItOnce) {
  EXPECT_FALSE(Write("nobody waits").bell);
  Read();
  EXPECT_TRUE(reader_.Sleep(RingSleep::kBell));
  EXPECT_TRUE(Write("a").bell);
  EXPECT_FALSE(Write("b").bell) << "it is awake by now";
}

TEST_F(SharedRingTest, WhatWasWrittenBeforeIsSeenWhenGoingToSleep) {
  Write("a");
  EXPECT_FALSE(reader_.Sleep(RingSleep::kBell));
  EXPECT_EQ(Read(), "a");
}

TEST_F(SharedRingTest, WhoLooksLaterIsWokenWhenTheRingFillsUp) {
  EXPECT_TRUE(reader_.Sleep(RingSleep::kLater));
  EXPECT_FALSE(Write(std::string(kSize / 2 - 1, 'a')).bell);
  EXPECT_FALSE(reader_.more_than_half_full());
  EXPECT_TRUE(Write("bb").bell);
  EXPECT_TRUE(reader_.more_than_half_full());
}

TEST_F(SharedRingTest, WhoWaitsForRoomHearsOfIt) {
  Write(std::string(kSize, 'a'));
  EXPECT_FALSE(reader_.TakeRoomBell()) << "nobody waits";
  EXPECT_TRUE(writer_.WaitForRoom());
  Read(kSize / 4);
  EXPECT_FALSE(reader_.TakeRoomBell()) << "too little";
  Read(kSize / 4);
  EXPECT_TRUE(reader_.TakeRoomBell());
  EXPECT_FALSE(reader_.TakeRoomBell()) << "once";
  EXPECT_FALSE(writer_.WaitForRoom()) << "there is room";
}

TEST_F(SharedRingTest, NonsenseOfTheOtherEndIsAnErrorAndNoAccess) {
  control_.written.store(kSize + 1);
  std::array<std::byte, kSize> out;
  const auto got = reader_.Read(out);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::kInvalidArgument);
  control_.read.store(12345);
  EXPECT_EQ(Write("a").bytes, 0u);
}

TEST_F(SharedRingTest, AThreadThatWaitsIsWokenByAWriteAndByAnInterrupt) {
  EXPECT_TRUE(reader_.Sleep(RingSleep::kHere));
  std::thread writer([&] {
    std::this_thread::sleep_for(5ms);
    EXPECT_FALSE(Write("a").bell);
  });
  const auto begun = std::chrono::steady_clock::now();
  std::string got;
  while (got.empty() && std::chrono::steady_clock::now() - begun < 20s) {
    if (reader_.Sleep(RingSleep::kHere)) reader_.WaitHere(begun + 20s);
    got = Read();
  }
  writer.join();
  EXPECT_EQ(got, "a");

  EXPECT_TRUE(reader_.Sleep(RingSleep::kHere));
  std::thread other([&] { reader_.Interrupt(); });
  reader_.WaitHere(begun + 40s);
  other.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

// Each end on its own thread, with all that puts them to sleep: nothing is lost, and nobody sleeps
// for ever.
TEST_F(SharedRingTest, BothEndsAtOnce) {
  constexpr std::uint32_t kNumbers = 200'000;
  std::mutex mutex;
  std::condition_variable bell;
  bool for_writer = false;
  bool for_reader = false;
  const auto ring = [&](bool& whose) {
    const std::lock_guard lock(mutex);
    whose = true;
    bell.notify_all();
  };
  const auto hear = [&](bool& whose) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(bell.wait_for(lock, 60s, [&] { return whose; })) << "nobody rang";
    whose = false;
  };
  std::thread writing([&] {
    for (std::uint32_t i = 0; i < kNumbers; ++i) {
      BytesView left = std::as_bytes(std::span(&i, 1));
      while (true) {
        const std::array<BytesView, 1> parts = {left};
        const auto outcome = writer_.Write(parts);
        if (outcome.bell) ring(for_reader);
        left = left.subspan(outcome.bytes);
        if (left.empty()) break;
        if (writer_.WaitForRoom()) hear(for_writer);
      }
    }
  });
  std::uint32_t expected = 0;
  std::vector<std::byte> unread;
  while (expected < kNumbers) {
    std::array<std::byte, 24> some;
    const auto got = reader_.Read(some);
    ASSERT_TRUE(got.ok());
    if (reader_.TakeRoomBell()) ring(for_writer);
    unread.insert(unread.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*got));
    while (unread.size() >= sizeof expected) {
      std::uint32_t number = 0;
      std::memcpy(&number, unread.data(), sizeof number);
      unread.erase(unread.begin(), unread.begin() + sizeof number);
      ASSERT_EQ(number, expected++);
    }
    if (*got > 0 || expected == kNumbers) continue;
    if (expected % 3 == 0) {
      if (reader_.Sleep(RingSleep::kHere)) {
        reader_.WaitHere(std::chrono::steady_clock::now() + 60s);
      }
    } else if (reader_.Sleep(RingSleep::kBell)) {
      hear(for_reader);
    }
  }
  writing.join();
}

}  // namespace
}  // namespace qalam
