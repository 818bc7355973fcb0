#include "broker/tools/log_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/file_names.h"
#include "broker/log/partition_metadata.h"
#include "broker/log/producer_state.h"
#include "broker/log/segment_crc.h"
#include "broker/tools/index_checks.h"
#include "broker/tools/stored_batches.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

class PartitionVerifier {
 public:
  PartitionVerifier(FileSystem& fs, std::string directory, VerifyReport& report)
      : fs_(fs), directory_(std::move(directory)), report_(report) {}

  Status Run() {
    ++report_.partitions;
    QALAM_ASSIGN_OR_RETURN(const auto entries, fs_.List(directory_));
    LoadCheckpoints();
    std::vector<Offset> bases;
    for (const DirectoryEntry& entry : entries) {
      const auto base = ParseSegmentFileName(entry.name, kLogSuffix);
      // What lies before the first segment is the rest of a removal, which the next start finishes.
      if (base && (!durable_ || *base >= durable_->first_segment_base)) bases.push_back(*base);
    }
    CheckSegmentsCount(bases);
    for (std::size_t i = 0; i < bases.size(); ++i) {
      if (i > 0 && bases[i] != expected_)
        Find(Path(bases[i], kLogSuffix), 0,
             fmt::format("begins at offset {} where {} belongs", bases[i], expected_));
      expected_ = bases[i];
      QALAM_RETURN_IF_ERROR(VerifySegment(bases[i], i + 1 == bases.size()));
    }
    if (durable_ && durable_->durable_offset > expected_)
      Find(Path(kDurableCheckpointName), 0,
           fmt::format("says that everything below offset {} had been synced, the log ends at {}",
                       durable_->durable_offset, expected_));
    for (const DirectoryEntry& entry : entries) {
      if (ParseSegmentFileName(entry.name, kSnapshotSuffix)) VerifySnapshot(entry.name);
    }
    return OkStatus();
  }

 private:
  std::string Path(std::string_view name) const { return JoinPath(directory_, name); }
  std::string Path(Offset base, std::string_view suffix) const {
    return Path(SegmentFileName(base, suffix));
  }
  void Find(const std::string& file, std::uint64_t position, const std::string& what) {
    if (report_.findings.size() < VerifyReport::kFindingsMax)
      report_.findings.push_back(fmt::format("{}: byte {}: {}", file, position, what));
    else
      ++report_.findings_left_out;
  }
  Finding FindIn(std::string file) {
    return [this, file = std::move(file)](std::uint64_t position, const std::string& what) {
      Find(file, position, what);
    };
  }
  // Nothing: it is not there. What can't be read is a finding.
  std::optional<Bytes> Read(const std::string& path) {
    auto bytes = ReadWholeFile(fs_, path, kSmallFileBytesMax);
    if (bytes.ok()) return std::move(*bytes);
    if (bytes.error().code() != ErrorCode::kNotFound) Find(path, 0, bytes.error().message());
    return std::nullopt;
  }

  void LoadCheckpoints() {
    const std::string path = Path(kDurableCheckpointName);
    if (const auto bytes = Read(path)) {
      durable_ = DurableCheckpoint::Newest(*bytes);
      if (!durable_) Find(path, 0, "no good slot");
    }
    auto epochs = EpochCache::Load(fs_, directory_);
    if (epochs.ok())
      epochs_ = std::move(*epochs);
    else
      Find(Path(kEpochCheckpointName), 0, epochs.error().message());
    const auto topic_id = ReadPartitionMetadata(fs_, directory_);
    if (!topic_id.ok() && topic_id.error().code() != ErrorCode::kNotFound)
      Find(Path(kPartitionMetadataName), 0, topic_id.error().message());
  }

  void CheckSegmentsCount(const std::vector<Offset>& bases) {
    if (!durable_) return;
    const auto count = std::count_if(
        bases.begin(), bases.end(), [this](Offset base) { return base <= durable_->segment_base; });
    if (count != static_cast<std::ptrdiff_t>(durable_->segments_count))
      Find(Path(kDurableCheckpointName), 0,
           fmt::format("counts {} segments from offset {} to {}, there are {}",
                       durable_->segments_count, durable_->first_segment_base,
                       durable_->segment_base, count));
  }

  Status VerifySegment(Offset base, bool active) {
    ++report_.segments;
    const std::string path = Path(base, kLogSuffix);
    QALAM_ASSIGN_OR_RETURN(auto batches, StoredBatches::Open(fs_, path));
    const std::optional<Bytes> offset_index = Read(Path(base, kIndexSuffix));
    const std::optional<Bytes> time_index = Read(Path(base, kTimeIndexSuffix));
    std::optional<OffsetIndexCheck> offsets;
    std::optional<TimeIndexCheck> times;
    // Derived: built again where they are missing.
    if (offset_index) offsets.emplace(*offset_index, base, FindIn(Path(base, kIndexSuffix)));
    if (time_index) times.emplace(*time_index, base, FindIn(Path(base, kTimeIndexSuffix)));
    Digest digest;
    while (true) {
      QALAM_ASSIGN_OR_RETURN(const auto batch, batches.Next());
      if (!batch) break;
      digest.Extend(batch->bytes);
      const TimestampMs largest = VerifyBatch(path, *batch);
      const Offset last = AddOffsets(batch->header.base_offset, batch->header.last_offset_delta);
      if (offsets) offsets->OnBatch(batch->position, last);
      if (times) times->OnBatch(last, largest);
    }
    report_.bytes += static_cast<std::int64_t>(batches.position());
    if (offsets) offsets->Finish();
    if (times) times->Finish(!active);
    QALAM_RETURN_IF_ERROR(VerifyRest(batches, path, active));
    VerifySidecar(base, digest, offset_index, time_index, active);
    return OkStatus();
  }

  // The largest timestamp of its records.
  TimestampMs VerifyBatch(const std::string& path, const StoredBatches::Item& batch) {
    const BatchHeader& header = batch.header;
    const auto find = [&](const std::string& what) { Find(path, batch.position, what); };
    ++report_.batches;
    if (header.base_offset != expected_)
      find(fmt::format("base offset {} where {} belongs", header.base_offset, expected_));
    if (header.leader_epoch < epoch_)
      find(fmt::format("leader epoch {} after {}", header.leader_epoch, epoch_));
    if (!epochs_.Agrees(header.base_offset, header.leader_epoch))
      find(fmt::format("leader epoch {}, not the one of {}", header.leader_epoch,
                       kEpochCheckpointName));
    if (header.last_offset_delta < 0)
      find(fmt::format("a last offset delta of {}", header.last_offset_delta));
    expected_ = AddOffsets(header.base_offset, Offset{header.last_offset_delta} + 1);
    epoch_ = std::max(epoch_, header.leader_epoch);
    if (!CheckBatchCrc(batch.bytes).ok()) {
      find("the CRC does not match");
      return header.max_timestamp;
    }
    Bytes scratch;
    BatchHeader at_zero = header;  // Only the deltas are wanted.
    at_zero.base_offset = 0;
    const auto block = DecompressRecords({at_zero, batch.bytes}, scratch, kDecompressedBytesMax);
    if (!block.ok()) {
      find(block.error().message());
      return header.max_timestamp;
    }
    TimestampMs largest = kNoTimestamp;
    RecordCursor cursor(at_zero, *block);
    cursor.Walk([&](const RecordView& record) {
      ++report_.records;
      largest = std::max(largest, record.timestamp);
      return true;
    });
    if (!cursor.status().ok())
      find(cursor.status().error().message());
    else if (header.records_count > 0 && header.max_timestamp != largest)
      find(fmt::format("the header says that {} is the largest timestamp, it is {}",
                       header.max_timestamp, largest));
    return largest;
  }

  // Behind the last batch of the active segment there may be prepared space, zeros.
  Status VerifyRest(const StoredBatches& batches, const std::string& path, bool active) {
    const std::uint64_t position = batches.position();
    if (position == batches.size_bytes()) return OkStatus();
    if (!active)
      Find(path, position,
           fmt::format("{} bytes behind the last batch of a sealed segment",
                       batches.size_bytes() - position));
    QALAM_ASSIGN_OR_RETURN(const bool zero, batches.RestIsZero());
    if (zero) return OkStatus();
    // A kill in the middle of a write leaves this too.
    const bool above = active && (!durable_ || expected_ >= durable_->durable_offset);
    Find(path, position,
         above ? "neither a batch nor zeros, behind what is known to be synced: a torn write is "
                 "cut at the next start"
               : "neither a batch nor zeros");
    return OkStatus();
  }

  void VerifySidecar(Offset base, const Digest& log, const std::optional<Bytes>& offset_index,
                     const std::optional<Bytes>& time_index, bool active) {
    const std::string path = Path(base, kCrcSuffix);
    const auto bytes = Read(path);
    if (!bytes) return;
    const auto sidecar = SegmentCrc::Decode(*bytes);
    if (!sidecar) return Find(path, 0, "damaged");
    const auto compare = [&](const char* name, const Digest& said, const Digest& found) {
      if (said.size_bytes == found.size_bytes) {
        if (said.crc != found.crc)
          Find(path, 0, fmt::format("the {}'s whole-file CRC does not match", name));
      } else if (!active) {  // An active segment's is of some moment before.
        Find(path, 0,
             fmt::format("is of {} bytes of the {}, which has {}", said.size_bytes, name,
                         found.size_bytes));
      }
    };
    compare("log", sidecar->log, log);
    const auto compare_index = [&](const char* name, const Digest& said,
                                   const std::optional<Bytes>& content) {
      if (!content) return;
      Digest found;
      found.Extend(*content);
      compare(name, said, found);
    };
    compare_index("index", sidecar->offset_index, offset_index);
    compare_index("time index", sidecar->time_index, time_index);
  }

  void VerifySnapshot(const std::string& name) {
    const std::string path = Path(name);
    const auto bytes = Read(path);
    if (!bytes) return;
    if (const auto state = ProducerState::DecodeSnapshot(*bytes); !state.ok())
      Find(path, 0, state.error().message());
  }

  FileSystem& fs_;
  const std::string directory_;
  VerifyReport& report_;
  std::optional<DurablePoint> durable_;
  EpochCache epochs_;
  Offset expected_ = 0;  // Where the next batch must begin.
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
    // Moved aside: deleted, or not the broker's to judge (docs/formats/data-directory.md).
    if (!entry.is_directory || entry.name.ends_with("-delete") || entry.name.ends_with("-stray")) {
      continue;
    }
    const std::string path = JoinPath(logs, entry.name);
    QALAM_ASSIGN_OR_RETURN(const auto inside, fs.List(path));
    if (IsPartition(inside)) QALAM_RETURN_IF_ERROR(PartitionVerifier(fs, path, report).Run());
  }
  if (report.partitions == 0 && logs == directory)
    return Error(ErrorCode::kInvalidArgument, directory + " holds no partition");
  return report;
}

}  // namespace qalam
