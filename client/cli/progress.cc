#include "client/cli/progress.h"

#include <chrono>
#include <cstdio>

namespace qalam::cli {

Progress::Progress(bool on, std::function<std::string()> line) {
  if (on) thread_ = std::thread([this, line = std::move(line)] { Run(line); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Progress::Run(const std::function<std::string()>& line) {
  bool shown = false;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(250), [this] { return stop_; })) {
    std::fprintf(stderr, "\r\x1b[K%s", line().c_str());
    shown = true;
  }
  if (shown) std::fprintf(stderr, "\r\x1b[K");
}

}  // namespace qalam::cli
