#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "common/unique_function.h"

namespace qalam {

// An io_context and the one thread that runs it: whatever lives on it needs no lock. Thread:
// context() from any (post to it); the rest the owner's, never the io thread itself.
class IoThread {
 public:
  // `name`: of the thread, for people; a literal of 15 characters at most.
  explicit IoThread(const char* name = "io");
  ~IoThread();  // Stopped.
  void Start();
  // What is still queued on it is dropped; it can't be started again.
  void Stop();
  // Runs `task` on the thread and waits until it ran, and with it whatever it cancelled. While the
  // thread does not run, nothing else can: `task` then runs here.
  void RunAndWait(UniqueFunction<void()> task);
  boost::asio::io_context& context() { return context_; }

 private:
  const char* const name_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace qalam
