#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <string>

#include "tests/qa/checker/checker.h"
#include "tests/qa/checker/history_generator.h"
#include "tests/qa/checker/history_reader.h"
#include "tests/qa/checker/history_writer.h"
#include "tests/qa/checker/nudge.h"
#include "tests/qa/checker/spoiler.h"

// usage: qalam-qa-random-histories COUNT SEED
// Prints COUNT small histories, every second one changed once or twice (nudge.h, spoiler.h). Before
// each one a line with our verdict, "judged VERDICT CLASS...", classes sorted; after each one an
// empty line.

namespace qalam::qa {
namespace {

// One or two changes; false if the history had no place for one.
bool Change(History& history, std::mt19937_64& random) {
  for (int times = 1 + static_cast<int>(random() % 2); times > 0; --times) {
    if (random() % 2 == 0) {
      Nudge(history, random);
    } else if (!Spoil(AllAnomalies()[random() % AllAnomalies().size()], history, random)) {
      return false;
    }
  }
  return ReadHistory(WriteHistory(history)).ok();
}

History MakeHistory(std::uint64_t seed, bool changed) {
  std::mt19937_64 random(seed);
  while (true) {
    History history = GenerateHistory(
        {.seed = random(), .steps = 20 + static_cast<int>(random() % 60), .partitions_max = 2});
    if (!changed || Change(history, random)) return history;
  }
}

bool Print(const History& history) {
  const std::string text = WriteHistory(history);
  const Result<History> read = ReadHistory(text);
  if (!read.ok()) {
    std::fprintf(stderr, "%s\n%s", read.error().message().c_str(), text.c_str());
    return false;
  }
  const Judgement judgement = Judge(*read);
  std::set<std::string_view> classes;
  for (const Violation& violation : judgement.violations) {
    classes.insert(AnomalyName(violation.anomaly));
  }
  std::string out = "judged " + std::string(VerdictName(judgement.verdict));
  for (const std::string_view name : classes) out += " " + std::string(name);
  out += "\n" + text + "\n";
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size();
}

}  // namespace
}  // namespace qalam::qa

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: qalam-qa-random-histories COUNT SEED\n", stderr);
    return 2;
  }
  const auto count = std::strtoull(argv[1], nullptr, 10);
  const auto seed = std::strtoull(argv[2], nullptr, 10);
  for (unsigned long long i = 0; i < count; ++i) {
    const bool changed = i % 2 == 1;
    if (!qalam::qa::Print(qalam::qa::MakeHistory(seed * 1'000'003 + i, changed))) return 1;
  }
  return 0;
}
