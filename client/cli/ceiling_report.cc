#include "client/cli/ceiling_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>

#include "client/cli/bench_report.h"

namespace qalam::cli {
namespace {

double MicrosecondsPerRecord(std::chrono::nanoseconds time, std::uint64_t records) {
  if (records == 0) return 0;
  return static_cast<double>(time.count()) / 1e3 / static_cast<double>(records);
}

}  // namespace

void PrintCeilingReport(const CeilingReport& report, Format format, bool best) {
  const double megabytes = report.records_per_second() * static_cast<double>(report.size) / 1e6;
  const double server_us = MicrosecondsPerRecord(report.server_cpu, report.records);
  const double client_us = MicrosecondsPerRecord(report.client_cpu, report.records);
  const std::string way(CeilingWayName(report.way));
  const std::string durability(CeilingDurability(report.way, report.ack));
  if (format == Format::kJson || format == Format::kNdjson) {
    PrintJson({{"way", way},
               {"records", report.records},
               {"seconds", report.seconds},
               {"records_per_s", report.records_per_second()},
               {"mb_per_s", megabytes},
               {"ack_ms", LatencyJson(report.ack_times)},
               {"durability", durability},
               {"server_cpu_us_per_record", server_us},
               {"client_cpu_us_per_record", client_us},
               {"size", report.size},
               {"batch", report.batch},
               {"in_flight", report.in_flight},
               {"connections", report.connections},
               {"best", best}});
    FlushOutput();
    return;
  }
  const std::string text = fmt::format(
      "{}{}: {} of {} B in {:.2f} s: {} records/s, {:.1f} MB/s; ack_ms p50 {:.2f}, p99 {:.2f}, "
      "p99.9 {:.2f}, max {:.2f}; cpu_us/record server {:.3f}, client {:.3f}; acknowledged: {}\n",
      best ? "best: " : "", way, Counted(report.records, "record"), report.size, report.seconds,
      HumanNumber(static_cast<std::int64_t>(report.records_per_second())), megabytes,
      report.ack_times.Quantile(0.5), report.ack_times.Quantile(0.99),
      report.ack_times.Quantile(0.999), report.ack_times.Max(), server_us, client_us, durability);
  std::fputs(text.c_str(), stdout);
  FlushOutput();
}

}  // namespace qalam::cli
