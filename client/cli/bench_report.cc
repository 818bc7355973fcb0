#include "client/cli/bench_report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>

namespace qalam::cli {
namespace {

double PerSecond(const BenchReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.records) / report.seconds : 0;
}
double MegabytesPerSecond(const BenchReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.bytes) / report.seconds / 1e6 : 0;
}

void PrintJsonLine(const BenchReport& report) {
  nlohmann::ordered_json line = {{"records", report.records},
                                 {"seconds", report.seconds},
                                 {"records_per_s", PerSecond(report)},
                                 {"mb_per_s", MegabytesPerSecond(report)}};
  if (!report.latency_name.empty()) {
    line[report.latency_name] = {{"p50", report.latency.Quantile(0.5)},
                                 {"p99", report.latency.Quantile(0.99)},
                                 {"p999", report.latency.Quantile(0.999)},
                                 {"max", report.latency.Max()}};
  }
  if (!report.durability.empty()) line["durability"] = report.durability;
  line["verb"] = report.verb;
  if (report.size > 0) line["size"] = report.size;
  line["connections"] = report.connections;
  PrintJson(line);
}

void PrintCsv(const BenchReport& report) {
  const std::string text = fmt::format(
      "verb,records,seconds,records_per_s,mb_per_s,p50_ms,p99_ms,p999_ms,max_ms,durability\n"
      "{},{},{:.6f},{:.0f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{}\n",
      report.verb, report.records, report.seconds, PerSecond(report), MegabytesPerSecond(report),
      report.latency.Quantile(0.5), report.latency.Quantile(0.99), report.latency.Quantile(0.999),
      report.latency.Max(), report.durability);
  std::fputs(text.c_str(), stdout);
}

}  // namespace

void PrintBenchReport(const BenchReport& report, Format format, bool csv) {
  if (csv) {
    PrintCsv(report);
    return;
  }
  if (format == Format::kJson || format == Format::kNdjson) {
    PrintJsonLine(report);
    return;
  }
  std::string text = fmt::format("{}: {} records", report.verb, HumanNumber(report.records));
  if (report.size > 0) text += fmt::format(" of {} B", report.size);
  text += fmt::format(" in {:.2f} s: {} records/s, {:.1f} MB/s", report.seconds,
                      HumanNumber(static_cast<std::int64_t>(PerSecond(report))),
                      MegabytesPerSecond(report));
  if (!report.latency_name.empty()) {
    text +=
        fmt::format("; {} p50 {:.2f}, p99 {:.2f}, p99.9 {:.2f}, max {:.2f}", report.latency_name,
                    report.latency.Quantile(0.5), report.latency.Quantile(0.99),
                    report.latency.Quantile(0.999), report.latency.Max());
  }
  if (!report.durability.empty()) text += "; acknowledged: " + report.durability;
  std::printf("%s\n", text.c_str());
}

}  // namespace qalam::cli
