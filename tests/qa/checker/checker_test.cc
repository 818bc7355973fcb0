#include "tests/qa/checker/checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/qa/checker/history_generator.h"
#include "tests/qa/checker/history_reader.h"
#include "tests/qa/checker/history_writer.h"
#include "tests/qa/checker/spoiler.h"

namespace qalam::qa {
namespace {

Judgement JudgeText(const std::string& text) {
  const Result<History> history = ReadHistory(text);
  EXPECT_TRUE(history.ok()) << (history.ok() ? "" : history.error().message()) << "\n" << text;
  return history.ok() ? Judge(*history) : Judgement{.verdict = Verdict::kFailed, .violations = {}};
}

std::string Names(const Judgement& judgement) {
  std::string names;
  for (const Violation& violation : judgement.violations) {
    names += std::string(AnomalyName(violation.anomaly)) + ": " + violation.what + "\n";
  }
  return names;
}

bool Has(const Judgement& judgement, Anomaly anomaly) {
  return std::any_of(judgement.violations.begin(), judgement.violations.end(),
                     [&](const Violation& violation) { return violation.anomaly == anomaly; });
}

TEST(CheckerTest, AThousandValidHistoriesPass) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const History history = GenerateHistory({.seed = seed});
    const Judgement judgement = JudgeText(WriteHistory(history));
    ASSERT_EQ(judgement.verdict, Verdict::kPassed) << "seed " << seed << "\n" << Names(judgement);
  }
}

class AnomalyTest : public testing::TestWithParam<Anomaly> {};

// Fifty valid histories, each spoiled once at a random place: every one is caught by name, and each
// violation points to lines that exist.
TEST_P(AnomalyTest, IsCaughtInFiftyHistories) {
  const Anomaly anomaly = GetParam();
  int caught = 0;
  std::uint64_t seed = 0;
  while (caught < 50) {
    ASSERT_LT(++seed, 5000U) << "too seldom a place for it";
    History history = GenerateHistory({.seed = seed});
    std::mt19937_64 random(seed);
    if (!Spoil(anomaly, history, random)) continue;
    const std::string text = WriteHistory(history);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    const Judgement judgement = JudgeText(text);
    ASSERT_EQ(judgement.verdict, IsOnlyUnknown(anomaly) ? Verdict::kUnknown : Verdict::kFailed)
        << "seed " << seed << "\n"
        << Names(judgement);
    ASSERT_TRUE(Has(judgement, anomaly)) << "seed " << seed << "\n" << Names(judgement);
    for (const Violation& violation : judgement.violations) {
      ASSERT_FALSE(violation.lines.empty());
      for (const std::size_t line : violation.lines) ASSERT_TRUE(line >= 1 && line <= lines);
    }
    ++caught;
  }
}

INSTANTIATE_TEST_SUITE_P(All, AnomalyTest,
                         testing::ValuesIn(AllAnomalies().begin(), AllAnomalies().end()),
                         [](const testing::TestParamInfo<Anomaly>& tested) {
                           std::string name(AnomalyName(tested.param));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(AnomalyNameTest, NamesAreUniqueAndFoundAgain) {
  for (const Anomaly anomaly : AllAnomalies()) {
    EXPECT_EQ(AnomalyByName(AnomalyName(anomaly)), anomaly);
  }
  EXPECT_EQ(AnomalyByName("unheard-of"), std::nullopt);
}

}  // namespace
}  // namespace qalam::qa
