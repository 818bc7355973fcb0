#include "tests/qa/checker/spoil.h"

namespace qalam::qa {
namespace {

constexpr std::int64_t kFarNs = 3'600'000'000'000;

std::int64_t AckCount(const History& history) {
  std::int64_t count = 0;
  for (const auto& [name, partition] : history.partitions) {
    count +=
        std::count_if(partition.outcomes.begin(), partition.outcomes.end(),
                      [](const Outcome& outcome) { return outcome.kind == OutcomeKind::kAck; });
  }
  return count;
}

std::int64_t ReadCount(const History& history) {
  std::int64_t count = 0;
  for (const auto& [name, partition] : history.partitions) {
    count += static_cast<std::int64_t>(partition.reads.size());
  }
  return count;
}

std::int64_t LastSendNs(const History& history) {
  std::int64_t last_ns = 0;
  for (const auto& [name, partition] : history.partitions) {
    for (const Send& send : partition.sends) last_ns = std::max(last_ns, send.t_ns);
  }
  return last_ns;
}

}  // namespace

std::optional<bool> SpoilRun(Anomaly anomaly, Places& places) {
  History& history = places.history();
  const auto more = static_cast<std::int64_t>(1 + places.Below(1000));
  const std::int64_t end_ns = places.EndNs();
  switch (anomaly) {
    case Anomaly::kTooFewAcks:
      history.plan.acks_min = AckCount(history) + more;
      return true;
    case Anomaly::kTooFewReads:
      history.plan.reads_min = ReadCount(history) + more;
      return true;
    case Anomaly::kTooFewReadbacks:
      history.plan.readbacks_min =
          static_cast<std::int64_t>(places.partition().readbacks.size()) + 1;
      return true;
    case Anomaly::kFaultNotFired:
      history.plan.faults.push_back("meteor");
      return true;
    case Anomaly::kFaultWithoutLoad:
      history.faults.push_back({.t_ns = LastSendNs(history) + more, .name = "kill"});
      return true;
    case Anomaly::kNoProgress: {
      // Healed when nobody sends any more, or nobody is quick enough.
      history.plan.progress_ms_max = more;
      Fault* const fault = places.Pick(history.faults);
      if (fault == nullptr) return false;
      fault->until_ns = end_ns + kFarNs;
      return true;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace qalam::qa
