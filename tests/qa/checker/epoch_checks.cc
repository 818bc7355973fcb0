#include <fmt/format.h>

#include <unordered_set>

#include "tests/qa/checker/checks.h"
#include "tests/qa/checker/went_back.h"

namespace qalam::qa {
namespace {

// Every start of a leader has an epoch above all before.
void CheckLeads(Evidence& evidence) {
  const Lead* highest = nullptr;
  for (const Lead& lead : evidence.history().leads) {
    if (highest == nullptr || lead.epoch > highest->epoch) {
      highest = &lead;
      continue;
    }
    const bool same = lead.epoch == highest->epoch;
    evidence.Report(same ? Anomaly::kEpochReused : Anomaly::kEpochBack,
                    fmt::format("{} leads in epoch {} after {} did in {}", lead.broker, lead.epoch,
                                highest->broker, highest->epoch),
                    {highest->line, lead.line});
  }
}

// Who sent after a new leader began gets no acknowledgement from the one before.
void CheckSuperseded(Evidence& evidence) {
  std::vector<Level> leads;
  for (const Lead& lead : evidence.history().leads) {
    leads.push_back({lead.t_ns, lead.t_ns, lead.epoch, lead.line});
  }
  std::vector<Level> acks;
  for (const Outcome* const ack : evidence.acks()) {
    acks.push_back({evidence.FindSend(ack->record)->t_ns, ack->t_ns, ack->epoch, ack->line});
  }
  for (const auto& [lead, ack] : FindWentBack(std::move(leads), std::move(acks))) {
    evidence.Report(Anomaly::kSupersededAck,
                    fmt::format("acknowledged in epoch {}, though sent after epoch {} began",
                                ack.value, lead.value),
                    {lead.line, ack.line});
  }
}

void CheckAnnounced(Evidence& evidence) {
  const PartitionHistory& history = evidence.history();
  if (history.leads.empty()) return;
  std::unordered_set<std::int64_t> announced;
  for (const Lead& lead : history.leads) announced.insert(lead.epoch);
  const auto check = [&](std::int64_t epoch, std::size_t line) {
    if (announced.count(epoch) != 0) return;
    evidence.Report(Anomaly::kEpochUnannounced, fmt::format("nobody ever led in epoch {}", epoch),
                    {line});
  };
  for (const Outcome* const ack : evidence.acks()) check(ack->epoch, ack->line);
  for (const Read& read : history.reads) check(read.found.epoch, read.found.line);
  for (const Readback& readback : history.readbacks) {
    for (const Found& found : readback.found) check(found.epoch, found.line);
  }
}

// The log says the same epoch as the acknowledgement did; of a duplicate, that or an older one.
void CheckMatch(Evidence& evidence) {
  for (const Readback& readback : evidence.history().readbacks) {
    for (const Found& found : readback.found) {
      const Outcome* const ack = evidence.FindOutcome(found.record);
      if (ack == nullptr || ack->kind != OutcomeKind::kAck) continue;
      if (ack->offset != found.offset || ack->epoch == found.epoch) continue;
      if (ack->duplicate && found.epoch < ack->epoch) continue;
      evidence.Report(Anomaly::kEpochMismatch,
                      fmt::format("offset {}: acknowledged in epoch {}, stored with {}",
                                  found.offset, ack->epoch, found.epoch),
                      {ack->line, found.line});
    }
  }
}

}  // namespace

void CheckEpochs(Evidence& evidence) {
  CheckLeads(evidence);
  CheckSuperseded(evidence);
  CheckAnnounced(evidence);
  CheckMatch(evidence);
}

}  // namespace qalam::qa
