// What threads that wait for their own acknowledgement can get at most from a machine, whatever is
// between them and the disk: nothing is here.
//   callers_wall threads --directory D [--callers 64] [--seconds 4]
// Each caller hands a token to one thread and waits. That thread takes all tokens that are there,
// writes a block for them, syncs, and wakes their callers: group commit without a log, a protocol
// or another process. A line of JSON at the end, as from kafka_load.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/one_shot_event.h"
#include "tests/bench/peers/load_flags.h"
#include "tests/bench/peers/load_report.h"

namespace qalam::bench {
namespace {

constexpr std::size_t kBlockBytes = 4096;  // Holds what 64 callers send.

// One group's tokens, and the event that all of their callers wait for.
struct Group {
  std::uint64_t count = 0;
  OneShotEvent done;
};

class Committer {
 public:
  explicit Committer(const std::string& directory)
      : path_(directory + "/callers_wall." + std::to_string(getpid())) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd_ < 0) FailWithErrno("create a file in --directory");
  }
  ~Committer() {
    close(fd_);
    unlink(path_.c_str());
  }

  void Commit() {
    std::shared_ptr<Group> group;
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      group = open_;
      first = ++group->count == 1;
    }
    if (first) ready_.notify_one();
    group->done.Wait();
  }
  // Until Stop, on a thread of its own.
  void Run() {
    const std::array<char, kBlockBytes> block{};
    off_t end = 0;
    while (true) {
      std::shared_ptr<Group> group;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return open_->count > 0 || stopping_; });
        if (open_->count == 0) return;
        group = std::exchange(open_, std::make_shared<Group>());
      }
      if (pwrite(fd_, block.data(), block.size(), end) != ssize_t{kBlockBytes} ||
          fdatasync(fd_) != 0)
        FailWithErrno("write and sync");
      end += kBlockBytes;
      group->done.Happen();
    }
  }
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_one();
  }

 private:
  const std::string path_;
  int fd_ = -1;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::shared_ptr<Group> open_ = std::make_shared<Group>();
  bool stopping_ = false;
};

void Threads(LoadFlags& flags) {
  Committer committer(flags.Text("directory", "."));
  const auto callers = static_cast<std::size_t>(flags.Number("callers", 64));
  const std::chrono::seconds duration(flags.Number("seconds", 4));
  flags.Check();
  std::thread committing([&] { committer.Run(); });
  std::deque<Histogram> times(callers);
  std::vector<std::thread> threads;
  LoadReport report{"threads"};
  const Stopwatch watch;
  const auto end = Clock::now() + duration;
  for (Histogram& of_one : times) {
    threads.emplace_back([&] {
      for (auto now = Clock::now(); now < end;) {
        const auto begun = now;
        committer.Commit();
        now = Clock::now();
        of_one.Add(now - begun);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  watch.Finish(report);
  committer.Stop();
  committing.join();
  Histogram ack;
  for (const Histogram& of_one : times) ack.Merge(of_one);
  report.records = ack.count();
  report.ack = &ack;
  report.Print();
}

}  // namespace
}  // namespace qalam::bench

int main(int argc, char** argv) {
  qalam::bench::LoadFlags flags(argc, argv);
  if (flags.mode() != "threads") qalam::bench::Fail("the mode is threads");
  qalam::bench::Threads(flags);
  return 0;
}
