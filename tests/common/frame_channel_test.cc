#include "common/frame_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "common/frame.h"

namespace qalam {
namespace {

class FrameChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0);
  }
  void TearDown() override {
    for (const int end : ends_) {
      if (end >= 0) ::close(end);
    }
  }
  // The magic with a descriptor that is not what it should be.
  void GreetWith(int descriptor) const {
    std::array<char, kFramesMagic.size()> magic = kFramesMagic;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{magic.data(), magic.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    ASSERT_EQ(::sendmsg(ends_[0], &message, 0), static_cast<ssize_t>(magic.size()));
  }
  static std::string Take(FrameChannel& channel) {
    std::string text(100, '?');
    const auto got = channel.in().Read(std::as_writable_bytes(std::span(text)));
    text.resize(got.ok() ? *got : 0);
    return text;
  }
  static void Put(FrameChannel& channel, std::string_view text) {
    const std::array<BytesView, 1> parts = {AsBytes(text)};
    EXPECT_EQ(channel.out().Write(parts).bytes, text.size());
  }

  int ends_[2] = {-1, -1};
};

TEST_F(FrameChannelTest, EachHearsWhatTheOtherSays) {
  auto client = FrameChannel::Greet(ends_[0]);
  ASSERT_TRUE(client.ok()) << client.error().ToString();
  auto owner = FrameChannel::Welcome(ends_[1]);
  ASSERT_TRUE(owner.ok()) << owner.error().ToString();
  Put(**client, "to the owner");
  Put(**owner, "to the client");
  EXPECT_EQ(Take(**owner), "to the owner");
  EXPECT_EQ(Take(**client), "to the client");
  client->reset();
  Put(**owner, "nobody is there, and it is no harm");
}

TEST_F(FrameChannelTest, BellsAreHeardAndSoIsTheEnd) {
  EXPECT_TRUE(TakeBells(ends_[1])) << "none is fine";
  for (int i = 0; i < 200; ++i) RingBell(ends_[0]);
  EXPECT_TRUE(TakeBells(ends_[1]));
  char left = 0;
  EXPECT_EQ(::recv(ends_[1], &left, 1, MSG_DONTWAIT), -1) << "all were taken";
  ::close(std::exchange(ends_[0], -1));
  EXPECT_FALSE(TakeBells(ends_[1]));
  RingBell(ends_[1]);
}

TEST_F(FrameChannelTest, MemoryThatCouldBeTakenAwayIsRefused) {
  const int unsealed = ::memfd_create("unsealed", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(unsealed, 4096 + (144 << 10)), 0);
  GreetWith(unsealed);
  ::close(unsealed);
  EXPECT_FALSE(FrameChannel::Welcome(ends_[1]).ok());
}

TEST_F(FrameChannelTest, MemoryOfAnotherSizeIsRefused) {
  const int small = ::memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(::ftruncate(small, 4096), 0);
  ASSERT_EQ(::fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
  GreetWith(small);
  ::close(small);
  EXPECT_FALSE(FrameChannel::Welcome(ends_[1]).ok());
}

TEST_F(FrameChannelTest, WhatIsNoMemoryIsRefused) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  GreetWith(null);
  ::close(null);
  EXPECT_FALSE(FrameChannel::Welcome(ends_[1]).ok());
}

TEST_F(FrameChannelTest, AGreetingWithoutADescriptorIsRefused) {
  ASSERT_EQ(::send(ends_[0], kFramesMagic.data(), kFramesMagic.size(), 0), 4);
  EXPECT_FALSE(FrameChannel::Welcome(ends_[1]).ok());
}

}  // namespace
}  // namespace qalam
