#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/qa/load/history_file.h"
#include "tests/qa/load/producing.h"
#include "tests/qa/load/reading.h"

namespace qalam::qa {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUsage =
    "usage: qalam-qa-load run|readback OPTION=VALUE...\n"
    "\n"
    "Clients of one broker, made with the client library, that note what they do and see in a\n"
    "history (tests/qa/README.md). qalam-qa starts it.\n"
    "  run       idempotent producers and tailing readers, until the standard input ends; then "
    "waits\n"
    "            for every verdict. Prints its counts 50 times a second.\n"
    "  readback  reads every partition of the topic once, from start to end.\n"
    "Options: broker=HOST:PORT topic=NAME history=FILE; run: name=PREFIX partitions=1 producers=4\n"
    "readers=2 value_bytes=100 rate=1000 (records per second and producer) records=N (of each\n"
    "producer; then it waits for the input's end) delivery_ms=120000; readback: way=client\n"
    "Exit codes: 0 done, 1 an error (said on stderr), 2 wrong usage.\n";

// OPTION=VALUE, each asked for once.
class Options {
 public:
  bool Add(std::string_view text) {
    const std::size_t at = text.find('=');
    if (at == std::string_view::npos) return false;
    return values_.emplace(text.substr(0, at), text.substr(at + 1)).second;
  }
  std::string Text(const std::string& name, const std::string& otherwise) {
    const auto at = values_.find(name);
    if (at == values_.end()) return otherwise;
    std::string value = at->second;
    values_.erase(at);
    return value;
  }
  std::int64_t Number(const std::string& name, std::int64_t otherwise) {
    return std::strtoll(Text(name, std::to_string(otherwise)).c_str(), nullptr, 10);
  }
  bool AllTaken() const { return values_.empty(); }

 private:
  std::map<std::string, std::string> values_;
};

struct Common {
  std::string broker;
  std::string topic;
  std::string history;
};

int Fail(const std::string& what) {
  fmt::print(stderr, "qalam-qa-load: {}\n", what);
  return 1;
}

void Print(const std::vector<std::unique_ptr<ProducingCounts>>& producers, std::int64_t read) {
  ProducingCounts sum;
  for (const auto& one : producers) {
    sum.sent += one->sent;
    sum.acked += one->acked;
    sum.duplicates += one->duplicates;
    sum.refused += one->refused;
    sum.unknown += one->unknown;
  }
  fmt::print(R"({{"sent":{},"acked":{},"duplicates":{},"refused":{},"unknown":{},"read":{}}})"
             "\n",
             sum.sent, sum.acked, sum.duplicates, sum.refused, sum.unknown, read);
  std::fflush(stdout);
}

int Run(const Common& common, Options& options) {
  ProducingOptions producing;
  producing.topic = common.topic;
  producing.partitions_count = static_cast<std::int32_t>(options.Number("partitions", 1));
  producing.value_bytes = static_cast<std::size_t>(options.Number("value_bytes", 100));
  producing.records_per_second = options.Number("rate", 1000);
  producing.records_max = options.Number("records", INT64_MAX);
  producing.delivery_timeout = std::chrono::milliseconds(options.Number("delivery_ms", 120'000));
  const std::string name = options.Text("name", "p");
  const std::int64_t producers_count = options.Number("producers", 4);
  const std::int64_t readers_count = options.Number("readers", 2);
  if (!options.AllTaken()) return fmt::print(stderr, "{}", kUsage), 2;

  const auto client = qalam::Client::Connect(common.broker);
  if (!client.ok()) return Fail(client.error().what());
  const auto history = HistoryFile::Open(common.history);
  if (!history) return Fail("can't write " + common.history);
  std::atomic<bool> stop{false};
  std::atomic<bool> produced{false};
  std::atomic<bool> ended{false};
  std::atomic<std::int64_t> read{0};
  std::vector<std::unique_ptr<ProducingCounts>> counts;
  std::vector<std::thread> producers;
  std::vector<std::thread> readers;
  for (std::int64_t i = 0; i < producers_count; ++i) {
    counts.push_back(std::make_unique<ProducingCounts>());
    producing.name = fmt::format("{}{}", name, i);
    producers.emplace_back([&, producing, &own = *counts.back()] {
      Produce(*client, producing, stop, *history, own);
    });
  }
  for (std::int64_t i = 0; i < readers_count; ++i) {
    readers.emplace_back([&, i] {
      Tail(*client, {common.topic, fmt::format("{}r{}", name, i)}, produced, *history, read);
    });
  }
  std::thread printer([&] {
    while (!ended) {
      Print(counts, read);
      std::this_thread::sleep_for(20ms);
    }
  });
  while (std::getchar() != EOF) {
  }
  stop = true;
  for (std::thread& thread : producers) thread.join();
  produced = true;
  for (std::thread& thread : readers) thread.join();
  ended = true;
  printer.join();
  history->Flush();
  Print(counts, read);
  return 0;
}

int ReadBackOnce(const Common& common, Options& options) {
  const std::string way = options.Text("way", "client");
  if (!options.AllTaken()) return fmt::print(stderr, "{}", kUsage), 2;
  const auto client = qalam::Client::Connect(common.broker);
  if (!client.ok()) return Fail(client.error().what());
  const auto history = HistoryFile::Open(common.history);
  if (!history) return Fail("can't write " + common.history);
  const auto records = ReadBack(*client, common.topic, way, *history);
  if (!records.ok()) return Fail(records.error().what());
  history->Flush();
  fmt::print("{{\"read\":{}}}\n", *records);
  return 0;
}

int Main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  Options options;
  for (int i = 2; i < argc; ++i) {
    if (!options.Add(argv[i])) return fmt::print(stderr, "{}", kUsage), 2;
  }
  const Common common = {options.Text("broker", ""), options.Text("topic", ""),
                         options.Text("history", "")};
  if (common.broker.empty() || common.topic.empty() || common.history.empty()) {
    return fmt::print(stderr, "{}", kUsage), 2;
  }
  if (verb == "run") return Run(common, options);
  if (verb == "readback") return ReadBackOnce(common, options);
  return fmt::print(stderr, "{}", kUsage), 2;
}

}  // namespace
}  // namespace qalam::qa

int main(int argc, char** argv) { return qalam::qa::Main(argc, argv); }
