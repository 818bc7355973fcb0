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

// The same fields for every verb, in this order; then what only some have.
void PrintJsonLine(const BenchReport& report) {
  nlohmann::ordered_json line = {
      {"records", report.records},          {"seconds", report.seconds},
      {"records_per_s", PerSecond(report)}, {"mb_per_s", MegabytesPerSecond(report)},
      {"ack_ms", LatencyJson(report.ack)},  {"durability", nullptr}};
  if (!report.durability.empty()) line["durability"] = report.durability;
  if (report.e2e) line["e2e_ms"] = LatencyJson(report.e2e);
  line["verb"] = report.verb;
  if (report.size > 0) line["size"] = report.size;
  line["connections"] = report.connections;
  if (report.callers) line["callers"] = *report.callers;
  PrintJson(line);
}

// What the verb is about.
const Histogram* LatencyOf(const BenchReport& report) {
  return report.e2e ? &*report.e2e : report.ack ? &*report.ack : nullptr;
}

void PrintCsv(const BenchReport& report) {
  std::string latency = ",,,";
  if (const Histogram* const found = LatencyOf(report)) {
    latency = fmt::format("{:.3f},{:.3f},{:.3f},{:.3f}", found->Quantile(0.5),
                          found->Quantile(0.99), found->Quantile(0.999), found->Max());
  }
  const std::string text = fmt::format(
      "verb,records,seconds,records_per_s,mb_per_s,p50_ms,p99_ms,p999_ms,max_ms,durability\n"
      "{},{},{:.6f},{:.0f},{:.3f},{},{}\n",
      report.verb, report.records, report.seconds, PerSecond(report), MegabytesPerSecond(report),
      latency, report.durability);
  std::fputs(text.c_str(), stdout);
}

}  // namespace

nlohmann::ordered_json LatencyJson(const std::optional<Histogram>& latency) {
  nlohmann::ordered_json json = {
      {"p50", nullptr}, {"p99", nullptr}, {"p999", nullptr}, {"max", nullptr}};
  if (!latency || latency->count() == 0) return json;
  json["p50"] = latency->Quantile(0.5);
  json["p99"] = latency->Quantile(0.99);
  json["p999"] = latency->Quantile(0.999);
  json["max"] = latency->Max();
  return json;
}

void PrintBenchReport(const BenchReport& report, Format format, bool csv) {
  if (csv) {
    PrintCsv(report);
    return;
  }
  if (format == Format::kJson || format == Format::kNdjson) {
    PrintJsonLine(report);
    return;
  }
  std::string text = fmt::format("{}: {}", report.verb, Counted(report.records, "record"));
  if (report.size > 0) text += fmt::format(" of {} B", report.size);
  text += fmt::format(" in {:.2f} s: {} records/s, {:.1f} MB/s", report.seconds,
                      HumanNumber(static_cast<std::int64_t>(PerSecond(report))),
                      MegabytesPerSecond(report));
  if (const Histogram* const latency = LatencyOf(report)) {
    text += fmt::format("; {} p50 {:.2f}, p99 {:.2f}, p99.9 {:.2f}, max {:.2f}",
                        report.e2e ? "e2e_ms" : "ack_ms", latency->Quantile(0.5),
                        latency->Quantile(0.99), latency->Quantile(0.999), latency->Max());
  }
  if (!report.durability.empty()) text += "; acknowledged: " + report.durability;
  std::printf("%s\n", text.c_str());
}

}  // namespace qalam::cli
