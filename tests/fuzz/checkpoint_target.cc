#include <array>
#include <string>
#include <string_view>

#include "broker/log/dirty_set.h"
#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/partition_metadata.h"
#include "broker/log/retention_clock.h"
#include "broker/log/segment_crc.h"
#include "common/byte_order.h"
#include "common/crc32c.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/log_input.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

enum class FileKind { kDurable, kEpochs, kDirty, kRetention, kPartition, kSidecar, kCount };

constexpr std::size_t kSlotBytes = 68;
constexpr std::size_t kSlotSpacing = 4096;
constexpr std::size_t kSidecarBytes = 48;

// Two slots, each of which the log believes if its CRC is right.
void RunDurable(BytesView content) {
  const BytesView first = content.first(std::min(content.size(), kSlotBytes));
  Bytes file(first.begin(), first.end());
  file.resize(kSlotSpacing);
  file.insert(file.end(), content.begin() + static_cast<std::ptrdiff_t>(first.size()),
              content.end());
  LogFiles files;
  files.PutAll(GoodLogFiles());
  files.Put(LogFiles::PathOf(kDurableCheckpointName), file);
  const auto point = DurableCheckpoint::Newest(file);
  for (const bool clean : {true, false}) {
    auto log = files.Open(clean);
    if (!log.ok()) continue;
    QALAM_CHECK(point.has_value());
    QALAM_CHECK((*log)->log_start_offset() <= (*log)->end_offset());
    (void)ReadThrough(**log);
    QALAM_CHECK(log_test::AppendSynced(**log, {{}}, std::max((*log)->last_epoch(), 0)).ok());
    QALAM_CHECK((*log)->Close().ok());
  }
}

void RunEpochs(BytesView content) {
  LogFiles files;
  files.PutAll(GoodLogFiles());
  files.Put(LogFiles::PathOf(kEpochCheckpointName), content);
  const auto epochs = EpochCache::Load(files.fs, log_test::kDirectory);
  if (epochs.ok()) {
    MemoryFileSystem other;
    QALAM_CHECK(other.CreateDirectory("/copy").ok() && epochs->Save(other, "/copy").ok());
    const auto again = EpochCache::Load(other, "/copy");
    QALAM_CHECK(again.ok() && again->entries() == epochs->entries());
    EpochCache cut = *epochs;
    cut.TruncateFromStart(5);
    cut.TruncateFromEnd(50);
    (void)cut.Agrees(7, 1);
  }
  auto log = files.Open(false);
  if (log.ok()) (void)ReadThrough(**log);
}

void RunDirty(BytesView content) {
  MemoryFileSystem fs;
  QALAM_CHECK(fs.CreateDirectory("/data").ok());
  fs.SetContent("/data/dirty-partitions", Bytes(content.begin(), content.end()));
  auto set = DirtySet::Open(fs, "/data");
  QALAM_CHECK(set.ok());
  (void)(*set)->Contains("orders-0");
  QALAM_CHECK((*set)->Add({"orders-0"}).ok() && (*set)->Contains("orders-0"));
  set = DirtySet::Open(fs, "/data");
  QALAM_CHECK(set.ok() && (*set)->Contains("orders-0"));
  QALAM_CHECK((*set)->Reset({}).ok() && (*set)->empty());
}

void RunRetention(BytesView content) {
  MemoryFileSystem fs;
  QALAM_CHECK(fs.CreateDirectory("/data").ok());
  fs.SetContent("/data/retention-clock", Bytes(content.begin(), content.end()));
  ManualClock clock;
  auto retention = RetentionClock::Open(fs, "/data", clock);
  if (!retention.ok()) return;
  clock.Advance(std::chrono::minutes(5));
  QALAM_CHECK(retention->Pass(clock).ok());
  retention->Accept();
  const auto accepted = retention->Pass(clock);
  QALAM_CHECK(accepted.ok() && accepted->has_value());
}

// kind u8 | content of the file
void RunCheckpoint(BytesView input) {
  FuzzInput in(input);
  const auto kind = static_cast<FileKind>(in.Byte() % static_cast<int>(FileKind::kCount));
  const BytesView content = in.Rest();
  switch (kind) {
    case FileKind::kDurable:
      return RunDurable(content);
    case FileKind::kEpochs:
      return RunEpochs(content);
    case FileKind::kDirty:
      return RunDirty(content);
    case FileKind::kRetention:
      return RunRetention(content);
    case FileKind::kPartition: {
      LogFiles files;
      files.Put(LogFiles::PathOf(kPartitionMetadataName), content);
      (void)ReadPartitionMetadata(files.fs, log_test::kDirectory);
      return;
    }
    case FileKind::kSidecar:
      if (const auto crc = SegmentCrc::Decode(content)) {
        QALAM_CHECK(SegmentCrc::Decode(crc->Encode()) == *crc);
      }
      return;
    case FileKind::kCount:
      return;
  }
}

std::size_t Find(std::span<std::byte> text, std::string_view what) {
  return AsText(text).rfind(what);
}

// "CRC NAME\n", again and again.
void RepairDirty(std::span<std::byte> text) {
  constexpr std::size_t kNameAt = 9;
  while (true) {
    const std::size_t end = AsText(text).find('\n');
    if (end == std::string_view::npos) return;
    if (end >= kNameAt) {
      PutHex(Crc32c(text.subspan(kNameAt, end - kNameAt)), text);
      text[kNameAt - 1] = std::byte{' '};
    }
    text = text.subspan(end + 1);
  }
}

void RepairCheckpointInput(std::span<std::byte> input, std::uint64_t random) {
  if (input.size() < 2) return;
  const auto kind =
      static_cast<FileKind>(static_cast<int>(input[0]) % static_cast<int>(FileKind::kCount));
  const auto content = input.subspan(1);
  if (kind == FileKind::kDurable) {
    for (std::size_t at = 0; at + kSlotBytes <= content.size(); at += kSlotBytes) {
      if (at > 0 && random % 2 == 0) return;
      const auto slot = content.subspan(at, kSlotBytes);
      StoreBig32(&slot[0], 0x514C4450);
      StoreBig16(&slot[4], 1);
      RepairCrc(slot.first(kSlotBytes - 4), &slot[kSlotBytes - 4]);
    }
  } else if (kind == FileKind::kDirty) {
    RepairDirty(content);
  } else if (kind == FileKind::kRetention) {
    const std::size_t space = Find(content, " ");
    if (space != std::string_view::npos)
      PutHex(Crc32c(content.first(space)), content.subspan(space + 1));
  } else if (kind == FileKind::kSidecar && content.size() >= kSidecarBytes) {
    RepairCrc(content.first(kSidecarBytes - 4), &content[kSidecarBytes - 4]);
  }
}

}  // namespace

const FuzzTarget kCheckpointTarget = {"checkpoint", RunCheckpoint, RepairCheckpointInput};

}  // namespace qalam::fuzz
