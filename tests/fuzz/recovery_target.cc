#include <algorithm>

#include "broker/log/durable_checkpoint.h"
#include "common/crc32c.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/log_input.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

constexpr std::size_t kHeadBytes = 1 + 2 + 2 + 2 + 2;
constexpr std::size_t kCrcCoversFrom = 21;  // Of a batch, to its end.

void AppendOne(Log& log) {
  const Offset end = log.end_offset();
  QALAM_CHECK(log_test::AppendSynced(log, {{}}, std::max(log.last_epoch(), 0)).ok());
  QALAM_CHECK(log.durable_offset() == end + 1);
  QALAM_CHECK(log_test::ReadAll(*log.view(), end, end + 1).ok());
}

// Whether the batches of the first segment lead to the checkpoint's place, as they do unless
// somebody made it up, and are unhurt. What is rotten below the checkpoint may be found at any
// time, and the log refused then: when a roll has its segment sealed again, for instance.
bool LeadsTo(BytesView segment, const DurablePoint& point) {
  Offset offset = 0;
  std::size_t position = 0;
  while (position < point.position && segment.size() - position >= kBatchHeaderBytes) {
    const BatchHeader header = BatchHeader::Decode(segment.subspan(position));
    const std::int64_t size = header.size_bytes();
    if (size < static_cast<std::int64_t>(kBatchHeaderBytes) ||
        size > static_cast<std::int64_t>(segment.size() - position)) {
      return false;
    }
    const BytesView batch = segment.subspan(position, static_cast<std::size_t>(size));
    if (Crc32c(batch.subspan(kCrcCoversFrom)) != header.crc) return false;
    position += static_cast<std::size_t>(size);
    offset = header.next_offset();
  }
  return position == point.position && offset == point.durable_offset;
}

// flags u8 | offset and position of the checkpoint u16 u16 | bytes of the first of two segments and
// base of the second u16 u16 | bytes of the segments. What the checkpoint covers may be damaged:
// that is noticed when it is read, or before.  flags: 1 qalam.flush=os   2 two segments
void RunRecovery(BytesView input) {
  FuzzInput in(input);
  const std::uint8_t flags = in.Byte();
  DurablePoint point;
  point.durable_offset = in.Short();
  point.position = in.Short();
  const std::size_t first_bytes = in.Short();
  const Offset second_base = std::max<Offset>(in.Short(), 1);
  point.flush_mode = (flags & 1) != 0 ? FlushMode::kOs : FlushMode::kFsync;
  point.group_bytes_max = 1024;

  LogFiles files;
  files.options.group_bytes_max = (flags & 1) != 0 ? 8192 : 1024;
  files.options.flush_mode = point.flush_mode;
  const BytesView bytes = in.Rest();
  const std::size_t cut = (flags & 2) != 0 ? std::min(first_bytes, bytes.size()) : bytes.size();
  files.Put(LogFiles::PathOf(0, kLogSuffix), bytes.first(cut));
  if ((flags & 2) != 0) files.Put(LogFiles::PathOf(second_base, kLogSuffix), bytes.subspan(cut));
  {
    auto checkpoint = DurableCheckpoint::Open(files.fs, log_test::kDirectory);
    QALAM_CHECK(checkpoint.ok() && (*checkpoint)->Write(point).ok());
  }
  auto log = files.Open(false);
  if (!log.ok()) {
    QALAM_CHECK(log.error().code() == ErrorCode::kCorruption);
    // What had been synced is as it was.
    const Bytes first = files.fs.Content(LogFiles::PathOf(0, kLogSuffix));
    const std::size_t kept = std::min<std::size_t>(point.position, cut);
    QALAM_CHECK(first.size() >= kept &&
                std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(kept),
                           bytes.begin()));
    return;
  }
  QALAM_CHECK((*log)->end_offset() >= point.durable_offset);
  const Offset end = (*log)->end_offset();
  QALAM_CHECK(files.fs.Content(LogFiles::PathOf(0, kLogSuffix)).size() >= point.position);
  const bool readable = ReadThrough(**log);
  // Twice gives what once gives.
  log->reset();
  log = files.Open(false);
  QALAM_CHECK(log.ok() && (*log)->end_offset() == end);
  QALAM_CHECK(ReadThrough(**log) == readable);
  if (!LeadsTo(bytes.first(cut), point)) return;
  AppendOne(**log);
  log->reset();
  files.fs.Crash();
  log = files.Open(false);
  QALAM_CHECK(log.ok() && (*log)->end_offset() == end + 1);
  QALAM_CHECK((*log)->Close().ok());
}

void RepairRecoveryInput(std::span<std::byte> input, std::uint64_t random) {
  if (input.size() <= kHeadBytes) return;
  const auto batches = input.subspan(kHeadBytes);
  RepairBatches(batches, random % 4 == 0 ? std::nullopt : std::optional<Offset>(0));
  if (random % 8 < 3) return;
  // A checkpoint that lies on the edge of a batch.
  std::size_t position = 0;
  Offset offset = 0;
  for (std::uint64_t steps = random / 8 % 4; steps > 0; --steps) {
    const BytesView rest = BytesView(batches).subspan(position);
    if (rest.size() < kBatchHeaderBytes) break;
    const BatchHeader header = BatchHeader::Decode(rest);
    if (header.size_bytes() < static_cast<std::int64_t>(kBatchHeaderBytes) ||
        header.size_bytes() > static_cast<std::int64_t>(rest.size())) {
      break;
    }
    position += static_cast<std::size_t>(header.size_bytes());
    offset = header.next_offset();
  }
  input[1] = static_cast<std::byte>(offset >> 8);
  input[2] = static_cast<std::byte>(offset);
  input[3] = static_cast<std::byte>(position >> 8);
  input[4] = static_cast<std::byte>(position);
}

}  // namespace

const FuzzTarget kRecoveryTarget = {"recovery", RunRecovery, RepairRecoveryInput};

}  // namespace qalam::fuzz
