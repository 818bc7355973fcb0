#include "client/cli/top_screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/cli/output.h"
#include "client/cli/text.h"
#include "common/printable.h"

namespace qalam::cli {
namespace {

constexpr double kMillisecond = 1e-3;

std::string Milliseconds(double seconds) {
  const double ms = seconds / kMillisecond;
  if (ms == 0) return "-";
  return ms < 10 ? fmt::format("{:.2f}", ms) : fmt::format("{:.0f}", ms);
}

// The beginning of `line` that takes `width` columns; UTF-8 continuation bytes take none.
std::string Cut(const std::string& line, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(line[i]) & 0xc0) != 0x80;
    if (begins && columns++ == width) return line.substr(0, i);
  }
  return line;
}

// Columns two spaces apart; the first `texts` are left-aligned, the others right-aligned.
std::vector<std::string> Aligned(const std::vector<std::vector<std::string>>& rows,
                                 std::size_t texts) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - row[c].size(), ' ');
      line += (c > 0 ? "  " : "") + (c < texts ? row[c] + padding : padding + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string UpFor(std::int64_t ms) {
  const std::int64_t seconds = std::max<std::int64_t>(ms / 1000, 0);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds / 3600 % 24);
}

std::string Head(const TopSample& sample, const std::string& from) {
  std::string line = "qalam top  " + from;
  if (sample.cluster && !sample.cluster->brokers.empty()) {
    const abi0::BrokerInfo& broker = sample.cluster->brokers.front();
    line += fmt::format("  broker {}  {}  up {}", broker.id, Printable(broker.version),
                        UpFor(sample.asked_ms - broker.started_ms));
  }
  return line + "  " + FormatTime("%H:%M:%SZ", sample.asked_ms);
}

std::string Flow(const TotalRates& totals) {
  return fmt::format("in {} records/s  {}/s   out {}/s   refused {}/s   duplicates {}/s",
                     ShortNumber(totals.records_in), ShortBytes(totals.bytes_in),
                     ShortBytes(totals.bytes_out), ShortNumber(totals.refused),
                     ShortNumber(totals.duplicates));
}

std::string Resources(const BrokerRates& rates) {
  return fmt::format("sync p50 {} p99 {} ms   memory {}   disk free {}   logs {}",
                     Milliseconds(rates.totals.sync_seconds.Quantile(0.5)),
                     Milliseconds(rates.totals.sync_seconds.Quantile(0.99)),
                     ShortBytes(static_cast<double>(rates.now.resident_bytes)),
                     ShortBytes(static_cast<double>(rates.now.disk_free_bytes)),
                     ShortBytes(static_cast<double>(rates.totals.log_bytes)));
}

std::string Counts(const TopSample& sample) {
  std::string line;
  if (sample.rates) {
    line = fmt::format("{}   {} offline   {}   {}",
                       Counted(sample.rates->totals.partitions, "partition"),
                       sample.rates->totals.offline, Counted(sample.streams, "stream"),
                       Counted(sample.rates->now.parked_readers, "waiting reader"));
  }
  if (sample.cluster && sample.cluster->problems.empty()) line += "   no problems";
  return line;
}

std::string Footer(const TopView& view, std::size_t shown, std::size_t all) {
  if (view.editing) return "topics with: " + view.filter + "_   Enter keeps it, Esc clears it";
  std::string line = "q quit  / filter  p pause  sort:";
  for (const TopSortName& each : TopSorts()) {
    const bool chosen = each.sort == view.sort;
    line += fmt::format(" {}{} {}{}", chosen ? "[" : "", each.key, each.name, chosen ? "]" : "");
  }
  if (all > shown) line += fmt::format("  {} to {} of {}", view.first + 1, view.first + shown, all);
  return line;
}

}  // namespace

std::string ShortNumber(double number) {
  constexpr const char* kUnits[] = {"", "k", "M", "G", "T"};
  std::size_t unit = 0;
  while (number >= 999.5 && unit + 1 < std::size(kUnits)) {
    number /= 1000;
    ++unit;
  }
  const bool whole = number >= 99.95 || (unit == 0 && number == static_cast<int>(number));
  return whole ? fmt::format("{:.0f}{}", number, kUnits[unit])
               : fmt::format("{:.1f}{}", number, kUnits[unit]);
}

std::string ShortBytes(double bytes) { return HumanBytes(static_cast<std::int64_t>(bytes)); }

std::vector<std::string> TopSummary(const TopSample& sample, const std::string& from) {
  std::vector<std::string> lines = {Head(sample, from)};
  if (sample.away) {
    lines.push_back("broker away since " + FormatTime("%H:%M:%SZ", sample.away_since_ms) + ": " +
                    Printable(sample.away->code() + ": " + sample.away->message()) +
                    "; trying again");
  }
  if (!sample.rates) {
    if (!sample.away) lines.emplace_back("measuring ...");
    return lines;
  }
  lines.push_back(Flow(sample.rates->totals));
  lines.push_back(Resources(*sample.rates));
  lines.push_back(Counts(sample));
  if (sample.cluster) {
    for (const std::string& problem : sample.cluster->problems) {
      lines.push_back("problem: " + Printable(problem));
    }
  }
  return lines;
}

std::vector<std::string> TopWriters(const BrokerRates& rates) {
  std::vector<std::vector<std::string>> rows = {
      {"WRITER", "QUEUE", "GROUPS/s", "BATCHES/GROUP", "BYTES/GROUP", "WRITE ms p50", "p99",
       "SYNC ms p50", "p99", "max", "REFUSED/s", "PARTITIONS"}};
  for (const WriterRates& writer : rates.writers) {
    rows.push_back(
        {std::to_string(writer.number), std::to_string(writer.queue_depth),
         ShortNumber(writer.groups), ShortNumber(writer.batches_per_group),
         ShortBytes(writer.bytes_per_group), Milliseconds(writer.write_seconds.Quantile(0.5)),
         Milliseconds(writer.write_seconds.Quantile(0.99)),
         Milliseconds(writer.sync_seconds.Quantile(0.5)),
         Milliseconds(writer.sync_seconds.Quantile(0.99)), Milliseconds(writer.sync_seconds.Max()),
         ShortNumber(writer.refused), std::to_string(writer.partitions)});
  }
  return Aligned(rows, 1);
}

std::vector<std::string> TopPartitions(const TopSample& sample, const TopView& view,
                                       std::size_t rows_max) {
  std::vector<std::vector<std::string>> rows = {{"TOPIC", "PART", "RECORDS/s", "IN/s", "OUT/s",
                                                 "REFUSED/s", "SIZE", "START", "HIGH", "EPOCH",
                                                 "LEADER", "WRITER", "STATUS"}};
  const auto chosen = view.Select(sample.rates->partitions);
  for (std::size_t i = view.first; i < chosen.size() && rows.size() <= rows_max; ++i) {
    const PartitionRates& each = *chosen[i];
    const abi0::PartitionFigures& now = each.now;
    rows.push_back(
        {Printable(now.topic), std::to_string(now.partition), ShortNumber(each.records_in),
         ShortBytes(each.bytes_in), ShortBytes(each.bytes_out), ShortNumber(each.refused),
         ShortBytes(static_cast<double>(now.size_bytes)), HumanNumber(now.log_start_offset),
         HumanNumber(now.high_watermark), std::to_string(now.leader_epoch),
         now.leader < 0 ? "-" : std::to_string(now.leader), std::to_string(now.writer_thread),
         Printable(now.status)});
  }
  return Aligned(rows, 1);
}

std::vector<std::string> TopScreen(const TopSample& sample, TopView& view, const std::string& from,
                                   std::size_t width, std::size_t height, bool color,
                                   std::size_t& page) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& line, const char* style) {
    if (lines.size() >= height) return;
    const std::string cut = Cut(line, width);
    lines.push_back(color && *style != '\0' ? fmt::format("\x1b[{}m{}\x1b[0m", style, cut) : cut);
  };
  const std::string head = view.paused ? " (paused)" : "";
  bool first = true;
  for (const std::string& line : TopSummary(sample, from)) {
    const bool bad = line.compare(0, 11, "broker away") == 0 || line.compare(0, 8, "problem:") == 0;
    add(first ? line + head : line, first ? "1" : bad ? "1;31" : "");
    first = false;
  }
  page = 1;
  if (!sample.rates) return lines;
  const auto writers = TopWriters(*sample.rates);
  // Many writers must not push the partitions off the screen.
  const std::size_t shown_writers = std::min(writers.size(), std::max<std::size_t>(height / 3, 2));
  for (std::size_t i = 0; i < shown_writers; ++i) add(writers[i], i == 0 ? "7" : "");
  if (lines.size() + 2 >= height) return lines;
  page = height - lines.size() - 2;  // The head of the table, and the last line.
  const std::size_t all = view.Select(sample.rates->partitions).size();
  view.first = std::min(view.first, all > page ? all - page : 0);
  const auto partitions = TopPartitions(sample, view, page);
  for (std::size_t i = 0; i < partitions.size(); ++i) add(partitions[i], i == 0 ? "7" : "");
  while (lines.size() + 1 < height) lines.emplace_back();
  add(Footer(view, partitions.size() - 1, all), "2");
  return lines;
}

}  // namespace qalam::cli
