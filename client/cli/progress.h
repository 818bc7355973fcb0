#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace qalam::cli {

// A line on stderr, rewritten four times a second while it lives, and wiped at the end. `line` is
// called from its own thread. Thread: its owner.
class Progress {
 public:
  Progress(bool on, std::function<std::string()> line);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void Run(const std::function<std::string()>& line);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace qalam::cli
