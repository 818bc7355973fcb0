// Bits that flip in the files of a log that is not open: every one of a small log, random ones of
// larger ones.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/file_names.h"
#include "tests/broker/log/log_fixture.h"
#include "tests/qa/disk/log_story.h"
#include "tests/support/memory_file_system.h"

namespace qalam::qa {
namespace {

constexpr std::string_view kUsage =
    "usage: qalam-qa-rot every STRIDE OFFSET | qalam-qa-rot random FIRST COUNT\n"
    "\n"
    "  every   flips, of every file of a small log (stopped cleanly, and killed), each bit whose "
    "number\n"
    "          modulo STRIDE is OFFSET; 1 0 is all of them\n"
    "  random  makes a log from each of COUNT seeds from FIRST on, and flips one to three bits, "
    "or\n"
    "          overwrites a sector, at random places\n"
    "Then opens the log and reads it from every offset. Refusing is fine; serving other bytes "
    "than\n"
    "were sent, missing records without saying so, or cutting below the checkpoint is not.\n"
    "Prints what was wrong, then \"N passed, N failed\". Exit codes: 0, 1, 2 usage.\n";

using log_test::kDirectory;
using log_test::TopicId;
using Files = std::map<std::string, Bytes>;

struct Tally {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t not_opened = 0;
  std::uint64_t reads_refused = 0;  // Logs of which some read was refused.
  std::uint64_t harmless = 0;
};

Files FilesOf(MemoryFileSystem& disk) {
  Files files;
  const auto entries = disk.List(kDirectory);
  if (!entries.ok()) return files;
  for (const auto& entry : *entries) {
    const std::string path = JoinPath(kDirectory, entry.name);
    files[path] = disk.Content(path);
  }
  return files;
}

// A log at rest, and what must be true of it.
class Specimen {
 public:
  Specimen(std::uint64_t seed, int steps, bool clean) : random_(seed), clean_(clean) {
    alignment_ = random_() % 2 == 0 ? 4096 : 0;
    MemoryFileSystem disk(alignment_);
    LogStory story(SmallLog(alignment_), random_);
    const bool made = disk.CreateDirectory("/log").ok();
    if (clean) {
      story.LiveAndClose(disk, steps);
    } else {
      story.Live(disk, steps);
    }
    options_ = story.options();
    known_ = story.known();
    files_ = FilesOf(disk);
    // Nothing above the checkpoint is certain: there a damaged batch looks like a torn one.
    const auto checkpoint = DurableCheckpoint::Open(disk, kDirectory);
    if (!made || !checkpoint.ok() || !(*checkpoint)->last()) std::abort();
    point_ = *(*checkpoint)->last();
    kept_end_ = clean ? known_.acknowledged_end : point_.durable_offset;
  }

  const Files& files() const { return files_; }
  LogStory::Random& random() { return random_; }

  // Opens the log with these files. What is wrong; empty: nothing.
  std::string Judge(const Files& files, Tally& tally) const {
    MemoryFileSystem disk(alignment_);
    if (!disk.CreateDirectory("/log").ok() || !disk.CreateDirectory(kDirectory).ok()) return "disk";
    for (const auto& [path, content] : files) disk.SetContent(path, content);
    if (!disk.SyncDirectory("/log").ok()) return "disk";
    const ManualClock clock;
    std::string wrong;
    bool refused = false;
    {
      const auto opened = Log::Open(disk, clock, options_, TopicId(), clean_);
      if (!opened.ok()) {
        ++tally.not_opened;
        return Shortened(files, disk);
      }
      wrong = JudgeReads(**opened, refused);
    }
    ++(refused ? tally.reads_refused : tally.harmless);
    return wrong;
  }

 private:
  std::string JudgeReads(const Log& log, bool& refused) const {
    const auto view = log.view();
    if (log.end_offset() < kept_end_) {
      return fmt::format("cut to {}, was durable up to {}", log.end_offset(), kept_end_);
    }
    if (log.end_offset() > known_.written_end) return fmt::format("ends at {}", log.end_offset());
    if (log.log_start_offset() != known_.start_promised) {
      return fmt::format("begins at {} instead of {}", log.log_start_offset(),
                         known_.start_promised);
    }
    for (Offset from = log.log_start_offset(); from < log.end_offset(); ++from) {
      const auto records = log_test::ReadAll(*view, from, std::min(from + 3, log.end_offset()), 1);
      if (!records.ok()) {
        refused = true;
        continue;
      }
      if (records->count(from) == 0) return fmt::format("offset {} is missing", from);
      for (const auto& [offset, value] : *records) {
        const auto sent = known_.sent.find(offset);
        if (sent == known_.sent.end() || sent->second != value) {
          return fmt::format("offset {} has other bytes", offset);
        }
      }
    }
    return {};
  }

  // A log that is refused may have lost nothing below the checkpoint, and after a clean stop
  // nothing at all.
  std::string Shortened(const Files& before, MemoryFileSystem& disk) const {
    const Files after = FilesOf(disk);
    for (const auto& [path, content] : before) {
      const std::string name = path.substr(path.rfind('/') + 1);
      const auto base = ParseSegmentFileName(name, kLogSuffix);
      if (!base) continue;
      std::size_t kept = content.size();
      if (!clean_ && *base >= point_.segment_base) {
        kept = *base == point_.segment_base ? static_cast<std::size_t>(point_.position) : 0;
      }
      const auto now = after.find(path);
      if (now == after.end() && kept > 0) return path + " is gone, though the log was refused";
      if (kept == 0) continue;
      if (now->second.size() < kept ||
          !std::equal(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(kept),
                      now->second.begin())) {
        return path + " was changed, though the log was refused";
      }
    }
    return {};
  }

  LogStory::Random random_;
  bool clean_;
  std::size_t alignment_ = 0;
  LogOptions options_;
  Known known_;
  Files files_;
  DurablePoint point_;
  Offset kept_end_ = 0;
};

void Note(const std::string& wrong, const std::string& what, Tally& tally) {
  if (wrong.empty()) {
    ++tally.passed;
    return;
  }
  if (++tally.failed <= 20) fmt::print("{}: {}\n", what, wrong);
}

void Every(std::uint64_t stride, std::uint64_t offset, Tally& tally) {
  for (const bool clean : {true, false}) {
    const Specimen specimen(4, 12, clean);
    std::uint64_t number = 0;
    for (const auto& [path, content] : specimen.files()) {
      for (std::size_t bit = 0; bit < content.size() * 8; ++bit, ++number) {
        if (number % stride != offset) continue;
        Files files = specimen.files();
        files[path][bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        Note(specimen.Judge(files, tally),
             fmt::format("{} log, {} byte {} bit {}", clean ? "stopped" : "killed", path, bit / 8,
                         bit % 8),
             tally);
      }
    }
  }
}

void Random(std::uint64_t first, std::uint64_t count, Tally& tally) {
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Specimen specimen(seed, static_cast<int>(20 + seed % 60), seed % 3 != 0);
    LogStory::Random& random = specimen.random();
    Files files = specimen.files();
    std::string what = fmt::format("seed {}", seed);
    for (std::uint64_t i = 0; i <= random() % 3; ++i) {
      auto at = files.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random() % files.size()));
      Bytes& content = at->second;
      if (content.empty()) continue;
      const std::size_t byte = random() % content.size();
      what += fmt::format(", {} byte {}", at->first, byte);
      if (random() % 4 != 0) {
        content[byte] ^= static_cast<std::byte>(1 << (random() % 8));
        continue;
      }
      const auto fill = static_cast<std::byte>(random() % 2 == 0 ? 0 : random());
      const std::size_t begin = byte / 512 * 512;
      const std::size_t end = std::min(content.size(), begin + 512);
      std::fill(content.begin() + static_cast<std::ptrdiff_t>(begin),
                content.begin() + static_cast<std::ptrdiff_t>(end), fill);
    }
    Note(specimen.Judge(files, tally), what, tally);
  }
}

int Main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (argc != 4 || (verb != "every" && verb != "random")) {
    fmt::print(verb == "--help" ? stdout : stderr, "{}", kUsage);
    return verb == "--help" ? 0 : 2;
  }
  const std::uint64_t a = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t b = std::strtoull(argv[3], nullptr, 10);
  Tally tally;
  if (verb == "every" && a > 0) Every(a, b, tally);
  if (verb == "random") Random(a, b, tally);
  fmt::print("{} not opened, {} with refused reads, {} harmless\n", tally.not_opened,
             tally.reads_refused, tally.harmless);
  fmt::print("{} passed, {} failed\n", tally.passed, tally.failed);
  return tally.failed == 0 && tally.passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace qalam::qa

int main(int argc, char** argv) { return qalam::qa::Main(argc, argv); }
