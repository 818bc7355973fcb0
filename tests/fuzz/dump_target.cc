#include <array>

#include "broker/tools/log_dump.h"
#include "broker/tools/log_verify.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/log_input.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

constexpr std::array<std::string_view, 8> kNames = {"00000000000000000000.log",
                                                    "00000000000000000000.index",
                                                    "00000000000000000000.timeindex",
                                                    "00000000000000000050.snapshot",
                                                    "00000000000000000000.crc",
                                                    kDurableCheckpointName,
                                                    kEpochCheckpointName,
                                                    kPartitionMetadataName};

// which file u8 | its content, beside the files of a good log
void RunDump(BytesView input) {
  FuzzInput in(input);
  const std::string_view name = kNames[in.Byte() % kNames.size()];
  LogFiles files;
  files.PutAll(GoodLogFiles());
  files.Put(LogFiles::PathOf(name), in.Rest());
  std::size_t lines = 0;
  const Status dumped = DumpLogFile(files.fs, LogFiles::PathOf(name), true,
                                    std::function<void(const std::string&)>(
                                        [&](const std::string& line) { lines += !line.empty(); }));
  QALAM_CHECK(!dumped.ok() || lines > 0);
  const auto report = VerifyLogs(files.fs, log_test::kDirectory);
  QALAM_CHECK(report.ok());
  // A damaged batch does not go unnoticed.
  const auto good = GoodLogFiles().find(std::string(name));
  if (good == GoodLogFiles().end() || !name.ends_with(kLogSuffix)) return;
  const Bytes now = files.fs.Content(LogFiles::PathOf(name));
  QALAM_CHECK(now == good->second || !report->findings.empty());
}

void RepairDumpInput(std::span<std::byte> input, std::uint64_t random) {
  if (input.size() < 2) return;
  if (static_cast<std::size_t>(input[0]) % kNames.size() != 0) return;
  RepairBatches(input.subspan(1), random % 2 == 0 ? std::optional<Offset>(0) : std::nullopt);
}

}  // namespace

const FuzzTarget kDumpTarget = {"dump", RunDump, RepairDumpInput};

}  // namespace qalam::fuzz
