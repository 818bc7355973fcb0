#include <fmt/format.h>

#include "tests/qa/checker/checks.h"

namespace qalam::qa {
namespace {

// One record in one place, whoever saw it; `t_ns` is when.
void CheckFound(Evidence& evidence, const Found& found, std::int64_t t_ns) {
  if (!found.record) {
    evidence.Report(Anomaly::kTorn, fmt::format("offset {} holds no record of ours", found.offset),
                    {found.line});
    return;
  }
  const Send* const send = evidence.FindSend(found.record);
  if (send == nullptr || send->t_ns > t_ns) {
    const char* const why = send == nullptr ? "never" : "not yet";
    evidence.Report(Anomaly::kPhantom,
                    fmt::format("offset {}: \"{}\" was {} sent", found.offset, *found.record, why),
                    {found.line});
    return;
  }
  if (send->digest != found.digest) {
    evidence.Report(Anomaly::kCorrupted,
                    fmt::format("offset {}: \"{}\" has digest {}, sent was {}", found.offset,
                                *found.record, found.digest, send->digest),
                    {send->line, found.line});
  }
  const Outcome* const outcome = evidence.FindOutcome(found.record);
  if (outcome != nullptr && outcome->kind == OutcomeKind::kRefuse) {
    evidence.Report(
        Anomaly::kRefusedPresent,
        fmt::format("offset {}: \"{}\" was refused for good", found.offset, *found.record),
        {outcome->line, found.line});
  }
}

// An idempotent record has one offset.
void CheckOnce(Evidence& evidence, const Found& found,
               std::unordered_map<std::string_view, const Found*>& first) {
  const Send* const send = evidence.FindSend(found.record);
  if (send == nullptr || !send->idempotent) return;
  const Found& other = *first.emplace(*found.record, &found).first->second;
  if (other.offset == found.offset) return;
  evidence.Report(Anomaly::kDoubled,
                  fmt::format("\"{}\" is at offset {} and at offset {}", *found.record,
                              other.offset, found.offset),
                  {other.line, found.line});
}

}  // namespace

void CheckContent(Evidence& evidence) {
  std::unordered_map<std::string_view, const Found*> first;
  for (const Read& read : evidence.history().reads) {
    CheckFound(evidence, read.found, read.t_ns);
    CheckOnce(evidence, read.found, first);
  }
  for (const Readback& readback : evidence.history().readbacks) {
    for (const Found& found : readback.found) {
      CheckFound(evidence, found, readback.t_ns);
      CheckOnce(evidence, found, first);
    }
  }
}

}  // namespace qalam::qa
