// Many readers at the tail of one partition while a producer writes at a fixed rate, open loop;
// each side is a process of its own, as it would be.
//   tail_fanout read ADDRESS TOPIC --readers 100 --stalled 1 --records 600000
//   tail_fanout produce ADDRESS TOPIC --rate 10000 --seconds 60
// Every reader must see every record from offset 0 on once and in order (a stalled one excepted: it
// stops reading after its first batch); `read` prints "reading" when all of them are open. The
// latency of an acknowledgement counts from when the record was due, not from when it was sent.
// Each prints one line of JSON; exit 1 if a record was missed, doubled, out of order or refused.
#include <qalam/client.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Options {
  std::string mode;
  std::string address;
  std::string topic;
  int readers = 100;
  int stalled = 1;
  int records = 0;
  int rate = 10'000;
  int seconds = 60;
};

constexpr int kReadersPerConnection = 10;

Options Parse(int argc, char** argv) {
  Options options;
  if (argc >= 4) options.mode = argv[1];
  if (options.mode != "read" && options.mode != "produce") {
    std::fprintf(stderr,
                 "usage: tail_fanout read ADDRESS TOPIC [--readers N] [--stalled N] --records N\n"
                 "       tail_fanout produce ADDRESS TOPIC [--rate N] [--seconds N]\n");
    std::exit(2);
  }
  options.address = argv[2];
  options.topic = argv[3];
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const int value = std::atoi(argv[i + 1]);
    if (name == "--readers") options.readers = value;
    if (name == "--stalled") options.stalled = value;
    if (name == "--records") options.records = value;
    if (name == "--rate") options.rate = value;
    if (name == "--seconds") options.seconds = value;
  }
  return options;
}

// One tailing reader: counts what it saw and what was wrong with it.
class TailingReader {
 public:
  TailingReader(const qalam::Client& client, const Options& options, bool stalled)
      : reader_(client.NewReader({{options.topic, 0}}, qalam::From::Offset(0)).Value()),
        end_(options.records),
        stalled_(stalled) {}

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  // The stalled ones wait for this.
  void Stop() { stopped_.store(true); }
  void Join() { thread_.join(); }
  std::int64_t next() const { return expected_; }
  std::int64_t wrong() const { return wrong_; }

 private:
  void Run() {
    const auto deadline = Clock::now() + std::chrono::minutes(10);
    while (Clock::now() < deadline) {
      if (stalled_ ? stopped_.load() : expected_ >= end_) return;
      if (stalled_ && expected_ > 0) {
        std::this_thread::sleep_for(milliseconds(50));
        continue;
      }
      auto batch = reader_.Next(milliseconds(200));
      if (!batch.ok()) {
        std::fprintf(stderr, "reader: %s\n", batch.error().message().c_str());
        ++wrong_;
        return;
      }
      for (const qalam::RecordView& record : *batch) {
        if (record.offset() != expected_) ++wrong_;
        expected_ = record.offset() + 1;
      }
    }
    ++wrong_;
  }

  qalam::Reader reader_;
  std::int64_t expected_ = 0;
  const std::int64_t end_;
  const bool stalled_;
  std::int64_t wrong_ = 0;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

int Read(const Options& options) {
  std::vector<qalam::Client> clients;
  std::vector<std::unique_ptr<TailingReader>> readers;
  for (int i = 0; i < options.readers + options.stalled; ++i) {
    if (i % kReadersPerConnection == 0) {
      clients.push_back(qalam::Client::Connect(options.address).Value());
    }
    readers.push_back(
        std::make_unique<TailingReader>(clients.back(), options, i >= options.readers));
    readers.back()->Start();
  }
  std::printf("reading\n");
  std::fflush(stdout);
  std::int64_t wrong = 0, behind = 0;
  for (int i = 0; i < options.readers + options.stalled; ++i) {
    TailingReader& reader = *readers[static_cast<std::size_t>(i)];
    reader.Stop();
    reader.Join();
    wrong += reader.wrong();
    if (i < options.readers && reader.next() != options.records) ++behind;
  }
  std::printf("{\"readers\": %d, \"stalled\": %d, \"wrong\": %lld, \"behind\": %lld}\n",
              options.readers, options.stalled, static_cast<long long>(wrong),
              static_cast<long long>(behind));
  return wrong == 0 && behind == 0 ? 0 : 1;
}

struct Latencies {
  double p50 = 0, p99 = 0, max = 0;
};

Latencies Percentiles(std::vector<float>& ms) {
  if (ms.empty()) return {};
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double q) {
    return static_cast<double>(
        ms[std::min(ms.size() - 1, static_cast<std::size_t>(q * static_cast<double>(ms.size())))]);
  };
  return {at(0.5), at(0.99), static_cast<double>(ms.back())};
}

// Sends `seconds` x `rate` records, each when it is due; returns the latencies in ms, one a record.
std::vector<float> ProduceOpenLoop(const qalam::Client& client, const Options& options,
                                   std::int64_t* failed) {
  const std::int64_t total = std::int64_t{options.rate} * options.seconds;
  std::vector<float> latencies;
  latencies.reserve(static_cast<std::size_t>(total));
  const auto begun = Clock::now() + milliseconds(100);
  const auto due = [&](std::int64_t i) {
    return begun + std::chrono::nanoseconds(i * 1'000'000'000 / options.rate);
  };
  std::int64_t decided = 0;
  qalam::ProducerOptions producer_options;
  producer_options.linger = milliseconds(5);
  producer_options.on_batch = [&](const qalam::BatchReport& report) {
    for (std::int32_t i = 0; i < report.records_count; ++i, ++decided) {
      latencies.push_back(
          std::chrono::duration<float, std::milli>(report.decided_at - due(decided)).count());
    }
    if (!report.ok()) *failed += report.records_count;
  };
  qalam::Producer producer = client.NewProducer(producer_options);
  qalam::Sender sender = producer.SenderFor(options.topic, 0).Value();
  const std::string value(100, 'x');
  qalam::RecordRef record;
  record.value = value;
  for (std::int64_t i = 0; i < total;) {
    const auto now = Clock::now();
    if (now < due(i)) {
      std::this_thread::sleep_until(due(i) +
                                    milliseconds(1));  // A tick of a millisecond's records.
      continue;
    }
    sender.Send(record).Check();
    ++i;
  }
  producer.Close(std::chrono::seconds(30));
  return latencies;
}

int Produce(const Options& options) {
  const auto client = qalam::Client::Connect(options.address).Value();
  std::int64_t failed = 0;
  std::vector<float> latencies = ProduceOpenLoop(client, options, &failed);
  const Latencies ack = Percentiles(latencies);
  std::printf(
      "{\"rate\": %d, \"seconds\": %d, \"records\": %zu, \"failed\": %lld, "
      "\"ack_ms\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}}\n",
      options.rate, options.seconds, latencies.size(), static_cast<long long>(failed), ack.p50,
      ack.p99, ack.max);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  return options.mode == "read" ? Read(options) : Produce(options);
}
