#include "broker/tools/log_dump.h"

#include <fmt/format.h>

#include <optional>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/file_names.h"
#include "broker/log/segment_crc.h"
#include "broker/log/segment_index.h"
#include "common/byte_order.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

constexpr std::size_t kSmallFileBytesMax = std::size_t{64} << 20;
constexpr std::size_t kDecompressedBytesMax = std::size_t{100} << 20;
constexpr std::size_t kShownBytes = 60;

using Print = std::function<void(const std::string&)>;

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Printable, quoted, shortened.
std::string Shown(const std::optional<BytesView>& bytes) {
  if (!bytes) return "null";
  std::string text = "\"";
  for (const std::byte byte : bytes->first(std::min(bytes->size(), kShownBytes))) {
    const auto c = std::to_integer<unsigned char>(byte);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
      text.push_back(static_cast<char>(c));
    else
      text += fmt::format("\\x{:02x}", c);
  }
  text += "\"";
  if (bytes->size() > kShownBytes) text += fmt::format("... ({} bytes)", bytes->size());
  return text;
}

void DumpRecords(const BatchSpan& batch, const Print& print) {
  Bytes scratch;
  const auto block = DecompressRecords(batch, scratch, kDecompressedBytesMax);
  if (!block.ok()) {
    print("  records: " + block.error().ToString());
    return;
  }
  RecordCursor cursor(batch.header, *block);
  while (true) {
    const auto record = cursor.Next();
    if (!record.ok()) print("  records: " + record.error().ToString());
    if (!record.ok() || !*record) return;
    print(fmt::format("  offset: {} timestamp: {} key: {} value: {} headers: {}", (*record)->offset,
                      (*record)->timestamp, Shown((*record)->key), Shown((*record)->value),
                      (*record)->headers_count));
  }
}

Status DumpLog(FileSystem& fs, const std::string& path, bool records, const Print& print) {
  QALAM_ASSIGN_OR_RETURN(const auto file, fs.Open(path, {}));
  const std::uint64_t size = file->size_bytes();
  std::uint64_t position = 0;
  Bytes bytes;
  while (size - position >= kBatchHeaderBytes) {
    bytes.resize(kBatchHeaderBytes);
    QALAM_RETURN_IF_ERROR(file->ReadAt(position, bytes));
    BatchHeader header = BatchHeader::Decode(bytes);
    const std::int64_t batch_bytes = header.size_bytes();
    if (header.magic != kBatchMagic || batch_bytes < static_cast<std::int64_t>(kBatchHeaderBytes) ||
        static_cast<std::uint64_t>(batch_bytes) > size - position) {
      break;
    }
    bytes.resize(static_cast<std::size_t>(batch_bytes));
    QALAM_RETURN_IF_ERROR(file->ReadAt(position, bytes));
    const auto codec = CompressionFromBits(header.codec_bits());
    print(
        fmt::format("position: {} baseOffset: {} lastOffset: {} count: {} leaderEpoch: {} "
                    "producerId: {} producerEpoch: {} "
                    "baseSequence: {} maxTimestamp: {} size: {} codec: {} crc: {} {}",
                    position, header.base_offset, header.last_offset(), header.records_count,
                    header.leader_epoch, header.producer_id, header.producer_epoch,
                    header.base_sequence, header.max_timestamp, batch_bytes,
                    codec.ok() ? CompressionName(*codec) : std::string_view("unknown"), header.crc,
                    CheckBatchCrc(bytes).ok() ? "valid" : "INVALID"));
    if (records) DumpRecords({header, bytes}, print);
    position += static_cast<std::uint64_t>(batch_bytes);
  }
  if (position == size) return OkStatus();
  // Prepared space is zero; anything else is damage.
  bool zero = true;
  bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size - position, 1u << 20)));
  QALAM_RETURN_IF_ERROR(file->ReadAt(position, bytes));
  for (const std::byte byte : bytes) zero = zero && byte == std::byte{0};
  print(fmt::format("position: {} {} bytes behind the last batch, {}", position, size - position,
                    zero ? "zeros: prepared space" : "not a batch"));
  return OkStatus();
}

void DumpIndex(BytesView bytes, Offset base, const Print& print) {
  for (std::size_t at = 0; at + SegmentIndex::kOffsetEntryBytes <= bytes.size();
       at += SegmentIndex::kOffsetEntryBytes) {
    print(fmt::format("offset: {} position: {}",
                      base + static_cast<std::int32_t>(LoadBig32(&bytes[at])),
                      LoadBig32(&bytes[at + 4])));
  }
}

void DumpTimeIndex(BytesView bytes, Offset base, const Print& print) {
  for (std::size_t at = 0; at + SegmentIndex::kTimeEntryBytes <= bytes.size();
       at += SegmentIndex::kTimeEntryBytes) {
    print(fmt::format("timestamp: {} offset: {}", static_cast<TimestampMs>(LoadBig64(&bytes[at])),
                      base + static_cast<std::int32_t>(LoadBig32(&bytes[at + 8]))));
  }
}

void DumpSnapshot(BytesView bytes, const Print& print) {
  constexpr std::size_t kHead = 10;
  constexpr std::size_t kEntry = 46;
  if (bytes.size() < kHead) {
    print("shorter than its head");
    return;
  }
  print(fmt::format("version: {} crc: {} entries: {}", LoadBig16(&bytes[0]), LoadBig32(&bytes[2]),
                    LoadBig32(&bytes[6])));
  for (std::size_t at = kHead; at + kEntry <= bytes.size(); at += kEntry) {
    print(
        fmt::format("producerId: {} producerEpoch: {} lastSequence: {} lastOffset: {} offsetDelta: "
                    "{} timestamp: {}",
                    static_cast<std::int64_t>(LoadBig64(&bytes[at])),
                    static_cast<std::int16_t>(LoadBig16(&bytes[at + 8])),
                    static_cast<std::int32_t>(LoadBig32(&bytes[at + 10])),
                    static_cast<std::int64_t>(LoadBig64(&bytes[at + 14])),
                    static_cast<std::int32_t>(LoadBig32(&bytes[at + 22])),
                    static_cast<std::int64_t>(LoadBig64(&bytes[at + 26]))));
  }
}

}  // namespace

Status DumpLogFile(FileSystem& fs, const std::string& path, bool records, const Print& print) {
  const std::string name = FileName(path);
  print("file: " + path);
  if (ParseSegmentFileName(name, kLogSuffix)) return DumpLog(fs, path, records, print);
  if (name == kEpochCheckpointName) {
    QALAM_ASSIGN_OR_RETURN(const EpochCache epochs, EpochCache::Load(fs, ParentPath(path)));
    for (const auto& entry : epochs.entries())
      print(fmt::format("epoch: {} startOffset: {}", entry.epoch, entry.start_offset));
    return OkStatus();
  }
  const auto bytes = [&] { return ReadWholeFile(fs, path, kSmallFileBytesMax); };
  if (name == kDurableCheckpointName) {
    QALAM_ASSIGN_OR_RETURN(const Bytes content, bytes());
    const auto point = DurableCheckpoint::Newest(content);
    if (!point) {
      print("no good slot");
      return OkStatus();
    }
    print(fmt::format(
        "durableOffset: {} segment: {} position: {} logStartOffset: {} flushMode: {} "
        "groupBytesMax: {}",
        point->durable_offset, point->segment_base, point->position, point->log_start_offset,
        static_cast<int>(point->flush_mode), point->group_bytes_max));
    return OkStatus();
  }
  if (const auto base = ParseSegmentFileName(name, kIndexSuffix)) {
    QALAM_ASSIGN_OR_RETURN(const Bytes content, bytes());
    DumpIndex(content, *base, print);
    return OkStatus();
  }
  if (const auto base = ParseSegmentFileName(name, kTimeIndexSuffix)) {
    QALAM_ASSIGN_OR_RETURN(const Bytes content, bytes());
    DumpTimeIndex(content, *base, print);
    return OkStatus();
  }
  if (ParseSegmentFileName(name, kSnapshotSuffix)) {
    QALAM_ASSIGN_OR_RETURN(const Bytes content, bytes());
    DumpSnapshot(content, print);
    return OkStatus();
  }
  if (ParseSegmentFileName(name, kCrcSuffix)) {
    QALAM_ASSIGN_OR_RETURN(const Bytes content, bytes());
    const auto crc = SegmentCrc::Decode(content);
    print(crc ? fmt::format("size: {} crc32c: {:08x}", crc->log.size_bytes, crc->log.crc) : "damaged");
    return OkStatus();
  }
  return Error(
      ErrorCode::kInvalidArgument,
      path + " is not a file of a log: .log, .index, .timeindex, .snapshot, .crc or a checkpoint");
}

}  // namespace qalam
