// Kafka under load, through librdkafka: what scripts/bench compares with.
//   kafka_load MODE [--name value ...], a line of JSON at the end:
//   create   --partitions 1 --config flush.messages=1,...
//   delete
//   produce  --records N --size B --partitions P: as fast as it goes, in turn over the partitions
//   callers  --producers 64 --callers 1 --seconds 4: each sends one record and waits for its ack
//   rate     --rate R --records N --tick-us T: open loop, latency since the record was due; sends
//            what is due at most every T microseconds
//   consume  --records N: partition 0 from its start, to its end unless told
//   e2e      as rate, but from being due to being read at the tail
//   send     --records N: only the calls of produce(), not waiting for acknowledgements
//   iterate  --records N --fill-ms 2000: only the handing out of what had been fetched before
// All take --brokers and --topic. Those that produce take --batch, --linger, --in-flight, --queue,
// --codec and --acks, those that read --fetch, with the meaning that librdkafka gives them.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>

#include "tests/bench/peers/kafka_client.h"
#include "tests/bench/peers/load_flags.h"
#include "tests/bench/peers/load_report.h"

namespace qalam::bench {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

struct Target {
  std::string brokers;
  std::string topic;
};

Target TargetOf(LoadFlags& flags) {
  return {flags.Text("brokers", "127.0.0.1:19092"), flags.Text("topic", "bench")};
}

KafkaSettings ProducerSettings(LoadFlags& flags, const Target& target, const char* linger) {
  return {{"bootstrap.servers", target.brokers},
          {"acks", flags.Text("acks", "all")},
          {"linger.ms", flags.Text("linger", linger)},
          {"batch.size", flags.Text("batch", "1000000")},
          {"batch.num.messages", "1000000"},
          {"message.max.bytes", "1048576"},
          {"queue.buffering.max.messages", flags.Text("queue", "100000")},
          {"queue.buffering.max.kbytes", "2097151"},
          {"compression.codec", flags.Text("codec", "none")},
          {"socket.nagle.disable", "true"},
          {"max.in.flight", flags.Text("in-flight", "1000000")}};
}

KafkaSettings ConsumerSettings(LoadFlags& flags, const Target& target) {
  return {{"bootstrap.servers", target.brokers},
          {"group.id", "bench"},
          {"enable.auto.commit", "false"},
          {"fetch.wait.max.ms", "100"},
          {"fetch.message.max.bytes", flags.Text("fetch", "8388608")},
          {"fetch.max.bytes", "67108864"},
          {"queued.min.messages", "1000000"},
          {"queued.max.messages.kbytes", "524288"}};
}

// When record `i` of an open loop is due, and the waiting for it.
class Schedule {
 public:
  Schedule(std::int64_t per_second, microseconds tick)
      : step_(1e9 / static_cast<double>(per_second)), tick_(tick) {
    prctl(PR_SET_TIMERSLACK, 1'000);
  }
  Clock::time_point Due(std::uint64_t i) const {
    return begun_ + nanoseconds(static_cast<std::int64_t>(static_cast<double>(i) * step_));
  }
  // Not for less than a tick: waking up for each record costs more than it brings.
  void Await(std::uint64_t i) const {
    const auto now = Clock::now();
    if (now < Due(i)) std::this_thread::sleep_until(std::max(Due(i), now + tick_));
  }

 private:
  const double step_;
  const nanoseconds tick_;
  const Clock::time_point begun_ = Clock::now() + std::chrono::milliseconds(10);
};

void Send(KafkaProducer& producer, std::string& value, std::int32_t partition,
          std::uint64_t opaque) {
  while (!producer.TrySend(value, partition, opaque)) producer.Poll(1);
}

// The opaque numbers of these modes are points in time.
std::uint64_t Stamp(Clock::time_point time) {
  return static_cast<std::uint64_t>(duration_cast<nanoseconds>(time.time_since_epoch()).count());
}
nanoseconds Since(std::uint64_t stamp) {
  return Clock::now().time_since_epoch() - nanoseconds(stamp);
}

void Produce(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 1'000'000));
  const auto partitions = static_cast<std::uint64_t>(flags.Number("partitions", 1));
  std::string value(static_cast<std::size_t>(flags.Number("size", 100)), 'x');
  const KafkaSettings settings = ProducerSettings(flags, target, "5");
  flags.Check();
  Histogram ack;
  KafkaProducer producer(settings, target.topic,
                         [&](std::uint64_t stamp) { ack.Add(Since(stamp)); });
  LoadReport report{"produce", records, records * value.size()};
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < records; ++i) {
    Number(value, i);
    Send(producer, value, static_cast<std::int32_t>(i % partitions), Stamp(Clock::now()));
    if (i % 256 == 0) producer.Poll(0);
  }
  producer.AwaitAcks(records);
  watch.Finish(report);
  report.ack = &ack;
  report.Print();
}

// One thread that has one record under way at a time, on a producer that it may share.
class Caller {
 public:
  explicit Caller(KafkaProducer& producer, bool polls) : producer_(producer), polls_(polls) {}
  void Run(std::size_t size, Clock::time_point end) {
    std::string value(size, 'x');
    for (std::uint64_t i = 1; Clock::now() < end; ++i) {
      const auto begun = Clock::now();
      Number(value, i);
      Send(producer_, value, 0, reinterpret_cast<std::uint64_t>(this));
      Await(i);
      latency_.Add(Clock::now() - begun);
    }
  }
  void Acked() {
    acked_.fetch_add(1, std::memory_order_release);
    if (!polls_) acked_.notify_one();
  }
  const Histogram& latency() const { return latency_; }

 private:
  void Await(std::uint64_t count) {
    for (std::uint64_t now = acked_.load(std::memory_order_acquire); now < count;
         now = acked_.load(std::memory_order_acquire)) {
      if (polls_)
        producer_.Poll(100);
      else
        acked_.wait(now, std::memory_order_acquire);
    }
  }
  KafkaProducer& producer_;
  const bool polls_;
  std::atomic<std::uint64_t> acked_{0};
  Histogram latency_;
};

void Callers(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  const auto producers_count = flags.Number("producers", 64);
  const auto callers_count = flags.Number("callers", 1);
  const auto size = static_cast<std::size_t>(flags.Number("size", 100));
  const std::chrono::milliseconds duration(flags.Number("seconds", 4) * 1000);
  const KafkaSettings settings = ProducerSettings(flags, target, "0");
  flags.Check();
  std::vector<std::unique_ptr<KafkaProducer>> producers;
  std::vector<std::unique_ptr<Caller>> callers;
  for (std::int64_t p = 0; p < producers_count; ++p) {
    producers.push_back(std::make_unique<KafkaProducer>(
        settings, target.topic,
        [](std::uint64_t caller) { reinterpret_cast<Caller*>(caller)->Acked(); }));
    for (std::int64_t c = 0; c < callers_count; ++c)
      callers.push_back(std::make_unique<Caller>(*producers.back(), callers_count == 1));
  }
  std::atomic<bool> done{false};
  std::vector<std::thread> pollers;
  if (callers_count > 1) {
    for (const auto& producer : producers)
      pollers.emplace_back([&producer, &done] {
        while (!done) producer->Poll(100);
      });
  }
  LoadReport report{"callers"};
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (const auto& caller : callers)
    threads.emplace_back(
        [&caller, size, end = Clock::now() + duration] { caller->Run(size, end); });
  for (std::thread& thread : threads) thread.join();
  watch.Finish(report);
  done = true;
  for (std::thread& thread : pollers) thread.join();
  Histogram ack;
  for (const auto& caller : callers) ack.Merge(caller->latency());
  report.records = ack.count();
  report.bytes = ack.count() * size;
  report.ack = &ack;
  report.Print();
}

void Rate(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 200'000));
  const auto rate = flags.Number("rate", 20'000);
  const microseconds tick(flags.Number("tick-us", 250));
  std::string value(static_cast<std::size_t>(flags.Number("size", 100)), 'x');
  const KafkaSettings settings = ProducerSettings(flags, target, "0");
  flags.Check();
  Histogram ack;
  KafkaProducer producer(settings, target.topic,
                         [&](std::uint64_t stamp) { ack.Add(Since(stamp)); });
  std::thread polling([&] { producer.AwaitAcks(records); });
  LoadReport report{"rate", records, records * value.size()};
  const Stopwatch watch;
  const Schedule schedule(rate, tick);
  for (std::uint64_t i = 0; i < records; ++i) {
    schedule.Await(i);
    Number(value, i);
    while (!producer.TrySend(value, 0, Stamp(schedule.Due(i))))
      std::this_thread::sleep_for(microseconds(100));
  }
  polling.join();
  watch.Finish(report);
  report.ack = &ack;
  report.Print();
}

void Consume(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  auto records = static_cast<std::uint64_t>(flags.Number("records", 0));
  const KafkaSettings settings = ConsumerSettings(flags, target);
  flags.Check();
  KafkaConsumer consumer(settings, target.topic);
  const auto [first, end] = consumer.Offsets();
  if (records == 0) records = static_cast<std::uint64_t>(end - first);
  LoadReport report{"consume"};
  const Stopwatch watch;
  consumer.Start(first);
  while (report.records < records) {
    consumer.Take([&](const char*, std::size_t bytes) {
      ++report.records;
      report.bytes += bytes;
    });
  }
  watch.Finish(report);
  report.Print();
  _exit(0);  // Freeing what was fetched in advance is not part of it.
}

// How fast one thread takes records that the library holds already.
void Iterate(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 500'000));
  const std::chrono::milliseconds fill(flags.Number("fill-ms", 2000));
  const KafkaSettings settings = ConsumerSettings(flags, target);
  flags.Check();
  KafkaConsumer consumer(settings, target.topic);
  const double cpu_before = CpuSeconds();
  consumer.Start(consumer.Offsets().first);
  std::this_thread::sleep_for(fill);
  LoadReport report{"iterate"};
  const Stopwatch watch;
  while (report.records < records) {
    consumer.Take([&](const char*, std::size_t bytes) {
      ++report.records;
      report.bytes += bytes;
    });
  }
  watch.Finish(report);
  report.cpu_seconds = CpuSeconds() - cpu_before;  // That of receiving, too.
  report.Print();
  _exit(0);
}

void E2e(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 200'000));
  const auto rate = flags.Number("rate", 20'000);
  const microseconds tick(flags.Number("tick-us", 250));
  std::string value(static_cast<std::size_t>(flags.Number("size", 100)), 'x');
  const KafkaSettings producing = ProducerSettings(flags, target, "0");
  const KafkaSettings consuming = ConsumerSettings(flags, target);
  flags.Check();
  if (value.size() < sizeof(std::uint64_t)) Fail("--size is at least 8 here");
  KafkaConsumer consumer(consuming, target.topic);
  KafkaProducer producer(producing, target.topic, nullptr);
  consumer.Start(consumer.Offsets().second);
  // The first fetch is under way before the first record is.
  consumer.Take([](const char*, std::size_t) {});
  Histogram e2e;
  LoadReport report{"e2e", records, records * value.size()};
  const Stopwatch watch;
  const Schedule schedule(rate, tick);
  std::thread polling([&] { producer.AwaitAcks(records); });
  std::thread reading([&] {
    while (e2e.count() < records) {
      consumer.Take([&](const char* read, std::size_t) {
        std::uint64_t i = 0;
        std::memcpy(&i, read, sizeof i);
        e2e.Add(Clock::now() - schedule.Due(i));
      });
    }
  });
  for (std::uint64_t i = 0; i < records; ++i) {
    schedule.Await(i);
    Number(value, i);
    while (!producer.TrySend(value, 0, 0)) std::this_thread::sleep_for(microseconds(100));
  }
  polling.join();
  reading.join();
  watch.Finish(report);
  report.e2e = &e2e;
  report.Print();
}

// How fast one thread hands records over. The queue takes all of them, so it never has to wait.
void SendOnly(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  const auto records = static_cast<std::uint64_t>(flags.Number("records", 1'000'000));
  std::string value(static_cast<std::size_t>(flags.Number("size", 100)), 'x');
  KafkaSettings settings = ProducerSettings(flags, target, "5");
  flags.Check();
  settings.emplace_back("queue.buffering.max.messages", "0");
  KafkaProducer producer(settings, target.topic, nullptr);
  LoadReport report{"send", records, records * value.size()};
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < records; ++i) {
    Number(value, i);
    Send(producer, value, 0, 0);
  }
  watch.Finish(report);
  producer.AwaitAcks(records);
  report.Print();
}

void Create(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  const auto partitions = static_cast<int>(flags.Number("partitions", 1));
  std::istringstream listed(flags.Text("config", ""));
  flags.Check();
  KafkaSettings config;
  for (std::string setting; std::getline(listed, setting, ',');) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos) Fail("--config takes NAME=VALUE,...");
    config.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  CreateKafkaTopic(target.brokers, target.topic, partitions, config);
}

void Delete(LoadFlags& flags) {
  const Target target = TargetOf(flags);
  flags.Check();
  DeleteKafkaTopic(target.brokers, target.topic);
}

int Main(int argc, char** argv) {
  LoadFlags flags(argc, argv);
  const std::pair<const char*, void (*)(LoadFlags&)> modes[] = {
      {"create", Create},   {"delete", Delete}, {"produce", Produce},
      {"callers", Callers}, {"rate", Rate},     {"consume", Consume},
      {"e2e", E2e},         {"send", SendOnly}, {"iterate", Iterate}};
  for (const auto& [name, run] : modes) {
    if (flags.mode() != name) continue;
    run(flags);
    return 0;
  }
  std::fprintf(
      stderr,
      "kafka_load: modes are create delete produce callers rate consume e2e send iterate\n");
  return 2;
}

}  // namespace
}  // namespace qalam::bench

int main(int argc, char** argv) { return qalam::bench::Main(argc, argv); }
