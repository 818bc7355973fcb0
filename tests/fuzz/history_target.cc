#include "common/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/qa/checker/checker.h"
#include "tests/qa/checker/history_reader.h"
#include "tests/qa/checker/history_writer.h"

namespace qalam::fuzz {
namespace {

// A history file.
void RunHistory(BytesView input) {
  const auto history = qa::ReadHistory(AsText(input));
  if (!history.ok()) return;
  const qa::Judgement judged = qa::Judge(*history);
  QALAM_CHECK((judged.verdict == qa::Verdict::kFailed) == !judged.violations.empty() ||
              judged.verdict == qa::Verdict::kUnknown);
  // Written and read again, it says the same.
  const auto again = qa::ReadHistory(qa::WriteHistory(*history));
  QALAM_CHECK(again.ok());
  QALAM_CHECK(qa::Judge(*again).verdict == judged.verdict);
}

}  // namespace

const FuzzTarget kHistoryTarget = {"history", RunHistory, nullptr};

}  // namespace qalam::fuzz
