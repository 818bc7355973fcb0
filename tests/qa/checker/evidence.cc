#include <algorithm>

#include "tests/qa/checker/checks.h"

namespace qalam::qa {

Evidence::Evidence(std::string name, const PartitionHistory& history, const Plan& plan)
    : name_(std::move(name)), history_(history), plan_(plan) {
  for (const Send& send : history.sends) sends_.emplace(send.record, &send);
  for (const Outcome& outcome : history.outcomes) {
    outcomes_.emplace(outcome.record, &outcome);
    if (outcome.kind != OutcomeKind::kAck) continue;
    acks_.push_back(&outcome);
    if (outcome.durability == Durability::kFsync) synced_.push_back(&outcome);
  }
}

const Send* Evidence::FindSend(const std::optional<std::string>& record) const {
  if (!record) return nullptr;
  const auto at = sends_.find(*record);
  return at == sends_.end() ? nullptr : at->second;
}

const Outcome* Evidence::FindOutcome(const std::optional<std::string>& record) const {
  if (!record) return nullptr;
  const auto at = outcomes_.find(*record);
  return at == outcomes_.end() ? nullptr : at->second;
}

std::int64_t Evidence::StartAllowed(std::int64_t t_ns) const {
  std::int64_t start = 0;
  for (const Trim& trim : history_.trims) {
    if (trim.t_ns > t_ns) break;
    start = std::max(start, trim.log_start);
  }
  return start;
}

void Evidence::Report(Anomaly anomaly, std::string what, std::vector<std::size_t> lines) {
  violations_.push_back({anomaly, name_, std::move(what), std::move(lines)});
}

}  // namespace qalam::qa
