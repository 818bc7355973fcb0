#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/qa/checker/checker.h"
#include "tests/qa/checker/history_reader.h"

namespace qalam::qa {
namespace {

constexpr std::string_view kUsage =
    "usage: qalam-qa-check FILE...\n"
    "\n"
    "Judges histories of what clients of a broker saw and did; each FILE is one history in JSON\n"
    "Lines (tests/qa/README.md). Prints every violation with the lines that prove it (the first 5\n"
    "of each class), then \"N passed, N failed\". What is malformed, and what shows too little\n"
    "(UNKNOWN), counts as failed.\n"
    "\n"
    "Exit codes: 0 all passed, 1 one or more failed, 2 wrong usage.\n";
constexpr int kShownMax = 5;
constexpr std::size_t kLineBytesMax = 300;

// The lines of `text` whose numbers are asked for, indented and cut to a length.
void PrintLines(const std::string& text, const std::vector<std::size_t>& starts,
                const std::vector<std::size_t>& lines) {
  for (const std::size_t line : lines) {
    if (line == 0 || line > starts.size()) continue;
    const std::size_t begin = starts[line - 1];
    const std::string whole = text.substr(begin, text.find('\n', begin) - begin);
    fmt::print("    line {}: {}{}\n", line, whole.substr(0, kLineBytesMax),
               whole.size() > kLineBytesMax ? "..." : "");
  }
}

std::vector<std::size_t> LineStarts(const std::string& text) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts.push_back(i + 1);
  }
  return starts;
}

void PrintViolations(const std::string& text, const Judgement& judgement) {
  const std::vector<std::size_t> starts = LineStarts(text);
  std::map<Anomaly, int> counts;
  for (const Violation& violation : judgement.violations) {
    if (++counts[violation.anomaly] > kShownMax) continue;
    fmt::print("  {}{}{}: {}\n", AnomalyName(violation.anomaly),
               violation.partition.empty() ? "" : " in ", violation.partition, violation.what);
    PrintLines(text, starts, violation.lines);
  }
  for (const auto& [anomaly, count] : counts) {
    if (count > kShownMax) {
      fmt::print("  {}: {} more\n", AnomalyName(anomaly), count - kShownMax);
    }
  }
}

// Nothing if there is no such file, or reading it fails at any place: half a history is none.
std::optional<std::string> ReadFile(const char* path) {
  std::FILE* const file = std::fopen(path, "rb");
  if (file == nullptr) return std::nullopt;
  std::string text;
  std::vector<char> piece(1 << 16);
  for (std::size_t got = piece.size(); got == piece.size();) {
    got = std::fread(piece.data(), 1, piece.size(), file);
    text.append(piece.data(), got);
  }
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) return std::nullopt;
  return text;
}

bool CheckFile(const char* path) {
  const std::optional<std::string> whole = ReadFile(path);
  if (!whole) {
    fmt::print("{}: cannot be read\n", path);
    return false;
  }
  const std::string& text = *whole;
  const Result<History> history = ReadHistory(text);
  if (!history.ok()) {
    fmt::print("{}: malformed: {}\n", path, history.error().message());
    return false;
  }
  const Judgement judgement = Judge(*history);
  fmt::print("{}: {}\n", path, VerdictName(judgement.verdict));
  PrintViolations(text, judgement);
  return judgement.verdict == Verdict::kPassed;
}

int Main(int argc, char** argv) {
  if (argc == 2 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) {
    fmt::print("{}", kUsage);
    return 0;
  }
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] == '-') argc = 1;
  }
  if (argc < 2) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  int failed = 0;
  for (int i = 1; i < argc; ++i) failed += CheckFile(argv[i]) ? 0 : 1;
  fmt::print("{} passed, {} failed\n", argc - 1 - failed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace qalam::qa

int main(int argc, char** argv) { return qalam::qa::Main(argc, argv); }
