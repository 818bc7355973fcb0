#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "client/cli/bench_callers.h"
#include "client/cli/bench_report.h"
#include "client/cli/ceiling_command.h"
#include "client/cli/interrupt.h"
#include "client/cli/pacer.h"
#include "client/cli/produce_options.h"
#include "client/cli/progress.h"
#include "client/cli/verbs.h"

namespace qalam::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  std::string topic;
  std::int64_t records = 1'000'000;
  std::size_t size = 100;
  int connections = 1;
  std::optional<int> callers;  // Absent: one thread per connection, which does not wait.
  bool by_callbacks = false;
  std::optional<std::size_t> in_flight;
  std::string rate;
  std::optional<std::int32_t> partition;
  bool csv = false;
  ProducerFlags producer;
};

constexpr std::chrono::seconds kCloseTimeout(60);
constexpr int kCallersMax = 10'000;  // Threads of one process.

// "1 200 000 of 5 000 000, 900 000/s" on a terminal, while it lives.
class Counter {
 public:
  explicit Counter(std::int64_t total)
      : total_(total), progress_(IsTerminal(STDERR_FILENO), [this] { return Line(); }) {}
  void Add(std::uint64_t count) { done_.fetch_add(count, std::memory_order_relaxed); }

 private:
  std::string Line() {
    const std::uint64_t now = done_.load(std::memory_order_relaxed);
    const std::uint64_t since = now - before_;
    before_ = now;
    return fmt::format("{} of {}, {}/s", HumanNumber(now), HumanNumber(total_),
                       HumanNumber(since * 4));
  }
  const std::int64_t total_;
  std::atomic<std::uint64_t> done_{0};
  std::uint64_t before_ = 0;  // Of progress_'s thread.
  Progress progress_;
};

// The records of one connection. Latency counts from when a record was due, with a rate, else from
// when its batch was handed to the connection.
class BenchProducer {
 public:
  BenchProducer(const Session& session, const BenchOptions& options, abi0::ProducerOptions producer,
                std::uint64_t records, double rate, Counter& counter)
      : session_(session),
        options_(options),
        producer_options_(std::move(producer)),
        records_(records),
        pacer_(rate),
        counter_(counter) {}

  void Run() {
    const auto client = session_.Connect();
    if (!client.ok()) return Fail(client.error());
    producer_options_.on_batch = [this](const abi0::BatchReport& report) { Take(report); };
    // Where time counts, without another change of thread; in bulk it is better elsewhere.
    if (pacer_.limited()) producer_options_.callback_executor = AtOnce;
    abi0::Producer producer = client->NewProducer(producer_options_);
    auto sender = producer.SenderFor(options_.topic, options_.partition);
    if (!sender.ok()) return Fail(sender.error());
    std::string value(options_.size, 'x');
    abi0::RecordRef record;
    record.value = value;
    for (std::uint64_t i = 0; i < records_ && !Interrupted() && !failed_;) {
      if (pacer_.TooEarly(i)) continue;
      // Neighbours differ, so that compression has something to do.
      if (value.size() >= sizeof i) std::memcpy(value.data(), &i, sizeof i);
      if (const auto status = sender->Send(record); !status.ok()) {
        Fail(status.error());
        break;
      }
      ++i;
    }
    if (!producer.Close(kCloseTimeout).clean() && !Interrupted())
      Fail(abi0::Error("TIMED_OUT", "not every record was acknowledged in time"));
  }

  // After Run. The first error, if there was one.
  std::optional<abi0::Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  const Pacer& pacer() const { return pacer_; }
  const Histogram& latency() const { return latency_; }
  abi0::Durability durability() const { return durability_; }

 private:
  void Take(const abi0::BatchReport& report) {
    const auto count = static_cast<std::uint64_t>(report.records_count);
    if (!report.ok()) return Fail(report.error());
    const std::lock_guard lock(mutex_);  // Partitions are answered by different threads.
    if (pacer_.limited()) {
      for (std::uint64_t i = 0; i < count; ++i)
        latency_.Add(report.decided_at - pacer_.Due(decided_ + i));
    } else {
      latency_.Add(report.decided_at - report.sent_at, count);
    }
    decided_ += count;
    durability_ = report.durability;
    counter_.Add(count);
  }
  void Fail(const abi0::Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    failed_ = true;
  }

  const Session& session_;
  const BenchOptions& options_;
  abi0::ProducerOptions producer_options_;
  const std::uint64_t records_;
  const Pacer pacer_;
  Counter& counter_;
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::optional<abi0::Error> error_;
  Histogram latency_;  // With the lock, until Run has returned; so the next two.
  std::uint64_t decided_ = 0;
  abi0::Durability durability_ = abi0::Durability::kUnknown;
};

abi0::Result<abi0::ProducerOptions> ProducerOptionsOf(const Session& session,
                                                      const BenchOptions& options) {
  abi0::ProducerOptions producer = session.producer;
  if (const auto status = options.producer.Apply(producer); !status.ok()) return status.error();
  if (options.in_flight) producer.in_flight_max = *options.in_flight;
  producer.on_full = abi0::FullPolicy::kBlock;
  producer.buffer_bytes =
      std::max(producer.buffer_bytes, producer.batch_bytes * (producer.in_flight_max + 8));
  return producer;
}

abi0::Result<double> RateOf(const std::string& text) {
  return text.empty() ? abi0::Result<double>(0.0) : ParseRate(text);
}

abi0::Status CheckForm(const Session& session, const BenchOptions& options) {
  if (options.csv && session.json()) return BadUsage("--csv and -o json: choose one");
  return {};
}

int Conclude(const Session& session, const BenchOptions& options, const BenchReport& report) {
  PrintBenchReport(report, session.format, options.csv);
  return static_cast<int>(Interrupted() ? Exit::kInterrupted : Exit::kOk);
}

// Every record is waited for by the thread that sent it.
int BenchCallers(const Session& session, const BenchOptions& options,
                 const abi0::ProducerOptions& producer) {
  CallersOptions callers;
  callers.topic = options.topic;
  callers.partition = options.partition;
  callers.size = options.size;
  callers.records = static_cast<std::uint64_t>(options.records);
  callers.connections = options.connections;
  callers.callers = *options.callers;
  callers.by_callbacks = options.by_callbacks;
  callers.producer = producer;
  const GracefulStop stop;
  const auto result = [&] {
    Counter counter(options.records);
    return RunCallers(session, callers, [&counter] { counter.Add(1); });
  }();
  if (!result.ok()) return session.Fail(result.error());
  BenchReport report;
  report.verb = "produce";
  report.seconds = result->seconds;
  report.ack = result->ack;
  report.size = options.size;
  report.connections = options.connections;
  report.callers = options.callers;
  report.records = result->ack.count();
  report.bytes = report.records * options.size;
  if (result->durability != abi0::Durability::kUnknown)
    report.durability = abi0::DurabilityName(result->durability);
  return Conclude(session, options, report);
}

abi0::Status CheckCallers(const BenchOptions& options) {
  if (!options.callers && options.by_callbacks)
    return BadUsage("--by-callbacks says how --callers send; give both");
  if (!options.callers) return {};
  if (!options.rate.empty())
    return BadUsage("--callers and --rate: choose one; a caller waits for its acknowledgement");
  if (*options.callers > kCallersMax / options.connections) {
    return BadUsage(fmt::format("{} connections with {} callers each: at most {} callers in all",
                                options.connections, *options.callers, kCallersMax));
  }
  return {};
}

int BenchProduce(const Session& session, const BenchOptions& options) {
  if (const auto status = CheckForm(session, options); !status.ok())
    return session.Fail(status.error());
  if (const auto status = CheckCallers(options); !status.ok()) return session.Fail(status.error());
  const auto rate = RateOf(options.rate);
  if (!rate.ok()) return session.Fail(rate.error());
  const auto producer_options = ProducerOptionsOf(session, options);
  if (!producer_options.ok()) return session.Fail(producer_options.error());
  {
    const auto client = session.Connect();
    if (!client.ok()) return session.Fail(client.error());
    const auto topic = client->PartitionsOf(options.topic);
    if (!topic.ok()) return session.Fail(topic.error());
  }
  if (options.callers) return BenchCallers(session, options, *producer_options);
  const GracefulStop stop;
  const auto connections = static_cast<std::uint64_t>(options.connections);
  const auto records = static_cast<std::uint64_t>(options.records);
  std::vector<std::unique_ptr<BenchProducer>> producers;
  BenchReport report;
  const auto begun = Clock::now();
  {
    Counter counter(options.records);
    std::vector<std::thread> threads;
    for (std::uint64_t c = 0; c < connections; ++c) {
      producers.push_back(std::make_unique<BenchProducer>(session, options, *producer_options,
                                                          ShareOf(records, c, connections),
                                                          *rate / options.connections, counter));
      threads.emplace_back([&producer = *producers.back()] { producer.Run(); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  report.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  report.verb = "produce";
  report.ack.emplace();
  report.size = options.size;
  report.connections = options.connections;
  for (const auto& producer : producers) {
    if (const auto error = producer->error()) return session.Fail(*error);
    report.ack->Merge(producer->latency());
    if (producer->durability() != abi0::Durability::kUnknown)
      report.durability = abi0::DurabilityName(producer->durability());
  }
  report.records = report.ack->count();
  report.bytes = report.records * options.size;
  return Conclude(session, options, report);
}

int BenchConsume(const Session& session, const BenchOptions& options) {
  if (const auto status = CheckForm(session, options); !status.ok())
    return session.Fail(status.error());
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  auto partitions = client->PartitionsOf(options.topic);
  if (!partitions.ok()) return session.Fail(partitions.error());
  if (options.partition) *partitions = {{options.topic, *options.partition}};
  abi0::ReaderOptions reader_options = session.reader;
  reader_options.until = abi0::Until::End();
  BenchReport report;
  report.verb = "consume";
  const auto begun = Clock::now();
  auto reader = client->NewReader(*partitions, abi0::From::Start(), reader_options);
  if (!reader.ok()) return session.Fail(reader.error());
  const GracefulStop stop([&] { reader->Wakeup(); });
  {
    Counter counter(options.records);
    while (!Interrupted() && !reader->done() &&
           report.records < static_cast<std::uint64_t>(options.records)) {
      const auto batch = reader->Next(std::chrono::seconds(1));
      if (!batch.ok()) return session.Fail(batch.error());
      std::uint64_t taken = 0;
      for (const abi0::RecordView& record : *batch) {
        if (report.records + taken == static_cast<std::uint64_t>(options.records)) break;
        report.bytes += record.value() ? record.value()->size() : 0;
        ++taken;
      }
      report.records += taken;
      counter.Add(taken);
    }
  }
  report.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  return Conclude(session, options, report);
}

// Produces at a rate and tails in the same process: latency is from when a record was due until it
// was read.
int BenchE2e(const Session& session, const BenchOptions& options) {
  if (const auto status = CheckForm(session, options); !status.ok())
    return session.Fail(status.error());
  const auto rate = ParseRate(options.rate.empty() ? "20k/s" : options.rate);
  if (!rate.ok()) return session.Fail(rate.error());
  auto producer_options = ProducerOptionsOf(session, options);
  if (!producer_options.ok()) return session.Fail(producer_options.error());
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const std::int32_t partition = options.partition.value_or(0);
  const auto ends = client->admin().ListOffsets(options.topic, {{partition, abi0::From::End()}});
  if (!ends.ok()) return session.Fail(ends.error());
  if (!ends->front().status.ok()) return session.Fail(ends->front().status.error());
  const std::int64_t first = ends->front().offset;
  abi0::ReaderOptions reader_options = session.reader;
  reader_options.until = abi0::Until::Offset(first + options.records);
  auto reader =
      client->NewReader({{options.topic, partition}}, abi0::From::Offset(first), reader_options);
  if (!reader.ok()) return session.Fail(reader.error());

  BenchReport report;
  report.verb = "e2e";
  report.e2e.emplace();
  report.size = options.size;
  std::optional<abi0::Error> error;
  const GracefulStop stop([&] { reader->Wakeup(); });
  {
    Counter counter(options.records);
    BenchProducer producer(session, options, *producer_options,
                           static_cast<std::uint64_t>(options.records), *rate, counter);
    std::atomic<bool> sent{false};
    std::thread sending([&] {
      producer.Run();
      sent = true;
    });
    while (!Interrupted() && !reader->done() && !(sent && producer.error())) {
      const auto batch = reader->Next(std::chrono::seconds(1));
      if (!batch.ok()) {
        error = batch.error();
        break;
      }
      const auto now = Clock::now();
      for (const abi0::RecordView& record : *batch)
        report.e2e->Add(now -
                        producer.pacer().Due(static_cast<std::uint64_t>(record.offset() - first)));
      report.records += batch->size();
    }
    sending.join();
    if (!error) error = producer.error();
    report.ack = producer.latency();
    report.durability = abi0::DurabilityName(producer.durability());
    report.seconds = std::chrono::duration<double>(Clock::now() - producer.pacer().begun()).count();
  }
  if (error) return session.Fail(*error);
  report.bytes = report.records * options.size;
  return Conclude(session, options, report);
}

void AddCommon(CLI::App& verb, BenchOptions& options) {
  verb.add_option("topic", options.topic, "topic, which must exist")->required();
  verb.add_option("--records", options.records,
                  "how many (default " + std::to_string(options.records) + ")")
      ->check(AtLeast(1));
  verb.add_option("-p,--partition", options.partition, "only this partition")->check(AtLeast(0));
  verb.add_flag("--csv", options.csv, "a head and a line of CSV");
}

void AddProducing(CLI::App& verb, BenchOptions& options) {
  verb.add_option("--size", options.size, "bytes of a value (default 100)")->check(AtLeast(1));
  verb.add_option("--in-flight", options.in_flight, "batches under way per partition (default 64)")
      ->check(CLI::Range(1, 256));
  options.producer.AddTo(verb);
}

}  // namespace

void AddBench(CLI::App& root, Session& session, Action& chosen) {
  CLI::App& bench =
      *AddNoun(root, "bench", "produce, consume, e2e, ceiling",
               {"qalam bench produce bench --records 5000000 --size 100",
                "qalam bench consume bench --records 5000000",
                "qalam bench e2e bench --rate 20k/s --records 200000", "qalam bench ceiling"});

  const auto produce = std::make_shared<BenchOptions>();
  auto* verb = AddVerb(bench, "produce", "publish as quickly as possible, or at a rate, open loop",
                       {"qalam bench produce bench --records 5000000 --size 100",
                        "qalam bench produce bench --rate 20k/s --records 600000 --batch 16KiB",
                        "qalam bench produce bench --connections 4 --acks none -o json",
                        "qalam bench produce bench --callers 64 --records 500000",
                        "qalam bench produce bench --connections 64 --callers 1 --by-callbacks"},
                       chosen, [&session, produce] { return BenchProduce(session, *produce); });
  AddCommon(*verb, *produce);
  AddProducing(*verb, *produce);
  verb->add_option("--connections", produce->connections,
                   "producers, each with its own connection (default 1)")
      ->check(CLI::Range(1, 10'000));
  verb->add_option("--callers", produce->callers,
                   "threads per connection, each of which sends a record and waits for its "
                   "acknowledgement before the next")
      ->check(CLI::Range(1, kCallersMax));
  verb->add_flag("--by-callbacks", produce->by_callbacks,
                 "callers are no threads: the callback of a record's acknowledgement sends the "
                 "next");
  verb->add_option("--rate", produce->rate,
                   "records a second, all connections together; latency then counts from when a "
                   "record was due");

  const auto consume = std::make_shared<BenchOptions>();
  verb = AddVerb(bench, "consume", "read from the start to the end, or --records",
                 {"qalam bench consume bench", "qalam bench consume bench --records 1000000",
                  "qalam bench consume bench -o json"},
                 chosen, [&session, consume] { return BenchConsume(session, *consume); });
  AddCommon(*verb, *consume);
  verb->add_option("--size", consume->size,
                   "not needed; taken so that both verbs can be called alike")
      ->group("");

  const auto e2e = std::make_shared<BenchOptions>();
  e2e->records = 200'000;
  verb = AddVerb(bench, "e2e", "from producing to reading at the tail, in a partition of its own",
                 {"qalam bench e2e bench", "qalam bench e2e bench --rate 5k/s --records 50000",
                  "qalam bench e2e bench -o json"},
                 chosen, [&session, e2e] { return BenchE2e(session, *e2e); });
  AddCommon(*verb, *e2e);
  AddProducing(*verb, *e2e);
  verb->add_option("--rate", e2e->rate, "records a second (default 20k/s)");

  AddCeiling(root, bench, session, chosen);
}

}  // namespace qalam::cli
