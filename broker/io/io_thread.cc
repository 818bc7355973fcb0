#include "broker/io/io_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "common/check.h"

namespace qalam {

IoThread::IoThread(const char* name) : name_(name), work_(boost::asio::make_work_guard(context_)) {}

IoThread::~IoThread() { QALAM_CHECK(!thread_.joinable()); }

void IoThread::Start() {
  thread_ = std::thread([this] { context_.run(); });
  pthread_setname_np(thread_.native_handle(), name_);
}

void IoThread::Stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoThread::RunAndWait(UniqueFunction<void()> task) {
  if (!thread_.joinable()) {
    task();
    return;
  }
  QALAM_CHECK(thread_.get_id() != std::this_thread::get_id());
  std::promise<void> done;
  boost::asio::post(context_, [&] {
    task();
    // Handlers that the task cancelled are queued by now; this comes after them.
    boost::asio::post(context_, [&] { done.set_value(); });
  });
  done.get_future().wait();
}

}  // namespace qalam
