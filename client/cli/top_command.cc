#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "client/cli/interrupt.h"
#include "client/cli/terminal.h"
#include "client/cli/time_point.h"
#include "client/cli/top_json.h"
#include "client/cli/top_screen.h"
#include "client/cli/top_source.h"
#include "client/cli/verbs.h"
#include "common/units.h"

namespace qalam::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIntervalLeast(100);
constexpr std::size_t kRowsOfBatches = 20;

struct TopOptions {
  std::string topic;
  std::string interval = "1s";
  std::string sort = "bytes";
  std::optional<std::int64_t> samples;  // -n
  std::optional<std::int64_t> rows;
  bool once = false;
};

// Reads samples on a thread of its own, so that keys are answered while a broker is not.
class TopPoller {
 public:
  TopPoller(const Session& session, milliseconds interval)
      : source_(session), interval_(interval), thread_([this] { Run(); }) {}
  ~TopPoller() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  TopPoller(const TopPoller&) = delete;
  TopPoller& operator=(const TopPoller&) = delete;

  // The newest sample, once.
  std::optional<TopSample> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(sample_, std::nullopt);
  }

 private:
  void Run() {
    auto next = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (!stop_) {
      lock.unlock();
      TopSample sample = source_.Read();
      lock.lock();
      sample_ = std::move(sample);
      Terminal::Wake();
      next = std::max(next + interval_, std::chrono::steady_clock::now());
      changed_.wait_until(lock, next, [this] { return stop_; });
    }
  }

  TopSource source_;
  const milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::optional<TopSample> sample_;
  std::thread thread_;
};

std::string WhomWeAsk(const Session& session) {
  return session.directory.empty() ? session.bootstrap : session.directory;
}

int Live(const Session& session, TopView view, milliseconds interval) {
  const GracefulStop stop([] { Terminal::Wake(); });
  TopPoller poller(session, interval);
  Terminal terminal;  // Gone before the poller, which may have to wait for a broker.
  const bool color = HasColor(STDOUT_FILENO);
  TopSample shown;
  shown.asked_ms = NowMs();
  std::size_t page = 1;
  while (!Interrupted()) {
    // What comes during a pause is dropped.
    if (auto sample = poller.Take(); sample && !view.paused) shown = *std::move(sample);
    const Terminal::Size size = Terminal::size();
    terminal.Draw(TopScreen(shown, view, WhomWeAsk(session), size.width, size.height, color, page));
    const auto key = terminal.WaitForKey(interval);
    if (key && view.OnKey(*key, page) == TopView::Outcome::kQuit) return 0;
  }
  return static_cast<int>(Exit::kInterrupted);
}

void PrintSample(const TopSample& sample, const TopView& view, const std::string& from,
                 std::size_t rows) {
  const auto print = [](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) std::printf("%s\n", line.c_str());
  };
  print(TopSummary(sample, from));
  if (!sample.rates || sample.away) return;
  print(TopWriters(*sample.rates));
  print(TopPartitions(sample, view, rows));
}

// For pipes: so many samples, one below the other.
int Batches(const Session& session, const TopView& view, milliseconds interval,
            std::optional<std::int64_t> samples, std::optional<std::size_t> rows_wanted) {
  const std::size_t rows = rows_wanted.value_or(session.json() ? SIZE_MAX : kRowsOfBatches);
  std::mutex mutex;
  std::condition_variable interrupted;
  const GracefulStop stop([&] {
    const std::lock_guard lock(mutex);
    interrupted.notify_one();
  });
  TopSource source(session);
  auto next = std::chrono::steady_clock::now();
  // The first reading has nothing to be compared with.
  const TopSample first = source.Read();
  if (first.away) return session.Fail(*first.away);
  for (std::int64_t taken = 0; !samples || taken < *samples; ++taken) {
    next += interval;
    {
      std::unique_lock lock(mutex);
      interrupted.wait_until(lock, next, [] { return Interrupted(); });
    }
    if (Interrupted()) return static_cast<int>(Exit::kInterrupted);
    next = std::max(next, std::chrono::steady_clock::now() - interval);
    const TopSample sample = source.Read();
    if (session.json()) {
      PrintJson(TopJson(sample, view, rows));
    } else {
      if (taken > 0) std::printf("\n");
      PrintSample(sample, view, WhomWeAsk(session), rows);
    }
    if (!FlushOutput()) return session.Fail(OutputError());
    const bool is_last = samples && taken + 1 == *samples;
    if (is_last && sample.away) return session.Fail(*sample.away);
  }
  return 0;
}

int Top(const Session& session, const TopOptions& options) {
  const auto interval_ms = ParseDurationMs(options.interval);
  if (!interval_ms.ok() || *interval_ms < kIntervalLeast.count() || *interval_ms > 3'600'000) {
    return session.Usage("--interval " + options.interval +
                         ": a duration from 100ms to 1h, such as 1s");
  }
  const milliseconds interval(*interval_ms);
  const auto sort = ParseTopSort(options.sort);
  if (!sort) {
    std::string names;
    for (const TopSortName& each : TopSorts()) {
      names += (names.empty() ? "" : ", ") + std::string(each.name);
    }
    return session.Usage("--sort " + options.sort + ": choose one of " + names);
  }
  TopView view;
  view.sort = *sort;
  view.filter = options.topic;
  const bool live = !options.once && !options.samples && !options.rows &&
                    session.format == Format::kTable && IsTerminal(STDOUT_FILENO);
  if (live) return Live(session, view, interval);
  if (session.format != Format::kTable && !session.json()) {
    return session.Usage("top prints tables, or JSON with -o json");
  }
  const auto samples = options.once ? std::optional<std::int64_t>(1) : options.samples;
  const auto rows = options.rows ? std::optional<std::size_t>(*options.rows) : std::nullopt;
  return Batches(session, view, interval, samples, rows);
}

}  // namespace

void AddTop(CLI::App& root, Session& session, Action& chosen) {
  const auto options = std::make_shared<TopOptions>();
  auto* verb = AddVerb(root, "top", "rates, writer threads and busiest partitions, live",
                       {"qalam top", "qalam top orders --sort size", "qalam top --once -o json",
                        "qalam top -n 10 --interval 5s --rows 5"},
                       chosen, [&session, options] { return Top(session, *options); });
  verb->add_option("topic", options->topic, "only topics that have this in their name");
  verb->add_option("--interval", options->interval, "between two samples (default 1s)");
  verb->add_option("--sort", options->sort,
                   "name, records, bytes (default), out, size, refused, writer, epoch or high; a "
                   "key while it runs, twice to turn it round");
  auto* const once = verb->add_flag("--once", options->once, "one sample, for a pipe");
  verb->add_option("-n,--samples", options->samples,
                   "so many samples below one another, as into a pipe; -o json: a line each")
      ->check(AtLeast(1))
      ->excludes(once);
  verb->add_option("--rows", options->rows,
                   "partitions of a sample that is printed (default 20; -o json: all)")
      ->check(AtLeast(0));
}

}  // namespace qalam::cli
