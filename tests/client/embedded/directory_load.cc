// Processes that append to one directory through the smart client, each with so many threads, each
// thread with one request under way at a time: a record, or a batch of records, durable before the
// next. The shape of tests/bench/peers/sqlite_load.cc, for scripts/bench-embedded.
//   directory_load DIR PROCESSES SECONDS RECORDS_PER_REQUEST [THREADS [VALUE_BYTES]]
//   directory_load --cost DIR      what opening, being open and closing a new directory cost
// Prints one JSON object.
#include <qalam/smart_client.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kTopic = "load";

struct Load {
  std::string directory;
  int processes = 1;
  double seconds = 1;
  int per_request = 1;
  int threads = 1;
  int value_bytes = 100;
};

// What the processes share.
struct Shared {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::atomic<std::int64_t> records{0};
  std::atomic<int> done{0};
};

[[noreturn]] void Fail(const qalam::Error& error) {
  std::fprintf(stderr, "directory_load: %s\n", error.what());
  std::_Exit(1);
}

std::int64_t AppendOneByOne(const Load& load, qalam::Producer& producer, Clock::time_point end) {
  const std::string value(static_cast<std::size_t>(load.value_bytes), 'x');
  std::int64_t records = 0;
  while (Clock::now() < end) {
    qalam::Record record(kTopic);
    record.value = value;
    record.partition = 0;
    const auto report = producer.Send(std::move(record)).Get();
    if (!report.ok()) Fail(report.error());
    ++records;
  }
  return records;
}

std::int64_t AppendInBatches(const Load& load, qalam::Producer& producer, Clock::time_point end) {
  const std::string value(static_cast<std::size_t>(load.value_bytes), 'x');
  auto sender = producer.SenderFor(kTopic, 0).Value();
  qalam::RecordRef record;
  record.value = value;
  std::int64_t records = 0;
  while (Clock::now() < end) {
    for (int i = 0; i < load.per_request; ++i) {
      if (const auto taken = sender.Send(record); !taken.ok()) Fail(taken.error());
    }
    if (const auto flushed = producer.Flush(60s); !flushed.ok()) Fail(flushed.error());
    records += load.per_request;
  }
  return records;
}

void Append(const Load& load, Shared& shared) {
  auto opened = qalam::SmartClient::Open(load.directory);
  if (!opened.ok()) Fail(opened.error());
  const qalam::SmartClient& client = *opened;
  (void)client.admin().CreateTopic({kTopic, 1, 0, {}});
  qalam::ProducerOptions options;
  options.delivery_timeout = 60s;
  if (load.per_request > 1) options.linger = 100ms;  // Flush says when a batch is complete.
  qalam::Producer producer = client.NewProducer(options);
  (void)AppendOneByOne(load, producer, Clock::now() + 1ms);  // Connected, and known.
  shared.ready.fetch_add(1);
  while (!shared.go.load()) std::this_thread::sleep_for(100us);
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(load.seconds));
  std::vector<std::thread> threads;
  std::atomic<std::int64_t> all{0};
  for (int i = 0; i < load.threads; ++i) {
    threads.emplace_back([&] {
      all.fetch_add(load.per_request > 1 ? AppendInBatches(load, producer, end)
                                         : AppendOneByOne(load, producer, end));
    });
  }
  for (std::thread& thread : threads) thread.join();
  shared.records.fetch_add(all.load());
  // Nobody goes while others are still counted: a hand-over is not what is measured here.
  shared.done.fetch_add(1);
  while (shared.done.load() < load.processes) std::this_thread::sleep_for(1ms);
  (void)producer.Close(1s);
}

double RssMiB() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double Ms(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

int Cost(const std::string& directory) {
  const double before = RssMiB();
  const auto begun = Clock::now();
  auto opened = qalam::SmartClient::Open(directory);
  if (!opened.ok()) Fail(opened.error());
  const auto open = Clock::now();
  std::this_thread::sleep_for(200ms);
  const double rss = RssMiB() - before;
  const auto closing = Clock::now();
  (void)opened->Close();
  const auto closed = Clock::now();
  std::printf("{\"open_ms\":%.1f,\"rss_added_mib\":%.1f,\"close_ms\":%.1f}\n", Ms(open - begun),
              rss, Ms(closed - closing));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--cost") == 0) return Cost(argv[2]);
  if (argc < 5) {
    std::fprintf(stderr,
                 "usage: %s DIR PROCESSES SECONDS RECORDS_PER_REQUEST [THREADS [VALUE_BYTES]]\n"
                 "       %s --cost DIR\n",
                 argv[0], argv[0]);
    return 2;
  }
  Load load;
  load.directory = argv[1];
  load.processes = std::atoi(argv[2]);
  load.seconds = std::atof(argv[3]);
  load.per_request = std::atoi(argv[4]);
  if (argc > 5) load.threads = std::atoi(argv[5]);
  if (argc > 6) load.value_bytes = std::atoi(argv[6]);
  void* const memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  Shared& shared = *new (memory) Shared;
  // Forked before the library is used: afterwards, the children might not.
  for (int i = 0; i < load.processes; ++i) {
    if (fork() == 0) {
      // Where one fails the others would wait for it: they end when the parent does.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      Append(load, shared);
      std::_Exit(0);
    }
  }
  bool failed = false;
  int left = load.processes;
  while (shared.ready.load() < load.processes && !failed) {
    int status = 0;
    if (waitpid(-1, &status, WNOHANG) > 0) failed = true;
    std::this_thread::sleep_for(1ms);
  }
  if (failed) return 1;
  shared.go.store(true);
  for (int status = 0; !failed && left > 0 && wait(&status) > 0; --left) failed = status != 0;
  if (failed) return 1;
  const auto records = static_cast<double>(shared.records.load());
  std::printf(
      "{\"processes\":%d,\"threads\":%d,\"per_request\":%d,\"seconds\":%.1f,"
      "\"records\":%.0f,\"records_per_s\":%.0f}\n",
      load.processes, load.threads, load.per_request, load.seconds, records,
      records / load.seconds);
  return 0;
}
