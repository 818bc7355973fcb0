// Power cuts of a log on a disk in memory, which keeps any part of what was not synced.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/file_names.h"
#include "broker/tools/log_verify.h"
#include "common/logging.h"
#include "tests/qa/disk/log_story.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/memory_file_system.h"

namespace qalam::qa {
namespace {

constexpr std::string_view kUsage =
    "usage: qalam-qa-torn FIRST COUNT\n"
    "\n"
    "For each of COUNT seeds from FIRST on: a log lives a random life on a disk in memory and is\n"
    "stopped at a random change, a write perhaps half done; the power goes, and of what was not\n"
    "synced any sectors of 512 bytes are kept, as they were at any moment since the last sync. "
    "Then\n"
    "it is recovered, twice: nothing acknowledged may be lost, nothing invented, both recoveries "
    "must\n"
    "leave the same, the offline check must find nothing. Then it lives on, up to three times.\n"
    "Prints what was wrong with which seed, then \"N passed, N failed\". Exit codes: 0, 1, 2 "
    "usage.\n";
constexpr int kLives = 3;
constexpr int kErrorsShown = 5;

struct Tally {
  std::uint64_t cuts = 0;
  std::uint64_t kills = 0;
  std::uint64_t torn = 0;  // Recoveries that found less than was written.
};

using Errors = std::vector<std::string>;

// About a file that is made again from the log where it is bad, at its next use.
bool IsDerived(const std::string& finding) {
  return std::any_of(
      kSegmentSuffixes.begin(), kSegmentSuffixes.end(), [&](std::string_view suffix) {
        return suffix != kLogSuffix && finding.find(std::string(suffix) + ":") != std::string::npos;
      });
}

// One life and its end; false when there is nothing to go on with.
bool LiveOnce(MemoryFileSystem& disk, LogStory& story, LogStory::Random& random, Tally& tally,
              Errors& errors) {
  {
    FaultFileSystem faults(disk);
    faults.StopAtChange(1 + random() % 160, random() % 2 == 0
                                                ? FaultFileSystem::Extent::kNothing
                                                : FaultFileSystem::Extent::kHalfInSectors);
    story.Live(faults, static_cast<int>(5 + random() % 60));
  }
  if (random() % 5 == 0) {
    ++tally.kills;  // Only the process ends: what was written stays.
  } else {
    ++tally.cuts;
    disk.Crash(random() % 8 == 0 ? 0 : random() | 1);
  }
  const Known& known = story.known();
  const auto once = FindLog(disk, story.options(), known, errors);
  if (!once) return false;
  if (once->end < known.written_end) ++tally.torn;
  const auto verified = VerifyLogs(disk, story.options().directory);
  if (!verified.ok()) {
    errors.push_back("verify: " + verified.error().ToString());
  } else {
    for (const std::string& finding : verified->findings) {
      if (!IsDerived(finding)) errors.push_back("verify: " + finding);
    }
  }
  disk.Crash();
  const auto twice = FindLog(disk, story.options(), known, errors);
  // Before its making was acknowledged its directory's name need not have been durable.
  if (!twice && !known.created) return false;
  if (!twice || !(*once == *twice)) errors.push_back("recovering twice is not recovering once");
  story.TakeUp(once->start, once->end);
  return errors.empty();
}

Errors RunSeed(std::uint64_t seed, Tally& tally) {
  LogStory::Random random(seed);
  const std::size_t alignment = random() % 2 == 0 ? 4096 : 0;
  MemoryFileSystem disk(alignment);
  Errors errors;
  if (!disk.CreateDirectory("/log").ok()) errors.push_back("no directory");
  LogStory story(SmallLog(alignment), random);
  for (int life = 0; life < kLives && LiveOnce(disk, story, random, tally, errors); ++life) {
  }
  return errors;
}

int Main(int argc, char** argv) {
  if (argc != 3 || argv[1][0] == '-') {
    fmt::print(argc == 2 && argv[1] == std::string_view("--help") ? stdout : stderr, "{}", kUsage);
    return argc == 2 && argv[1] == std::string_view("--help") ? 0 : 2;
  }
  const std::uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  std::uint64_t failed = 0;
  Tally tally;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Errors errors = RunSeed(seed, tally);
    if (errors.empty()) continue;
    ++failed;
    for (std::size_t i = 0; i < errors.size() && i < kErrorsShown; ++i) {
      fmt::print("seed {}: {}\n", seed, errors[i]);
    }
  }
  fmt::print("{} power cuts, {} kills, {} found a torn or missing tail\n", tally.cuts, tally.kills,
             tally.torn);
  fmt::print("{} passed, {} failed\n", count - failed, failed);
  return failed == 0 && count > 0 ? 0 : 1;
}

}  // namespace
}  // namespace qalam::qa

int main(int argc, char** argv) { return qalam::qa::Main(argc, argv); }
