#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace qalam {

// An io_context and the one thread that runs it: whatever lives on it needs no lock. Thread:
// context() from any (post to it); Start and Stop the owner's.
class IoThread {
 public:
  IoThread();
  ~IoThread();
  void Start();
  void Stop();  // What is under way on it is dropped.
  boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace qalam
