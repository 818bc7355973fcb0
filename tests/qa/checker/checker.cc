#include "tests/qa/checker/checker.h"

#include <algorithm>
#include <iterator>

#include "tests/qa/checker/checks.h"

namespace qalam::qa {

Judgement Judge(const History& history) {
  Judgement judgement;
  std::vector<Violation>& all = judgement.violations;
  for (const auto& [name, partition] : history.partitions) {
    Evidence evidence(name, partition, history.plan);
    CheckContent(evidence);
    CheckAcks(evidence);
    CheckReaders(evidence);
    CheckWatermarks(evidence);
    CheckEpochs(evidence);
    CheckReadbacks(evidence);
    std::vector<Violation> found = evidence.TakeViolations();
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  CheckRun(history, all);
  const bool failed = std::any_of(all.begin(), all.end(), [](const Violation& violation) {
    return !IsOnlyUnknown(violation.anomaly);
  });
  if (failed) {
    judgement.verdict = Verdict::kFailed;
  } else if (!all.empty()) {
    judgement.verdict = Verdict::kUnknown;
  }
  return judgement;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kFailed:
      return "failed";
  }
  return "failed";
}

}  // namespace qalam::qa
