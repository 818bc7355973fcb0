#include <fmt/format.h>

#include <algorithm>

#include "tests/qa/checker/checks.h"

namespace qalam::qa {
namespace {

struct Load {
  std::int64_t reads = 0;
  std::vector<std::int64_t> acks_ns;   // Ascending.
  std::vector<std::int64_t> sends_ns;  // Ascending.
};

Load LoadOf(const History& history) {
  Load load;
  for (const auto& [name, partition] : history.partitions) {
    load.reads += static_cast<std::int64_t>(partition.reads.size());
    for (const Send& send : partition.sends) load.sends_ns.push_back(send.t_ns);
    for (const Outcome& outcome : partition.outcomes) {
      if (outcome.kind == OutcomeKind::kAck) load.acks_ns.push_back(outcome.t_ns);
    }
  }
  std::sort(load.acks_ns.begin(), load.acks_ns.end());
  std::sort(load.sends_ns.begin(), load.sends_ns.end());
  return load;
}

}  // namespace

void CheckRun(const History& history, std::vector<Violation>& violations) {
  const Plan& plan = history.plan;
  const Load load = LoadOf(history);
  const auto report = [&](Anomaly anomaly, std::string what, std::vector<std::size_t> lines) {
    violations.push_back({anomaly, "", std::move(what), std::move(lines)});
  };
  const auto at_least = [&](Anomaly anomaly, const char* what, std::int64_t n, std::int64_t min) {
    if (n < min) report(anomaly, fmt::format("{} {}, planned were {}", n, what, min), {plan.line});
  };
  at_least(Anomaly::kTooFewAcks, "acknowledgements", static_cast<std::int64_t>(load.acks_ns.size()),
           plan.acks_min);
  at_least(Anomaly::kTooFewReads, "reads", load.reads, plan.reads_min);
  for (const auto& [name, partition] : history.partitions) {
    at_least(Anomaly::kTooFewReadbacks, ("read-backs of " + name).c_str(),
             static_cast<std::int64_t>(partition.readbacks.size()), plan.readbacks_min);
  }
  for (const std::string& name : plan.faults) {
    const bool fired = std::any_of(history.faults.begin(), history.faults.end(),
                                   [&](const Fault& fault) { return fault.name == name; });
    if (!fired) report(Anomaly::kFaultNotFired, "\"" + name + "\" never fired", {plan.line});
  }
  for (const Fault& fault : history.faults) {
    if (load.sends_ns.empty() || load.sends_ns.front() > fault.t_ns ||
        load.sends_ns.back() < fault.t_ns) {
      report(Anomaly::kFaultWithoutLoad, "no sends before and after \"" + fault.name + "\"",
             {fault.line});
    }
    if (!plan.progress_ms_max || !fault.until_ns) continue;
    const auto next = std::lower_bound(load.acks_ns.begin(), load.acks_ns.end(), *fault.until_ns);
    if (next != load.acks_ns.end() &&
        (*next - *fault.until_ns + kNsPerMs - 1) / kNsPerMs <= *plan.progress_ms_max) {
      continue;
    }
    report(Anomaly::kNoProgress,
           fmt::format("nothing was acknowledged within {} ms of the end of \"{}\"",
                       *plan.progress_ms_max, fault.name),
           {fault.line});
  }
}

}  // namespace qalam::qa
