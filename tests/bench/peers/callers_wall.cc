// What those who wait for their own acknowledgement can get at most from a machine, whatever is
// between them and the disk: next to nothing is here.
//   callers_wall threads   --directory D [--callers 64] [--seconds 4]
//   callers_wall processes --directory D [--callers 8] [--seconds 4] [--bytes 100]
// Each caller hands a token (a process: so many bytes over a local socket) to one thread and waits.
// That thread takes all tokens that are there, writes a block for them, syncs, and wakes their
// callers: group commit without a log or a protocol. Blocks go past the page cache into a file
// that has its space, as the log's do. A line of JSON at the end, as from kafka_load.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

constexpr std::size_t kBlockBytes = 4096;  // Holds about what 32 callers send.
constexpr std::size_t kRecordBytes = 100;
constexpr std::size_t kFileBytes = std::size_t{64} << 20;

// A file that has its space, filled from its beginning again and again.
class BlockFile {
 public:
  explicit BlockFile(const std::string& directory)
      : path_(directory + "/callers_wall." + std::to_string(getpid())) {
    const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) FailWithErrno("create a file in --directory");
    const std::vector<char> zeros(std::size_t{1} << 20);
    for (std::size_t at = 0; at < kFileBytes; at += zeros.size()) {
      if (pwrite(fd, zeros.data(), zeros.size(), static_cast<off_t>(at)) !=
          static_cast<ssize_t>(zeros.size()))
        FailWithErrno("write");
    }
    if (fsync(fd) != 0) FailWithErrno("sync");
    close(fd);
    fd_ = open(path_.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
    if (fd_ < 0) FailWithErrno("open a file for direct writing");
  }
  ~BlockFile() {
    close(fd_);
    unlink(path_.c_str());
  }
  void Commit(std::size_t bytes) {
    const std::size_t rounded = (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    if (rounded > sizeof block_) Fail("more bytes at a time than expected");
    if (at_ + rounded > kFileBytes) at_ = 0;
    if (pwrite(fd_, block_, rounded, static_cast<off_t>(at_)) != static_cast<ssize_t>(rounded) ||
        fdatasync(fd_) != 0)
      FailWithErrno("write and sync");
    at_ += rounded;
  }

 private:
  const std::string path_;
  int fd_ = -1;
  std::size_t at_ = 0;
  alignas(kBlockBytes) char block_[std::size_t{4} << 20] = {1};
};

// One group's tokens, and the event that all of their callers wait for.
struct Group {
  std::uint64_t count = 0;
  OneShotEvent done;
};

class Committer {
 public:
  explicit Committer(const std::string& directory) : file_(directory) {}

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
    while (true) {
      std::shared_ptr<Group> group;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return open_->count > 0 || stopping_; });
        if (open_->count == 0) return;
        group = std::exchange(open_, std::make_shared<Group>());
      }
      file_.Commit(group->count * kRecordBytes);
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
  BlockFile file_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::shared_ptr<Group> open_ = std::make_shared<Group>();
  bool stopping_ = false;
};

void Threads(LoadFlags& flags) {
  const auto owned = std::make_unique<Committer>(flags.Text("directory", "."));
  Committer& committer = *owned;
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

// --- processes ---

[[noreturn]] void CallForEver(int socket, std::size_t bytes) {
  const std::vector<char> record(bytes, 'x');
  char answer = 0;
  while (true) {
    if (write(socket, record.data(), bytes) != static_cast<ssize_t>(bytes)) std::_Exit(0);
    if (read(socket, &answer, 1) != 1) std::_Exit(0);
  }
}

void Processes(LoadFlags& flags) {
  const auto file = std::make_unique<BlockFile>(flags.Text("directory", "."));
  const auto callers = flags.Number("callers", 8);
  const auto bytes = static_cast<std::size_t>(flags.Number("bytes", 100));
  const std::chrono::seconds duration(flags.Number("seconds", 4));
  flags.Check();
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> sockets;
  for (std::int64_t i = 0; i < callers; ++i) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) FailWithErrno("socketpair");
    if (fork() == 0) {
      for (const int other : sockets) close(other);
      close(pair[0]);
      CallForEver(pair[1], bytes);
    }
    close(pair[1]);
    sockets.push_back(pair[0]);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = pair[0];
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event) != 0) FailWithErrno("epoll");
  }
  LoadReport report{"processes"};
  Histogram ack;  // Of the write and the sync only.
  std::vector<epoll_event> events(static_cast<std::size_t>(callers));
  std::vector<char> record(bytes);
  const Stopwatch watch;
  const auto end = Clock::now() + duration;
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(callers), 1000);
    std::vector<int> waiting;
    for (int i = 0; i < ready; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (recv(socket, record.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes))
        waiting.push_back(socket);
    }
    const auto begun = Clock::now();
    file->Commit(waiting.size() * bytes);
    ack.Add(Clock::now() - begun);
    for (const int socket : waiting) {
      if (write(socket, "k", 1) != 1) FailWithErrno("answer");
    }
    report.records += waiting.size();
  }
  watch.Finish(report);
  for (const int socket : sockets) close(socket);
  while (wait(nullptr) > 0) {
  }
  report.ack = &ack;
  report.Print();
}

}  // namespace
}  // namespace qalam::bench

int main(int argc, char** argv) {
  qalam::bench::LoadFlags flags(argc, argv);
  if (flags.mode() == "threads") {
    qalam::bench::Threads(flags);
  } else if (flags.mode() == "processes") {
    qalam::bench::Processes(flags);
  } else {
    qalam::bench::Fail("the mode is threads or processes");
  }
  return 0;
}
