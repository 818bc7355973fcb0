#include <fmt/format.h>

#include <algorithm>

#include "tests/qa/checker/checks.h"

namespace qalam::qa {
namespace {

// A reader takes the next offset, or jumps to where the log now starts.
void CheckStep(Evidence& evidence, const Read& before, const Read& read) {
  const std::int64_t expected = before.found.offset + 1;
  const std::int64_t offset = read.found.offset;
  if (offset == expected) return;
  Anomaly anomaly = Anomaly::kReaderBack;
  if (offset > expected) {
    if (offset <= evidence.StartAllowed(read.t_ns)) return;
    anomaly = Anomaly::kReaderGap;
  } else if (offset == before.found.offset) {
    anomaly = Anomaly::kReaderRepeat;
  }
  evidence.Report(
      anomaly,
      fmt::format("reader {} got offset {} after {}", read.reader, offset, before.found.offset),
      {before.found.line, read.found.line});
}

// Two reads of one offset, the one next after the other in time.
void CheckSame(Evidence& evidence, const Read& before, const Read& read) {
  if (before.found.SameContent(read.found)) return;
  const Lead* lead = nullptr;
  for (const Lead& each : evidence.history().leads) {
    if (before.t_ns < each.t_ns && each.t_ns < read.t_ns) lead = &each;
  }
  std::vector<std::size_t> lines = {before.found.line};
  if (lead != nullptr) lines.push_back(lead->line);
  lines.push_back(read.found.line);
  evidence.Report(lead == nullptr ? Anomaly::kTwoContents : Anomaly::kChangedAfterRestart,
                  fmt::format("offset {} had two contents", read.found.offset), std::move(lines));
}

}  // namespace

void CheckReaders(Evidence& evidence) {
  std::unordered_map<std::string_view, const Read*> by_reader;
  std::unordered_map<std::int64_t, const Read*> by_offset;
  for (const Read& read : evidence.history().reads) {
    if (const Read*& before = by_reader[read.reader]; before != nullptr) {
      CheckStep(evidence, *before, read);
    }
    by_reader[read.reader] = &read;
    if (const Read*& before = by_offset[read.found.offset]; before != nullptr) {
      CheckSame(evidence, *before, read);
    }
    by_offset[read.found.offset] = &read;
    if (read.found.offset >= read.high_watermark) {
      evidence.Report(Anomaly::kReadAboveWatermark,
                      fmt::format("offset {} was served at high watermark {}", read.found.offset,
                                  read.high_watermark),
                      {read.found.line});
    }
  }
}

}  // namespace qalam::qa
