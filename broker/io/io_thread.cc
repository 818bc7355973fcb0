#include "broker/io/io_thread.h"

#include <pthread.h>

#include "common/check.h"

namespace qalam {

IoThread::IoThread() : work_(boost::asio::make_work_guard(context_)) {}

IoThread::~IoThread() { QALAM_CHECK(!thread_.joinable()); }

void IoThread::Start() {
  thread_ = std::thread([this] { context_.run(); });
  pthread_setname_np(thread_.native_handle(), "io");
}

void IoThread::Stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace qalam
