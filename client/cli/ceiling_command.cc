#include "client/cli/ceiling_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/ceiling_directory.h"
#include "client/cli/ceiling_load.h"
#include "client/cli/ceiling_server.h"
#include "client/cli/interrupt.h"
#include "client/cli/produce_options.h"
#include "common/units.h"

namespace qalam::cli {
namespace {

// What all connections together may have under way: both processes hold it in memory.
constexpr std::size_t kUnderWayBytesMax = std::size_t{1} << 30;
constexpr int kConnectionsMax = 256;
constexpr int kInFlightMax = 4096;
constexpr std::int64_t kSizeMax = std::int64_t{1} << 20;
constexpr double kSecondsMax = 600;
constexpr std::int64_t kSpaceBytesMin = std::int64_t{1} << 30;

struct CeilingOptions {
  std::string directory;  // Empty: the current one.
  std::string write = "best";
  std::string ack = "fsync";
  std::size_t size = 100;
  std::string batch;
  std::size_t in_flight = 64;
  int connections = 1;
  double seconds = 4;
  std::string space;
};

abi0::Result<CeilingPlan> PlanOf(const Session& session, const CeilingOptions& options) {
  CeilingPlan plan;
  const auto ack = ParseCeilingAck(options.ack);
  if (!ack) return BadUsage("--ack " + options.ack + ": choose fsync or write");
  plan.ack = *ack;
  abi0::ProducerOptions producer = session.producer;
  ProducerFlags flags;
  if (!options.batch.empty()) flags.batch = options.batch;
  if (const auto status = flags.Apply(producer); !status.ok()) return status.error();
  plan.batch = producer.batch_bytes;
  plan.size = options.size;
  plan.in_flight = options.in_flight;
  plan.connections = options.connections;
  plan.time = std::chrono::milliseconds(static_cast<std::int64_t>(options.seconds * 1e3));
  if (!options.space.empty()) {
    const auto bytes = ParseSizeBytes(options.space);
    if (!bytes.ok() || *bytes < kSpaceBytesMin)
      return BadUsage("--space " + options.space + ": not a size from 1GiB on");
    plan.space_bytes = static_cast<std::uint64_t>(*bytes);
  }
  const std::size_t batch_bytes_most = std::max(plan.batch, plan.size);
  if (batch_bytes_most >
      kUnderWayBytesMax / plan.in_flight / static_cast<std::size_t>(plan.connections)) {
    return BadUsage(fmt::format(
        "{} connections with {} batches of {} under way each: at most {} "
        "in all",
        plan.connections, plan.in_flight, FormatSize(static_cast<std::int64_t>(batch_bytes_most)),
        FormatSize(static_cast<std::int64_t>(kUnderWayBytesMax))));
  }
  return plan;
}

// "best": all that write.
abi0::Result<std::vector<CeilingWay>> WaysOf(const std::string& text) {
  std::vector<CeilingWay> ways;
  for (const CeilingWay way : kCeilingWays) {
    if (text == "best" ? way != CeilingWay::kNone : text == CeilingWayName(way))
      ways.push_back(way);
  }
  if (ways.empty()) {
    return BadUsage("--write " + text +
                    ": choose best, direct, zeroed, buffered, writeback or none");
  }
  return ways;
}

abi0::Result<CeilingReport> MeasureWay(const CeilingPlan& plan, const std::string& parent) {
  if (plan.way == CeilingWay::kNone) return MeasureCeiling(plan, "");
  const auto directory = CeilingDirectory::Make(parent);
  if (!directory.ok()) return directory.error();
  return MeasureCeiling(plan, directory->path());
}

int BenchCeiling(const Session& session, const CeilingOptions& options) {
  auto plan = PlanOf(session, options);
  if (!plan.ok()) return session.Fail(plan.error());
  const auto ways = WaysOf(options.write);
  if (!ways.ok()) return session.Fail(ways.error());
  const std::string parent = options.directory.empty() ? "." : options.directory;
  if (plan->ack == CeilingAck::kFsync && ways->front() != CeilingWay::kNone) {
    if (const auto status = CheckOnDisk(parent); !status.ok()) return session.Fail(status.error());
  }
  const GracefulStop stop;
  std::optional<CeilingReport> best;
  for (const CeilingWay way : *ways) {
    plan->way = way;
    auto report = MeasureWay(*plan, parent);
    if (Interrupted()) return static_cast<int>(Exit::kInterrupted);
    if (!report.ok() && report.error().Is("INVALID_ARGUMENT") && ways->size() > 1) {
      std::fprintf(stderr, "%s: left out: %s\n", std::string(CeilingWayName(way)).c_str(),
                   report.error().message().c_str());
      continue;
    }
    if (!report.ok()) return session.Fail(report.error());
    PrintCeilingReport(*report, session.format, false);
    if (!best || report->records_per_second() > best->records_per_second())
      best = *std::move(report);
  }
  if (ways->size() > 1 && best) PrintCeilingReport(*best, session.format, true);
  return static_cast<int>(Exit::kOk);
}

// The server's side, which a parent starts: `qalam __ceiling WAY ACK DIRECTORY SPACE`.
void AddCeilingServer(CLI::App& root, const Session& session, Action& chosen) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* const hidden = root.add_subcommand("__ceiling", "")->group("");
  hidden->add_option("words", *words)->expected(4);
  hidden->callback([&session, &chosen, words] {
    chosen = [&session, words] {
      const auto way = ParseCeilingWay((*words)[0]);
      const auto ack = ParseCeilingAck((*words)[1]);
      const auto space = ParseInteger((*words)[3]);
      if (!way || !ack || !space.ok()) return session.Usage("__ceiling: WAY ACK DIRECTORY SPACE");
      return RunCeilingServer({*way, *ack, (*words)[2], static_cast<std::uint64_t>(*space)});
    };
  });
}

}  // namespace

void AddCeiling(CLI::App& root, CLI::App& bench, Session& session, Action& chosen) {
  const auto options = std::make_shared<CeilingOptions>();
  CLI::App& verb = *AddVerb(
      bench, "ceiling",
      "what this machine gives to any broker of this shape: gRPC, one writer, write and sync, "
      "nothing else",
      {"qalam bench ceiling", "qalam bench ceiling /var/lib/qalam --size 1024 -o json",
       "qalam bench ceiling --write direct --in-flight 1", "qalam bench ceiling --ack write",
       "qalam bench ceiling --write none --connections 64 --in-flight 1 --batch 200"},
      chosen, [&session, options] { return BenchCeiling(session, *options); });
  verb.add_option("directory", options->directory,
                  "where to write; all is removed at the end (default: the current directory)");
  verb.add_option("--write", options->write,
                  "direct, zeroed (ahead, meanwhile), buffered, writeback (buffered, started "
                  "early), none (the transport alone), or best (default): the first four in turn, "
                  "then the best of them again");
  verb.add_option("--ack", options->ack,
                  "what an acknowledgement waits for: fsync (default) or write");
  verb.add_option("--size", options->size, "bytes of a value (default 100)")
      ->check(CLI::Range(std::int64_t{1}, kSizeMax));
  verb.add_option("--batch", options->batch, "size of a full batch (default 256KiB)");
  verb.add_option("--in-flight", options->in_flight,
                  "batches under way per connection (default 64)")
      ->check(CLI::Range(1, kInFlightMax));
  verb.add_option("--connections", options->connections, "connections (default 1)")
      ->check(CLI::Range(1, kConnectionsMax));
  verb.add_option("--seconds", options->seconds,
                  "how long each way is measured, after half a second to warm up (default 4)")
      ->check(CLI::Range(0.1, kSecondsMax));
  verb.add_option("--space", options->space,
                  "what the files may take (default 1GiB); the oldest go while it measures, which "
                  "takes some of the disk's time, so give it more for a fast disk");
  AddCeilingServer(root, session, chosen);
}

}  // namespace qalam::cli
