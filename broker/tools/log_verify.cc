#include "broker/tools/log_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/file_names.h"
#include "broker/log/partition_metadata.h"
#include "broker/log/producer_state.h"
#include "broker/log/segment_crc.h"
#include "broker/log/segment_index.h"
#include "common/byte_order.h"
#include "common/crc32c.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kSmallFileBytesMax = std::size_t{64} << 20;
constexpr std::size_t kDecompressedBytesMax = std::size_t{100} << 20;

// What is known of a batch, by its last offset and by its position.
struct BatchPlace {
  Offset last_offset = 0;
  TimestampMs largest_timestamp = kNoTimestamp;  // Of its records.
};

class PartitionVerifier {
 public:
  PartitionVerifier(FileSystem& fs, std::string directory, VerifyReport& report)
      : fs_(fs), directory_(std::move(directory)), report_(report) {}

  Status Run() {
    QALAM_ASSIGN_OR_RETURN(const auto entries, fs_.List(directory_));
    std::vector<Offset> bases;
    for (const DirectoryEntry& entry : entries) {
      if (const auto base = ParseSegmentFileName(entry.name, kLogSuffix)) bases.push_back(*base);
    }
    std::sort(bases.begin(), bases.end());
    ++report_.partitions;
    const std::string checkpoint = JoinPath(directory_, kDurableCheckpointName);
    std::optional<DurablePoint> durable;
    if (const auto bytes = ReadWholeFile(fs_, checkpoint, kSmallFileBytesMax); bytes.ok()) {
      durable = DurableCheckpoint::Newest(*bytes);
      if (!durable) Find(checkpoint, 0, "no good slot");
    }
    synced_ = durable ? durable->durable_offset : 0;
    for (std::size_t i = 0; i < bases.size(); ++i) {
      if (i > 0 && bases[i] != expected_)
        Find(Path(bases[i], kLogSuffix), 0,
             fmt::format("begins at {} where {} belongs", bases[i], expected_));
      expected_ = bases[i];
      QALAM_RETURN_IF_ERROR(VerifySegment(bases[i], i + 1 == bases.size()));
    }
    for (const DirectoryEntry& entry : entries) {
      if (!ParseSegmentFileName(entry.name, kSnapshotSuffix)) continue;
      const std::string path = JoinPath(directory_, entry.name);
      QALAM_ASSIGN_OR_RETURN(const Bytes bytes, ReadWholeFile(fs_, path, kSmallFileBytesMax));
      if (const auto state = ProducerState::DecodeSnapshot(bytes); !state.ok())
        Find(path, 0, state.error().message());
    }
    if (const auto epochs = EpochCache::Load(fs_, directory_); !epochs.ok())
      Find(JoinPath(directory_, kEpochCheckpointName), 0, epochs.error().message());
    if (durable && durable->durable_offset > expected_)
      Find(checkpoint, 0,
           fmt::format("says that offset {} had been synced, the log ends at {}",
                       durable->durable_offset, expected_));
    const auto topic_id = ReadPartitionMetadata(fs_, directory_);
    if (!topic_id.ok() && topic_id.error().code() != ErrorCode::kNotFound)
      Find(JoinPath(directory_, kPartitionMetadataName), 0, topic_id.error().message());
    return OkStatus();
  }

 private:
  std::string Path(Offset base, std::string_view suffix) const {
    return JoinPath(directory_, SegmentFileName(base, suffix));
  }
  void Find(const std::string& file, std::uint64_t position, const std::string& what) {
    report_.findings.push_back(fmt::format("{}: byte {}: {}", file, position, what));
  }

  Status VerifySegment(Offset base, bool active) {
    const std::string path = Path(base, kLogSuffix);
    QALAM_ASSIGN_OR_RETURN(const auto file, fs_.Open(path, {}));
    const std::uint64_t size = file->size_bytes();
    ++report_.segments;
    std::map<std::uint64_t, BatchPlace> batches;
    std::uint64_t position = 0;
    std::uint32_t crc = 0;
    Bytes bytes;
    while (size - position >= kBatchHeaderBytes) {
      bytes.resize(kBatchHeaderBytes);
      QALAM_RETURN_IF_ERROR(file->ReadAt(position, bytes));
      const BatchHeader header = BatchHeader::Decode(bytes);
      const std::int64_t batch_bytes = header.size_bytes();
      if (header.magic != kBatchMagic ||
          batch_bytes < static_cast<std::int64_t>(kBatchHeaderBytes) ||
          static_cast<std::uint64_t>(batch_bytes) > size - position)
        break;
      bytes.resize(static_cast<std::size_t>(batch_bytes));
      QALAM_RETURN_IF_ERROR(file->ReadAt(position, bytes));
      crc = Crc32cExtend(crc, bytes);
      batches[position] = VerifyBatch(path, position, header, bytes);
      position += static_cast<std::uint64_t>(batch_bytes);
    }
    report_.bytes += static_cast<std::int64_t>(position);
    QALAM_RETURN_IF_ERROR(VerifyRest(*file, path, position, size, active));
    VerifyIndex(base, batches);
    VerifyTimeIndex(base, batches);
    VerifySidecar(base, position, crc, active);
    return OkStatus();
  }

  BatchPlace VerifyBatch(const std::string& path, std::uint64_t position, const BatchHeader& header,
                         BytesView bytes) {
    ++report_.batches;
    report_.records += header.records_count;
    if (header.base_offset != expected_)
      Find(path, position,
           fmt::format("base offset {} where {} belongs", header.base_offset, expected_));
    if (header.leader_epoch < epoch_)
      Find(path, position, fmt::format("leader epoch {} after {}", header.leader_epoch, epoch_));
    expected_ = header.next_offset();
    epoch_ = std::max(epoch_, header.leader_epoch);
    BatchPlace place{header.last_offset(), kNoTimestamp};
    if (!CheckBatchCrc(bytes).ok()) {
      Find(path, position, "the CRC does not match");
      return place;
    }
    Bytes scratch;
    const auto block = DecompressRecords({header, bytes}, scratch, kDecompressedBytesMax);
    if (!block.ok()) {
      Find(path, position, block.error().message());
      return place;
    }
    RecordCursor cursor(header, *block);
    while (true) {
      const auto record = cursor.Next();
      if (!record.ok()) Find(path, position, record.error().message());
      if (!record.ok() || !*record) return place;
      place.largest_timestamp = std::max(place.largest_timestamp, (*record)->timestamp);
    }
  }

  // Behind the last batch there may be prepared space, zeros, in the active segment.
  Status VerifyRest(const File& file, const std::string& path, std::uint64_t position,
                    std::uint64_t size, bool active) {
    constexpr std::size_t kChunk = std::size_t{1} << 20;
    if (position < size && !active)
      Find(path, position,
           fmt::format("{} bytes behind the last batch of a sealed segment", size - position));
    Bytes bytes;
    for (std::uint64_t at = position; at < size; at += bytes.size()) {
      bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size - at, kChunk)));
      QALAM_RETURN_IF_ERROR(file.ReadAt(at, bytes));
      if (std::all_of(bytes.begin(), bytes.end(),
                      [](std::byte byte) { return byte == std::byte{0}; }))
        continue;
      // A kill in the middle of a write leaves this too.
      Find(
          path, position,
          active && expected_ >= synced_
              ? "neither a batch nor zeros, behind what is known to be synced: a torn write is cut "
                "at the next start"
              : "neither a batch nor zeros");
      break;
    }
    return OkStatus();
  }

  void VerifyIndex(Offset base, const std::map<std::uint64_t, BatchPlace>& batches) {
    const std::string path = Path(base, kIndexSuffix);
    const auto bytes = ReadWholeFile(fs_, path, kSmallFileBytesMax);
    if (!bytes.ok()) return;  // Derived: rebuilt when missing.
    if (bytes->size() % SegmentIndex::kOffsetEntryBytes != 0)
      Find(path, 0, "not a whole number of entries");
    Offset before = -1;
    for (std::size_t at = 0; at + SegmentIndex::kOffsetEntryBytes <= bytes->size();
         at += SegmentIndex::kOffsetEntryBytes) {
      const Offset offset = base + static_cast<std::int32_t>(LoadBig32(&(*bytes)[at]));
      const auto found = batches.find(LoadBig32(&(*bytes)[at + 4]));
      if (offset <= before) Find(path, at, "entries do not grow");
      if (found == batches.end() || found->second.last_offset != offset)
        Find(path, at, fmt::format("leads to no batch that ends with offset {}", offset));
      before = offset;
    }
  }

  void VerifyTimeIndex(Offset base, const std::map<std::uint64_t, BatchPlace>& batches) {
    const std::string path = Path(base, kTimeIndexSuffix);
    const auto bytes = ReadWholeFile(fs_, path, kSmallFileBytesMax);
    if (!bytes.ok()) return;
    if (bytes->size() % SegmentIndex::kTimeEntryBytes != 0)
      Find(path, 0, "not a whole number of entries");
    std::map<Offset, TimestampMs> by_last;
    for (const auto& [position, place] : batches)
      by_last[place.last_offset] = place.largest_timestamp;
    TimestampMs before = -1;
    for (std::size_t at = 0; at + SegmentIndex::kTimeEntryBytes <= bytes->size();
         at += SegmentIndex::kTimeEntryBytes) {
      const auto timestamp = static_cast<TimestampMs>(LoadBig64(&(*bytes)[at]));
      const Offset offset = base + static_cast<std::int32_t>(LoadBig32(&(*bytes)[at + 8]));
      const auto found = by_last.find(offset);
      if (timestamp <= before) Find(path, at, "timestamps do not grow");
      if (found == by_last.end() || found->second != timestamp)
        Find(path, at,
             fmt::format("no batch that ends with offset {} has {} as its largest timestamp",
                         offset, timestamp));
      before = timestamp;
    }
  }

  void VerifySidecar(Offset base, std::uint64_t size, std::uint32_t crc, bool active) {
    const std::string path = Path(base, kCrcSuffix);
    const auto bytes = ReadWholeFile(fs_, path, kSmallFileBytesMax);
    if (!bytes.ok()) return;
    const auto sidecar = SegmentCrc::Decode(*bytes);
    if (!sidecar) {
      Find(path, 0, "damaged");
    } else if (sidecar->log.size_bytes == size && sidecar->log.crc != crc) {
      Find(path, 0, "the whole-file CRC does not match");
    } else if (sidecar->log.size_bytes != size && !active) {
      Find(path, 0,
           fmt::format("is of {} bytes, the segment has {}", sidecar->log.size_bytes, size));
    }
  }

  FileSystem& fs_;
  const std::string directory_;
  VerifyReport& report_;
  Offset expected_ = 0;  // Where the next batch must begin.
  Offset synced_ = 0;    // Everything below had been synced, says the checkpoint.
  Epoch epoch_ = kNoEpoch;
};

bool IsPartition(const std::vector<DirectoryEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const DirectoryEntry& entry) {
    return entry.name == kPartitionMetadataName ||
           ParseSegmentFileName(entry.name, kLogSuffix).has_value();
  });
}

}  // namespace

Result<VerifyReport> VerifyLogs(FileSystem& fs, const std::string& directory) {
  VerifyReport report;
  QALAM_ASSIGN_OR_RETURN(auto entries, fs.List(directory));
  if (IsPartition(entries)) {
    QALAM_RETURN_IF_ERROR(PartitionVerifier(fs, directory, report).Run());
    return report;
  }
  std::string logs = directory;
  if (std::any_of(entries.begin(), entries.end(), [](const DirectoryEntry& entry) {
        return entry.is_directory && entry.name == "log";
      })) {
    logs = JoinPath(directory, "log");
    QALAM_ASSIGN_OR_RETURN(entries, fs.List(logs));
  }
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory || entry.name.ends_with("-delete")) continue;
    const std::string path = JoinPath(logs, entry.name);
    QALAM_ASSIGN_OR_RETURN(const auto inside, fs.List(path));
    if (IsPartition(inside)) QALAM_RETURN_IF_ERROR(PartitionVerifier(fs, path, report).Run());
  }
  if (report.partitions == 0 && logs == directory)
    return Error(ErrorCode::kInvalidArgument, directory + " holds no partition");
  return report;
}

}  // namespace qalam
