#include "client/cli/bench_callers.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "client/cli/interrupt.h"

namespace qalam::cli {
namespace {

using CallerClock = std::chrono::steady_clock;

// The first error of all callers; ends them all. Thread: any.
class FirstError {
 public:
  void Set(const abi0::Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
    is_set_ = true;
  }
  bool is_set() const { return is_set_.load(std::memory_order_relaxed); }
  // Once no caller runs any more.
  const std::optional<abi0::Error>& error() const { return error_; }

 private:
  std::atomic<bool> is_set_{false};
  std::mutex mutex_;
  std::optional<abi0::Error> error_;
};

// One thread's records. Thread: the caller's own, until it has ended.
class Caller {
 public:
  Caller(const CallersOptions& options, abi0::Producer& producer, std::uint64_t records)
      : options_(options), producer_(producer), records_(records) {}

  void Run(FirstError& first_error, const std::function<void()>& acked) {
    std::string value(options_.size, 'x');
    for (std::uint64_t i = 0; i < records_ && !Interrupted() && !first_error.is_set(); ++i) {
      if (value.size() >= sizeof i) std::memcpy(value.data(), &i, sizeof i);
      const auto begun = CallerClock::now();
      abi0::Record record(options_.topic, std::nullopt, value);
      record.partition = options_.partition;
      const auto verdict = producer_.Send(std::move(record)).Get();
      const auto ended = CallerClock::now();
      if (!verdict.ok() || !verdict->ok())
        return first_error.Set(verdict.ok() ? verdict->error() : verdict.error());
      ack_.Add(ended - begun);
      durability_ = verdict->durability;
      acked();
    }
  }

  const Histogram& ack() const { return ack_; }
  abi0::Durability durability() const { return durability_; }

 private:
  const CallersOptions& options_;
  abi0::Producer& producer_;
  const std::uint64_t records_;
  Histogram ack_;
  abi0::Durability durability_ = abi0::Durability::kUnknown;
};

}  // namespace

std::uint64_t ShareOf(std::uint64_t records, std::uint64_t caller, std::uint64_t callers) {
  return records / callers + (caller < records % callers ? 1 : 0);
}

abi0::Result<CallersResult> RunCallers(const Session& session, const CallersOptions& options,
                                       const std::function<void()>& acked) {
  std::vector<abi0::Client> clients;
  std::deque<abi0::Producer> producers;
  for (int i = 0; i < options.connections && !Interrupted(); ++i) {
    auto client = session.Connect();
    if (!client.ok()) return client.error();
    producers.push_back(client->NewProducer(options.producer));
    clients.push_back(*std::move(client));
  }
  const std::size_t callers_count = producers.size() * static_cast<std::size_t>(options.callers);
  std::deque<Caller> callers;
  FirstError first_error;
  std::vector<std::thread> threads;
  const auto begun = CallerClock::now();
  for (std::size_t i = 0; i < callers_count; ++i) {
    callers.emplace_back(options, producers[i % producers.size()],
                         ShareOf(options.records, i, callers_count));
    threads.emplace_back([&, &caller = callers.back()] { caller.Run(first_error, acked); });
  }
  for (std::thread& thread : threads) thread.join();
  CallersResult result;
  result.seconds = std::chrono::duration<double>(CallerClock::now() - begun).count();
  if (first_error.error()) return *first_error.error();
  for (const Caller& caller : callers) {
    result.ack.Merge(caller.ack());
    if (caller.durability() != abi0::Durability::kUnknown) result.durability = caller.durability();
  }
  return result;
}

}  // namespace qalam::cli
