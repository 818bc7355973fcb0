#include "broker/tools/log_dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/file_names.h"
#include "broker/log/partition_metadata.h"
#include "broker/log/segment_crc.h"
#include "broker/log/segment_index.h"
#include "broker/tools/stored_batches.h"
#include "common/byte_order.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kShownBytes = 60;

using Print = std::function<void(const DumpLine&)>;
using Fields = std::vector<std::pair<std::string, DumpValue>>;

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Printable, quoted, shortened.
std::string Shown(const std::optional<std::string>& bytes) {
  if (!bytes) return "null";
  std::string text = "\"";
  for (const char byte : bytes->substr(0, kShownBytes)) {
    const auto c = static_cast<unsigned char>(byte);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
      text.push_back(byte);
    else
      text += fmt::format("\\x{:02x}", c);
  }
  text += "\"";
  if (bytes->size() > kShownBytes) text += fmt::format("... ({} bytes)", bytes->size());
  return text;
}

std::string Shown(const std::string& name, const DumpValue& value) {
  if (name == "note") return std::get<std::string>(value);
  if (const auto* valid = std::get_if<bool>(&value)) return *valid ? name : "INVALID";
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return fmt::format("{}: {}", name, *number);
  if (const auto* text = std::get_if<std::string>(&value))
    return fmt::format("{}: {}", name, *text);
  return fmt::format("{}: {}", name, Shown(std::get<DumpBytes>(value).bytes));
}

DumpBytes Owned(const std::optional<BytesView>& bytes) {
  if (!bytes) return {};
  return {std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size())};
}

template <typename Integer>
DumpValue Number(Integer number) {
  return static_cast<std::int64_t>(number);
}

void DumpRecords(const StoredBatches::Item& batch, const Print& print) {
  const auto damaged = [&](const Error& error) {
    print({{{"records", DumpValue(error.ToString())}}, true});
  };
  Bytes scratch;
  BatchHeader at_zero = batch.header;  // The base offset may be anything.
  at_zero.base_offset = 0;
  const auto block = DecompressRecords({at_zero, batch.bytes}, scratch, kDecompressedBytesMax);
  if (!block.ok()) return damaged(block.error());
  RecordCursor cursor(at_zero, *block);
  while (true) {
    const auto record = cursor.Next();
    if (!record.ok()) return damaged(record.error());
    if (!*record) return;
    print({{{"offset", Number(AddOffsets(batch.header.base_offset, (*record)->offset))},
            {"timestamp", Number((*record)->timestamp)},
            {"key", Owned((*record)->key)},
            {"value", Owned((*record)->value)},
            {"headers", Number((*record)->headers_count)}},
           true});
  }
}

Fields BatchFields(const StoredBatches::Item& batch) {
  const BatchHeader& header = batch.header;
  const auto codec = CompressionFromBits(header.codec_bits());
  return {{"position", Number(batch.position)},
          {"baseOffset", Number(header.base_offset)},
          {"lastOffset", Number(AddOffsets(header.base_offset, header.last_offset_delta))},
          {"count", Number(header.records_count)},
          {"leaderEpoch", Number(header.leader_epoch)},
          {"producerId", Number(header.producer_id)},
          {"producerEpoch", Number(header.producer_epoch)},
          {"baseSequence", Number(header.base_sequence)},
          {"maxTimestamp", Number(header.max_timestamp)},
          {"size", Number(batch.bytes.size())},
          {"codec", std::string(codec.ok() ? CompressionName(*codec) : "unknown")},
          {"crc", Number(header.crc)},
          {"valid", CheckBatchCrc(batch.bytes).ok()}};
}

Status DumpLog(FileSystem& fs, const std::string& path, bool records, const Print& print) {
  QALAM_ASSIGN_OR_RETURN(auto batches, StoredBatches::Open(fs, path));
  while (true) {
    QALAM_ASSIGN_OR_RETURN(const auto batch, batches.Next());
    if (!batch) break;
    print({BatchFields(*batch)});
    if (records) DumpRecords(*batch, print);
  }
  const std::uint64_t position = batches.position();
  if (position == batches.size_bytes()) return OkStatus();
  // Prepared space is zero; anything else is damage.
  QALAM_ASSIGN_OR_RETURN(const bool zero, batches.RestIsZero());
  print(
      {{{"position", Number(position)},
        {"note", fmt::format("{} bytes behind the last batch, {}", batches.size_bytes() - position,
                             zero ? "zeros: prepared space" : "not a batch")}}});
  return OkStatus();
}

void DumpIndex(BytesView bytes, Offset base, const Print& print) {
  for (std::size_t at = 0; at + SegmentIndex::kOffsetEntryBytes <= bytes.size();
       at += SegmentIndex::kOffsetEntryBytes) {
    print({{{"offset", Number(AddOffsets(base, static_cast<std::int32_t>(LoadBig32(&bytes[at]))))},
            {"position", Number(LoadBig32(&bytes[at + 4]))}}});
  }
}

void DumpTimeIndex(BytesView bytes, Offset base, const Print& print) {
  for (std::size_t at = 0; at + SegmentIndex::kTimeEntryBytes <= bytes.size();
       at += SegmentIndex::kTimeEntryBytes) {
    print({{{"timestamp", Number(LoadBig64(&bytes[at]))},
            {"offset",
             Number(AddOffsets(base, static_cast<std::int32_t>(LoadBig32(&bytes[at + 8]))))}}});
  }
}

void DumpSnapshot(BytesView bytes, const Print& print) {
  constexpr std::size_t kHead = 10;
  constexpr std::size_t kEntry = 46;
  if (bytes.size() < kHead) {
    print({{{"note", std::string("shorter than its head")}}});
    return;
  }
  print({{{"version", Number(LoadBig16(&bytes[0]))},
          {"crc", Number(LoadBig32(&bytes[2]))},
          {"entries", Number(LoadBig32(&bytes[6]))}}});
  for (std::size_t at = kHead; at + kEntry <= bytes.size(); at += kEntry) {
    print({{{"producerId", Number(LoadBig64(&bytes[at]))},
            {"producerEpoch", Number(static_cast<std::int16_t>(LoadBig16(&bytes[at + 8])))},
            {"lastSequence", Number(static_cast<std::int32_t>(LoadBig32(&bytes[at + 10])))},
            {"lastOffset", Number(LoadBig64(&bytes[at + 14]))},
            {"offsetDelta", Number(static_cast<std::int32_t>(LoadBig32(&bytes[at + 22])))},
            {"timestamp", Number(LoadBig64(&bytes[at + 26]))}}});
  }
}

void DumpDurableCheckpoint(BytesView bytes, const Print& print) {
  const auto point = DurableCheckpoint::Newest(bytes);
  if (!point) {
    print({{{"note", std::string("no good slot")}}});
    return;
  }
  print({{{"durableOffset", Number(point->durable_offset)},
          {"segment", Number(point->segment_base)},
          {"position", Number(point->position)},
          {"logStartOffset", Number(point->log_start_offset)},
          {"flushMode", std::string(FlushModeName(point->flush_mode))},
          {"groupBytesMax", Number(point->group_bytes_max)}}});
}

void DumpSidecar(BytesView bytes, const Print& print) {
  const auto crc = SegmentCrc::Decode(bytes);
  if (!crc) {
    print({{{"note", std::string("damaged")}}});
    return;
  }
  const std::pair<const char*, const Digest&> digests[] = {
      {"log", crc->log}, {"index", crc->offset_index}, {"timeindex", crc->time_index}};
  for (const auto& [name, digest] : digests) {
    print({{{"of", std::string(name)},
            {"size", Number(digest.size_bytes)},
            {"crc32c", fmt::format("{:08x}", digest.crc)}}});
  }
}

}  // namespace

std::string DumpLine::Text() const {
  std::string text = is_record ? " " : "";
  for (const auto& [name, value] : fields) {
    if (!text.empty()) text.push_back(' ');
    text += Shown(name, value);
  }
  return text;
}

Status DumpLogFile(FileSystem& fs, const std::string& path, bool records, const Print& print) {
  const std::string name = FileName(path);
  const auto bytes = [&] { return ReadWholeFile(fs, path, kSmallFileBytesMax); };
  const auto begin = [&] { print({{{"file", path}}}); };
  if (ParseSegmentFileName(name, kLogSuffix)) {
    begin();
    return DumpLog(fs, path, records, print);
  }
  if (name == kEpochCheckpointName) {
    QALAM_ASSIGN_OR_RETURN(const EpochCache epochs, EpochCache::Load(fs, ParentPath(path)));
    begin();
    for (const auto& entry : epochs.entries())
      print({{{"epoch", Number(entry.epoch)}, {"startOffset", Number(entry.start_offset)}}});
    return OkStatus();
  }
  if (name == kPartitionMetadataName) {
    QALAM_ASSIGN_OR_RETURN(const Uuid topic_id, ReadPartitionMetadata(fs, ParentPath(path)));
    begin();
    print({{{"topicId", topic_id.ToString()}}});
    return OkStatus();
  }
  const auto index_base = ParseSegmentFileName(name, kIndexSuffix);
  const auto time_base = ParseSegmentFileName(name, kTimeIndexSuffix);
  const bool snapshot = ParseSegmentFileName(name, kSnapshotSuffix).has_value();
  const bool sidecar = ParseSegmentFileName(name, kCrcSuffix).has_value();
  if (!index_base && !time_base && !snapshot && !sidecar && name != kDurableCheckpointName) {
    return Error(ErrorCode::kInvalidArgument,
                 path +
                     " is not a file of a log: .log, .index, .timeindex, .snapshot, .crc, "
                     "partition.metadata or a checkpoint");
  }
  QALAM_ASSIGN_OR_RETURN(const Bytes content, bytes());
  begin();
  if (index_base)
    DumpIndex(content, *index_base, print);
  else if (time_base)
    DumpTimeIndex(content, *time_base, print);
  else if (snapshot)
    DumpSnapshot(content, print);
  else if (sidecar)
    DumpSidecar(content, print);
  else
    DumpDurableCheckpoint(content, print);
  return OkStatus();
}

Status DumpLogFile(FileSystem& fs, const std::string& path, bool records,
                   const std::function<void(const std::string&)>& print) {
  return DumpLogFile(fs, path, records, Print([&](const DumpLine& line) { print(line.Text()); }));
}

}  // namespace qalam
