#include "client/cli/ceiling_load.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "client/ceiling/load_stream.h"
#include "client/cli/ceiling_child.h"
#include "client/cli/progress.h"

namespace qalam::cli {
namespace {

using LoadClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kWarmUp(500);
constexpr std::chrono::milliseconds kFirstAckTimeout(30'000);
constexpr std::chrono::milliseconds kDrainTimeout(30'000);
constexpr std::chrono::milliseconds kWatchStep(10);

std::chrono::nanoseconds OwnCpu() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// What one connection counts. Thread: `acked` any; `times` the connection's callback, and the owner
// once that is drained.
struct Tally {
  std::atomic<std::uint64_t> acked{0};
  Histogram times;
};

// All connections of one measurement. Thread: its owner.
class Load {
 public:
  Load(const CeilingPlan& plan, const std::string& address)
      : tallies_(static_cast<std::size_t>(plan.connections)) {
    LoadOptions options;
    options.value_bytes = plan.size;
    options.batch_bytes = plan.batch;
    options.in_flight = plan.in_flight;
    for (Tally& tally : tallies_) {
      streams_.push_back(LoadStream::Start(
          address, options, [this, &tally](std::uint64_t count, std::chrono::nanoseconds took) {
            tally.acked.fetch_add(count, std::memory_order_relaxed);
            if (measuring_.load(std::memory_order_relaxed)) tally.times.Add(took, count);
          }));
    }
  }

  bool AllBegan() const {
    return std::all_of(tallies_.begin(), tallies_.end(),
                       [](const Tally& tally) { return tally.acked.load() > 0; });
  }
  std::uint64_t acked() const {
    std::uint64_t count = 0;
    for (const Tally& tally : tallies_) count += tally.acked.load(std::memory_order_relaxed);
    return count;
  }
  void SetMeasuring(bool measuring) { measuring_ = measuring; }
  Status Drain() {
    for (const auto& stream : streams_) QALAM_RETURN_IF_ERROR(stream->Drain(kDrainTimeout));
    return OkStatus();
  }
  // After Drain.
  Histogram times() const {
    Histogram all;
    for (const Tally& tally : tallies_) all.Merge(tally.times);
    return all;
  }

 private:
  std::atomic<bool> measuring_{false};
  std::deque<Tally> tallies_;
  std::vector<std::unique_ptr<LoadStream>> streams_;  // Goes first: it calls into the above.
};

abi0::Status WatchUntil(CeilingChild& child, LoadClock::time_point end) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - LoadClock::now());
    if (left.count() <= 0) return {};
    if (auto status = child.Watch(left); !status.ok()) return status;
  }
}

abi0::Status WarmUp(CeilingChild& child, const Load& load) {
  const auto end = LoadClock::now() + kFirstAckTimeout;
  while (!load.AllBegan()) {
    if (LoadClock::now() >= end)
      return abi0::Error("TIMED_OUT", "a connection had no acknowledgement for half a minute");
    if (auto status = child.Watch(kWatchStep); !status.ok()) return status;
  }
  return WatchUntil(child, LoadClock::now() + kWarmUp);
}

}  // namespace

abi0::Result<CeilingReport> MeasureCeiling(const CeilingPlan& plan, const std::string& directory) {
  CeilingServerOptions server{plan.way, plan.ack, directory, plan.space_bytes};
  const auto started = CeilingChild::Start(server);
  if (!started.ok()) return started.error();
  CeilingChild& child = **started;
  Load load(plan, child.address());
  if (const auto status = WarmUp(child, load); !status.ok()) return status.error();

  CeilingReport report;
  report.way = plan.way;
  report.ack = plan.ack;
  report.size = plan.size;
  report.batch = plan.batch;
  report.in_flight = plan.in_flight;
  report.connections = plan.connections;
  {
    const auto begun = LoadClock::now();
    const auto server_cpu = child.cpu();
    const auto client_cpu = OwnCpu();
    const std::uint64_t acked = load.acked();
    load.SetMeasuring(true);
    const Progress progress(::isatty(STDERR_FILENO) != 0, [&] {
      return fmt::format("{}: {} records", CeilingWayName(plan.way),
                         HumanNumber(load.acked() - acked));
    });
    if (const auto status = WatchUntil(child, begun + plan.time); !status.ok())
      return status.error();
    load.SetMeasuring(false);
    report.records = load.acked() - acked;
    report.seconds = std::chrono::duration<double>(LoadClock::now() - begun).count();
    report.server_cpu = child.cpu() - server_cpu;
    report.client_cpu = OwnCpu() - client_cpu;
  }
  if (const auto status = load.Drain(); !status.ok()) {
    // The server knows better why.
    if (const auto why = child.Watch(kWatchStep); !why.ok()) return why.error();
    return abi0::Error(std::string(ErrorWord(status.error().code())), status.error().message());
  }
  report.ack_times = load.times();
  return report;
}

}  // namespace qalam::cli
