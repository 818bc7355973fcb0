#pragma once

#include <string_view>
#include <vector>

#include "tests/qa/checker/anomaly.h"
#include "tests/qa/checker/history.h"

namespace qalam::qa {

enum class Verdict { kPassed, kUnknown, kFailed };  // Only kPassed is good.

struct Judgement {
  Verdict verdict = Verdict::kPassed;
  std::vector<Violation> violations;
};

// Judges a well-formed history (history_reader.h). Pure; n log n in its events, quadratic only in
// the number of ways of reading back. Thread: any.
Judgement Judge(const History& history);

std::string_view VerdictName(Verdict verdict);  // "passed", "unknown", "failed".

}  // namespace qalam::qa
