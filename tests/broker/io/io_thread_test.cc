#include "broker/io/io_thread.h"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <thread>

namespace qalam {
namespace {

TEST(IoThreadTest, ATaskRunsOnTheThreadAndIsWaitedFor) {
  IoThread io;
  io.Start();
  std::thread::id ran_on;
  io.RunAndWait([&] { ran_on = std::this_thread::get_id(); });
  EXPECT_NE(ran_on, std::thread::id());
  EXPECT_NE(ran_on, std::this_thread::get_id());
  io.Stop();
}

TEST(IoThreadTest, ATaskRunsHereWhileTheThreadDoesNot) {
  IoThread io;
  std::thread::id ran_on;
  io.RunAndWait([&] { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  io.Start();
  io.Stop();
  ran_on = {};
  io.RunAndWait([&] { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(IoThreadTest, WhatATaskCancelledHasRunWhenItReturns) {
  IoThread io;
  io.Start();
  bool cancelled = false;
  {
    boost::asio::steady_timer timer(io.context());
    io.RunAndWait([&] {
      timer.expires_after(std::chrono::hours(1));
      timer.async_wait([&](const boost::system::error_code& error) { cancelled = bool(error); });
    });
    io.RunAndWait([&] { timer.cancel(); });
    EXPECT_TRUE(cancelled);
  }
  io.Stop();
}

}  // namespace
}  // namespace qalam
