// Many readers at the tail of one partition while a producer writes at a fixed rate, open loop.
//   tail_fanout ADDRESS TOPIC --readers 100 --rate 10000 --seconds 60 --stalled 1
// Every reader must see every record once and in order (a stalled one excepted: it stops reading
// after its first batch). Latency of an acknowledgement counts from when the record was due, not
// from when it was sent. Prints one line of JSON; exit 1 if a record was missed, doubled or out of
// order.
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
  std::string address;
  std::string topic;
  int readers = 100;
  int stalled = 1;
  int rate = 10'000;
  int seconds = 60;
  int clients = 10;
};

Options Parse(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(
        stderr,
        "usage: tail_fanout ADDRESS TOPIC [--readers N] [--stalled N] [--rate N] [--seconds N]\n");
    std::exit(2);
  }
  Options options;
  options.address = argv[1];
  options.topic = argv[2];
  for (int i = 3; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const int value = std::atoi(argv[i + 1]);
    if (name == "--readers") options.readers = value;
    if (name == "--stalled") options.stalled = value;
    if (name == "--rate") options.rate = value;
    if (name == "--seconds") options.seconds = value;
  }
  return options;
}

// One tailing reader: counts what it saw and what was wrong with it.
class TailingReader {
 public:
  TailingReader(const qalam::Client& client, const Options& options, std::int64_t from,
                bool stalled)
      : reader_(client.NewReader({{options.topic, 0}}, qalam::From::Offset(from)).Value()),
        expected_(from),
        stalled_(stalled) {}

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void StopAt(std::int64_t end) { end_.store(end); }
  void Join() {
    reader_.Wakeup();
    thread_.join();
  }
  std::int64_t next() const { return expected_; }
  std::int64_t wrong() const { return wrong_; }

 private:
  void Run() {
    const auto deadline = Clock::now() + std::chrono::minutes(10);
    while (Clock::now() < deadline) {
      const std::int64_t end = end_.load();
      if (end >= 0 && (stalled_ || expected_ >= end)) return;
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
  std::int64_t expected_;
  const bool stalled_;
  std::int64_t wrong_ = 0;
  std::atomic<std::int64_t> end_{-1};
  std::thread thread_;
};

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

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  std::vector<qalam::Client> clients;
  for (int i = 0; i <= options.clients; ++i)
    clients.push_back(qalam::Client::Connect(options.address).Value());
  const qalam::Client& producing = clients.back();

  std::int64_t failed = 0;
  std::vector<float> warm_up;
  Options brief = options;
  brief.seconds = 2;
  warm_up = ProduceOpenLoop(producing, brief, &failed);
  const std::int64_t from = std::int64_t{brief.rate} * brief.seconds;

  std::vector<std::unique_ptr<TailingReader>> readers;
  for (int i = 0; i < options.readers + options.stalled; ++i) {
    readers.push_back(
        std::make_unique<TailingReader>(clients[static_cast<std::size_t>(i % options.clients)],
                                        options, from, i >= options.readers));
    readers.back()->Start();
  }
  std::vector<float> latencies = ProduceOpenLoop(producing, options, &failed);
  const std::int64_t end = from + std::int64_t{options.rate} * options.seconds;
  for (auto& reader : readers) reader->StopAt(end);
  std::int64_t wrong = 0, behind = 0;
  for (int i = 0; i < options.readers + options.stalled; ++i) {
    TailingReader& reader = *readers[static_cast<std::size_t>(i)];
    reader.Join();
    wrong += reader.wrong();
    if (i < options.readers && reader.next() != end) ++behind;
  }
  const Latencies ack = Percentiles(latencies);
  std::printf(
      "{\"readers\": %d, \"stalled\": %d, \"rate\": %d, \"seconds\": %d, \"records\": %zu, "
      "\"failed\": %lld, "
      "\"wrong\": %lld, \"behind\": %lld, \"ack_ms\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": "
      "%.3f}}\n",
      options.readers, options.stalled, options.rate, options.seconds, latencies.size(),
      static_cast<long long>(failed), static_cast<long long>(wrong), static_cast<long long>(behind),
      ack.p50, ack.p99, ack.max);
  return failed == 0 && wrong == 0 && behind == 0 ? 0 : 1;
}
