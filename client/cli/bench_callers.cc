#include "client/cli/bench_callers.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "client/cli/interrupt.h"

namespace qalam::cli {
namespace {

using CallerClock = std::chrono::steady_clock;

// What all callers share. Thread: any.
class Loop {
 public:
  Loop(const CallersOptions& wanted, const std::function<void()>& told)
      : options(wanted), acked(told) {}

  void SetError(const abi0::Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    has_error_ = true;
  }
  bool ended() const { return Interrupted() || has_error_.load(std::memory_order_relaxed); }
  // Once no caller runs any more.
  const std::optional<abi0::Error>& error() const { return error_; }

  const CallersOptions& options;
  const std::function<void()>& acked;

 private:
  std::atomic<bool> has_error_{false};
  std::mutex mutex_;
  std::optional<abi0::Error> error_;
};

// One record after the other. Thread: one at a time.
class Caller {
 public:
  Caller(Loop& loop, abi0::Producer& producer, std::uint64_t records)
      : loop_(loop), producer_(producer), records_(records), value_(loop.options.size, 'x') {}

  // On this thread, to the end.
  void Run() {
    while (more()) {
      const auto verdict = producer_.Send(NextRecord()).Get();
      if (!verdict.ok()) return loop_.SetError(verdict.error());
      if (!Take(*verdict)) return;
    }
  }
  // The first by this thread, each further one by the callback of the one before. `done` is
  // called after the last.
  void SendByCallback(const std::function<void()>& done) {
    if (!more()) return done();
    const auto status =
        producer_.Send(NextRecord(), [this, &done](const abi0::DeliveryReport& verdict) {
          if (!Take(verdict)) return done();
          SendByCallback(done);
        });
    if (status.ok()) return;
    loop_.SetError(status.error());
    done();
  }

  const Histogram& ack() const { return ack_; }
  abi0::Durability durability() const { return durability_; }

 private:
  bool more() const { return number_ < records_ && !loop_.ended(); }
  abi0::Record NextRecord() {
    if (value_.size() >= sizeof number_) std::memcpy(value_.data(), &number_, sizeof number_);
    ++number_;
    abi0::Record record(loop_.options.topic, std::nullopt, value_);
    record.partition = loop_.options.partition;
    begun_ = CallerClock::now();
    return record;
  }
  bool Take(const abi0::DeliveryReport& verdict) {
    const auto took = CallerClock::now() - begun_;
    if (!verdict.ok()) {
      loop_.SetError(verdict.error());
      return false;
    }
    ack_.Add(took);
    durability_ = verdict.durability;
    loop_.acked();
    return true;
  }

  Loop& loop_;
  abi0::Producer& producer_;
  const std::uint64_t records_;
  std::string value_;
  std::uint64_t number_ = 0;
  CallerClock::time_point begun_{};
  Histogram ack_;
  abi0::Durability durability_ = abi0::Durability::kUnknown;
};

void RunThreads(std::deque<Caller>& callers) {
  std::vector<std::thread> threads;
  for (Caller& caller : callers) threads.emplace_back([&caller] { caller.Run(); });
  for (std::thread& thread : threads) thread.join();
}

void RunCallbacks(std::deque<Caller>& callers) {
  std::latch done(static_cast<std::ptrdiff_t>(callers.size()));
  const std::function<void()> count_down = [&done] { done.count_down(); };
  for (Caller& caller : callers) caller.SendByCallback(count_down);
  done.wait();
}

}  // namespace

std::uint64_t ShareOf(std::uint64_t records, std::uint64_t caller, std::uint64_t callers) {
  return records / callers + (caller < records % callers ? 1 : 0);
}

abi0::Result<CallersResult> RunCallers(const Session& session, const CallersOptions& options,
                                       const std::function<void()>& acked) {
  abi0::ProducerOptions producer_options = options.producer;
  if (options.by_callbacks) {
    producer_options.callback_executor = AtOnce;
    producer_options.on_full = abi0::FullPolicy::kFail;
  }
  std::vector<abi0::Client> clients;
  std::deque<abi0::Producer> producers;
  for (int i = 0; i < options.connections && !Interrupted(); ++i) {
    auto client = session.Connect();
    if (!client.ok()) return client.error();
    producers.push_back(client->NewProducer(producer_options));
    clients.push_back(*std::move(client));
  }
  const std::size_t callers_count = producers.size() * static_cast<std::size_t>(options.callers);
  std::deque<Caller> callers;
  Loop loop(options, acked);
  for (std::size_t i = 0; i < callers_count; ++i) {
    callers.emplace_back(loop, producers[i % producers.size()],
                         ShareOf(options.records, i, callers_count));
  }
  const auto begun = CallerClock::now();
  if (options.by_callbacks) {
    RunCallbacks(callers);
  } else {
    RunThreads(callers);
  }
  CallersResult result;
  result.seconds = std::chrono::duration<double>(CallerClock::now() - begun).count();
  producers.clear();  // No callback runs any more.
  if (loop.error()) return *loop.error();
  for (const Caller& caller : callers) {
    result.ack.Merge(caller.ack());
    if (caller.durability() != abi0::Durability::kUnknown) result.durability = caller.durability();
  }
  return result;
}

}  // namespace qalam::cli
