#include <fmt/format.h>

#include <limits>
#include <set>
#include <unordered_set>

#include "tests/qa/checker/checks.h"
#include "tests/qa/checker/went_back.h"

namespace qalam::qa {
namespace {

// An acknowledged record is in some read-back, unless retention was asked to take it; and wherever
// it was seen at all, it was seen at the offset of its acknowledgement.
void CheckKept(Evidence& evidence) {
  std::unordered_set<std::string_view> kept;
  std::unordered_map<std::string_view, std::set<std::int64_t>> places;
  for (const Readback& readback : evidence.history().readbacks) {
    for (const Found& found : readback.found) {
      if (!found.record) continue;
      kept.insert(*found.record);
      places[*found.record].insert(found.offset);
    }
  }
  for (const Read& read : evidence.history().reads) {
    if (read.found.record) places[*read.found.record].insert(read.found.offset);
  }
  const std::int64_t start = evidence.StartAllowed(std::numeric_limits<std::int64_t>::max());
  for (const Outcome* const ack : evidence.synced()) {
    const bool required = !evidence.history().readbacks.empty() && ack->offset >= start;
    if (required && kept.count(ack->record) == 0) {
      evidence.Report(Anomaly::kLost,
                      fmt::format("\"{}\", acknowledged at offset {}, is in no read-back",
                                  ack->record, ack->offset),
                      {ack->line});
    }
    const auto seen = places.find(ack->record);
    if (seen != places.end() && seen->second.count(ack->offset) == 0) {
      evidence.Report(Anomaly::kMoved,
                      fmt::format("\"{}\", acknowledged at offset {}, is at offset {}", ack->record,
                                  ack->offset, *seen->second.begin()),
                      {ack->line});
    }
  }
}

void CheckOneAckAnOffset(Evidence& evidence) {
  std::unordered_map<std::int64_t, const Outcome*> taken;
  for (const Outcome* const ack : evidence.acks()) {
    const Outcome& other = *taken.emplace(ack->offset, ack).first->second;
    if (&other == ack) continue;
    evidence.Report(Anomaly::kAckOverlap,
                    fmt::format("offset {} was acknowledged to \"{}\" and to \"{}\"", ack->offset,
                                other.record, ack->record),
                    {other.line, ack->line});
  }
}

// Acknowledged before another was sent: the smaller offset.
void CheckRealTimeOrder(Evidence& evidence) {
  std::vector<Level> acks;
  for (const Outcome* const ack : evidence.acks()) {
    acks.push_back({evidence.FindSend(ack->record)->t_ns, ack->t_ns, ack->offset, ack->line});
  }
  for (const auto& [before, after] : FindWentBack(acks, acks)) {
    evidence.Report(Anomaly::kOrderReversed,
                    fmt::format("offset {} was acknowledged before the record at {} was sent",
                                before.value, after.value),
                    {before.line, after.line});
  }
}

void CheckInTime(Evidence& evidence) {
  if (!evidence.plan().answer_ms_max) return;
  for (const Outcome& outcome : evidence.history().outcomes) {
    const Send& send = *evidence.FindSend(outcome.record);
    const std::int64_t took_ns = outcome.t_ns - send.t_ns;
    // Rounded up: a part of a millisecond too late is too late.
    if ((took_ns + kNsPerMs - 1) / kNsPerMs <= *evidence.plan().answer_ms_max) continue;
    evidence.Report(Anomaly::kAnsweredLate,
                    fmt::format("\"{}\" was answered after {} ms, {} were allowed", outcome.record,
                                took_ns / kNsPerMs, *evidence.plan().answer_ms_max),
                    {send.line, outcome.line});
  }
}

}  // namespace

void CheckAcks(Evidence& evidence) {
  CheckKept(evidence);
  CheckOneAckAnOffset(evidence);
  CheckRealTimeOrder(evidence);
  CheckInTime(evidence);
}

}  // namespace qalam::qa
