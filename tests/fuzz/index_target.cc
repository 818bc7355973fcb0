#include "broker/log/index_files.h"
#include "broker/log/segment_crc.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/log_input.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

constexpr std::size_t kSidecarFileBytes = 48;

std::vector<Offset> Bases() {
  std::vector<Offset> bases;
  for (const auto& [name, content] : GoodLogFiles()) {
    if (const auto base = ParseSegmentFileName(name, kLogSuffix)) bases.push_back(*base);
  }
  return bases;
}

// flags u8 | offset index part | time index part | sidecar. The log is good, what belongs to it is
// not: what is read must be what was written, or an error, but never something else.
//   flags: 1 the sidecar is made for these indexes, as if they had been written by us
//          2 of the first segment, else of the active one   4 clean start
void RunIndex(BytesView input) {
  FuzzInput in(input);
  const std::uint8_t flags = in.Byte();
  const BytesView offsets = in.Part();
  const BytesView times = in.Part();
  Bytes sidecar(in.Rest().begin(), in.Rest().end());
  const Offset base = (flags & 2) != 0 ? Bases().front() : Bases().back();

  LogFiles files;
  files.PutAll(GoodLogFiles());
  if ((flags & 1) != 0) {
    SegmentCrc crc;
    crc.log.Extend(files.fs.Content(LogFiles::PathOf(base, kLogSuffix)));
    crc.offset_index.Extend(offsets);
    crc.time_index.Extend(times);
    sidecar = crc.Encode();
  }
  files.Put(LogFiles::PathOf(base, kIndexSuffix), offsets);
  files.Put(LogFiles::PathOf(base, kTimeIndexSuffix), times);
  files.Put(LogFiles::PathOf(base, kCrcSuffix), sidecar);
  auto log = files.Open((flags & 4) != 0);
  if (!log.ok()) return;
  const auto view = (*log)->view();
  for (Offset from = view->log_start_offset(); from < view->end_offset(); from += 7) {
    const auto read = view->Read(from, view->end_offset(), 1);
    if (!read.ok()) continue;
    QALAM_CHECK(read->size_bytes > 0);
    const BatchHeader header = BatchHeader::Decode(read->batches.front().view());
    QALAM_CHECK(header.base_offset <= from && header.next_offset() > from);
  }
  (void)ReadThrough(**log);
}

void RepairIndexInput(std::span<std::byte> input, std::uint64_t /*random*/) {
  if (input.size() < kSidecarFileBytes) return;
  const auto sidecar = input.last(kSidecarFileBytes);
  RepairCrc(sidecar.first(kSidecarFileBytes - 4), &sidecar[kSidecarFileBytes - 4]);
}

}  // namespace

const FuzzTarget kIndexTarget = {"index", RunIndex, RepairIndexInput};

}  // namespace qalam::fuzz
