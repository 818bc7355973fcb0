#include <fmt/format.h>

#include <algorithm>

#include "tests/qa/checker/checks.h"

namespace qalam::qa {
namespace {

// The first record found at each offset, by offset.
using Contents = std::map<std::int64_t, const Found*>;

Contents ContentsOf(const Readback& readback) {
  Contents contents;
  for (const Found& found : readback.found) contents.emplace(found.offset, &found);
  return contents;
}

const Found* At(const Contents& contents, std::int64_t offset) {
  const auto at = contents.find(offset);
  return at == contents.end() ? nullptr : at->second;
}

void CheckOffsets(Evidence& evidence, const Readback& readback, const Contents& contents) {
  for (std::size_t i = 0; i < readback.found.size(); ++i) {
    const Found& found = readback.found[i];
    if (found.offset < readback.log_start || found.offset >= readback.log_end) {
      evidence.Report(Anomaly::kOutsideBounds,
                      fmt::format("{}: offset {} is outside [{}, {})", readback.way, found.offset,
                                  readback.log_start, readback.log_end),
                      {readback.line, found.line});
    }
    if (i > 0 && found.offset <= readback.found[i - 1].offset) {
      evidence.Report(Anomaly::kOverlap,
                      fmt::format("{}: offset {} comes after {}", readback.way, found.offset,
                                  readback.found[i - 1].offset),
                      {readback.found[i - 1].line, found.line});
    }
  }
  std::int64_t expected = readback.log_start;
  const auto missing = [&](std::int64_t next) {
    if (next <= expected) return;
    evidence.Report(Anomaly::kGap,
                    fmt::format("{}: offsets [{}, {}) are missing", readback.way, expected, next),
                    {readback.line});
  };
  for (const auto& [offset, found] : contents) {
    missing(std::min(offset, readback.log_end));
    expected = std::max(expected, offset + 1);
  }
  missing(readback.log_end);
}

// Along the offsets neither leader epochs nor, within a producer, sequences sink; nor the times of
// append where they are said to ascend.
void CheckAscends(Evidence& evidence, const Readback& readback) {
  std::vector<const Found*> ordered;
  for (const Found& found : readback.found) ordered.push_back(&found);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Found* a, const Found* b) { return a->offset < b->offset; });
  struct Highest {
    std::int64_t value;
    std::size_t line;
  };
  std::optional<Highest> epoch;
  std::optional<Highest> append_ms;
  std::unordered_map<std::string_view, std::optional<Highest>> seqs;
  const auto step = [&](std::optional<Highest>& highest, Anomaly anomaly, const Found& found,
                        std::int64_t value) {
    if (highest && value < highest->value) {
      evidence.Report(anomaly,
                      fmt::format("{}: offset {} has {} after {}", readback.way, found.offset,
                                  value, highest->value),
                      {highest->line, found.line});
    } else {
      highest = {value, found.line};
    }
  };
  for (const Found* const found : ordered) {
    step(epoch, Anomaly::kLogEpochBack, *found, found->epoch);
    if (evidence.plan().append_time_ascends) {
      step(append_ms, Anomaly::kAppendTimeBack, *found, found->append_ms);
    }
    const Send* const send = evidence.FindSend(found->record);
    if (send == nullptr || !send->idempotent) continue;
    step(seqs[send->producer], Anomaly::kProducerOrder, *found, send->seq);
  }
}

// What a reader saw is still there, with the same content.
void CheckReadsKept(Evidence& evidence, const Readback& readback, const Contents& contents) {
  for (const Read& read : evidence.history().reads) {
    if (read.found.offset < readback.log_start) continue;
    const Found* const found = At(contents, read.found.offset);
    if (found == nullptr) {
      evidence.Report(
          Anomaly::kReadLost,
          fmt::format("offset {}, once read, is not in {}", read.found.offset, readback.way),
          {read.found.line, readback.line});
    } else if (!found->SameContent(read.found)) {
      evidence.Report(Anomaly::kReadRewritten,
                      fmt::format("offset {}, once read, has another content in {}",
                                  read.found.offset, readback.way),
                      {read.found.line, found->line});
    }
  }
}

void CheckAgree(Evidence& evidence, const Readback& a, const Contents& in_a, const Readback& b,
                const Contents& in_b) {
  if (a.log_end != b.log_end) {
    evidence.Report(Anomaly::kReadbacksDisagree,
                    fmt::format("{} ends at {}, {} at {}", a.way, a.log_end, b.way, b.log_end),
                    {a.line, b.line});
  }
  const std::int64_t start = std::max(a.log_start, b.log_start);
  const auto compare = [&](const Contents& from, const Contents& with, bool differences) {
    for (auto at = from.lower_bound(start); at != from.end(); ++at) {
      const Found* const other = At(with, at->first);
      if (other != nullptr && (!differences || at->second->SameContent(*other))) continue;
      std::vector<std::size_t> lines = {at->second->line};
      if (other != nullptr) lines.push_back(other->line);
      evidence.Report(Anomaly::kReadbacksDisagree,
                      fmt::format("{} and {} disagree at offset {}", a.way, b.way, at->first),
                      std::move(lines));
    }
  };
  compare(in_a, in_b, true);
  compare(in_b, in_a, false);
}

}  // namespace

void CheckReadbacks(Evidence& evidence) {
  const std::vector<Readback>& readbacks = evidence.history().readbacks;
  std::vector<Contents> contents;
  for (const Readback& readback : readbacks) {
    contents.push_back(ContentsOf(readback));
    CheckOffsets(evidence, readback, contents.back());
    CheckAscends(evidence, readback);
    CheckReadsKept(evidence, readback, contents.back());
    for (std::size_t i = 0; i + 1 < contents.size(); ++i) {
      CheckAgree(evidence, readbacks[i], contents[i], readback, contents.back());
    }
  }
}

}  // namespace qalam::qa
