#include "broker/partition/ring_file.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "broker/partition/ring_file_format.h"

namespace qalam {
namespace {

using ring_file::Block;
using ring_file::kBlockBytes;

constexpr std::size_t kEntries = RingShape::kBlockEntries;
constexpr std::size_t kBlocksTogether = 16;

std::uint64_t RandomId() {
  std::uint64_t id = 0;
  std::memcpy(&id, Uuid::Random().bytes.data(), sizeof id);
  return id;
}

// Blocks of one area, written in as few pieces as can be.
class AreaWriter {
 public:
  AreaWriter(File& file, Bytes& buffer, std::size_t area, std::size_t blocks)
      : file_(file), buffer_(buffer), area_(area), blocks_(blocks) {
    buffer_.clear();
  }
  std::span<std::byte, kBlockBytes> Next() {
    buffer_.resize(buffer_.size() + kBlockBytes);
    return std::span<std::byte, kBlockBytes>(buffer_.data() + buffer_.size() - kBlockBytes,
                                             kBlockBytes);
  }
  // What Next() gave is block `number` of all there ever were.
  Status Put(std::uint64_t number) {
    const std::size_t place = number % blocks_;
    if (buffer_.size() == kBlockBytes) first_ = place;
    const bool last = place + 1 == blocks_;
    return last || buffer_.size() == kBlocksTogether * kBlockBytes ? Flush() : OkStatus();
  }
  Status Flush() {
    if (buffer_.empty()) return OkStatus();
    const BytesView part(buffer_);
    const Status written = file_.WriteAt((area_ + first_) * kBlockBytes, {&part, 1});
    buffer_.clear();
    return written;
  }

 private:
  File& file_;
  Bytes& buffer_;
  const std::size_t area_;
  const std::size_t blocks_;
  std::size_t first_ = 0;
};

}  // namespace

RingFile::RingFile(FileSystem& fs, std::string path, const DecisionRing& ring)
    : fs_(fs), path_(std::move(path)), ring_(ring) {}

Status RingFile::Write() {
  const bool begins = file_ == nullptr;
  if (begins) QALAM_RETURN_IF_ERROR(Begin());
  const RingShape& shape = ring_.shape();
  QALAM_RETURN_IF_ERROR(
      WriteRing(ring_.refusals(), 1 + shape.decisions, shape.refusals, refusals_written_));
  QALAM_RETURN_IF_ERROR(WriteRing(ring_.decisions(), 1, shape.decisions, decisions_written_));
  // Last, so that they are all there that the entries refer to.
  QALAM_RETURN_IF_ERROR(WriteOrigins());
  return begins ? fs_.Rename(path_ + ".tmp", path_) : OkStatus();
}

Status RingFile::Begin() {
  OpenOptions options;
  options.mode = OpenOptions::Mode::kOpenOrCreate;
  QALAM_ASSIGN_OR_RETURN(file_, fs_.Open(path_ + ".tmp", options));
  QALAM_RETURN_IF_ERROR(file_->Truncate(0));
  id_ = RandomId();
  ring_file::Header header;
  header.decisions = static_cast<std::uint32_t>(ring_.shape().decisions);
  header.refusals = static_cast<std::uint32_t>(ring_.shape().refusals);
  header.origins = static_cast<std::uint32_t>(ring_.shape().origins);
  header.writer = ring_.writer();
  header.id = id_;
  header.whole_since = ring_.refusals_whole_since();
  Block block;
  EncodeHeader(header, block);
  const BytesView part(block);
  return file_->WriteAt(0, {&part, 1});
}

Status RingFile::WriteRing(const EntryRing& entries, std::size_t area, std::size_t blocks,
                           std::uint64_t& written) {
  const std::uint64_t end = entries.end();
  if (end == written) return OkStatus();
  AreaWriter writer(*file_, blocks_, area, blocks);
  // The oldest entries share their block's place with the newest ones.
  const std::uint64_t oldest = (entries.first() + kEntries - 1) / kEntries;
  std::array<RingEntry, kEntries> copied;
  for (std::uint64_t block = std::max(written / kEntries, oldest); block * kEntries < end;
       ++block) {
    const std::uint64_t first = block * kEntries;
    const std::size_t count = std::min<std::uint64_t>(kEntries, end - first);
    bool whole = true;
    for (std::size_t i = 0; i < count && whole; ++i) whole = entries.Read(first + i, copied[i]);
    if (!whole) {  // Overwritten meanwhile.
      QALAM_RETURN_IF_ERROR(writer.Flush());
      continue;
    }
    ring_file::EncodeBlock(id_, first, std::span(copied).first(count), writer.Next());
    QALAM_RETURN_IF_ERROR(writer.Put(block));
  }
  written = end;
  return writer.Flush();
}

Status RingFile::WriteOrigins() {
  const OriginTable& origins = ring_.origins();
  const std::uint64_t changes = origins.changes();
  if (changes == origins_written_) return OkStatus();
  const RingShape& shape = ring_.shape();
  AreaWriter writer(*file_, blocks_, 1 + shape.decisions + shape.refusals, shape.origins);
  std::array<RingEntry, kEntries> copied;
  for (std::size_t block = 0; block < shape.origins; ++block) {
    const std::size_t first = block * kEntries;
    const std::size_t count = std::min(kEntries, origins.slots() - first);
    for (std::size_t i = 0; i < count; ++i) copied[i] = ToEntry(origins.Read(first + i));
    ring_file::EncodeBlock(id_, first, std::span(copied).first(count), writer.Next());
    QALAM_RETURN_IF_ERROR(writer.Put(block));
  }
  origins_written_ = changes;
  return writer.Flush();
}

// --- reading ---

namespace {

class Restorer {
 public:
  Restorer(const File& file, const ring_file::Header& header, DecisionRing& ring)
      : file_(file), header_(header), ring_(ring) {}

  Result<RestoredRing> Run() {
    restored_.refusals_whole_since = header_.whole_since;
    blocks_ = file_.size_bytes() / kBlockBytes;
    const std::size_t decisions = header_.decisions;
    const std::size_t refusals = header_.refusals;
    QALAM_RETURN_IF_ERROR(ReadOrigins(1 + decisions + refusals));
    QALAM_RETURN_IF_ERROR(ReadArea(1 + decisions, refusals, [this](const RingEntry& entry) {
      if (KindOf(entry) == EntryKind::kText) ring_.RestoreRefusal(entry);
      if (KindOf(entry) != EntryKind::kRefusal) return;
      ring_.RestoreRefusal(Renamed(entry));
      if (!std::exchange(overwritten_, false)) return;
      // The oldest that is left of more than the file holds.
      restored_.refusals_whole_since =
          std::max(restored_.refusals_whole_since, FromEntry<RefusalDecision>(entry).at_ms);
    }));
    overwritten_ = false;
    QALAM_RETURN_IF_ERROR(ReadArea(1, decisions, [this](const RingEntry& entry) {
      const EntryKind kind = KindOf(entry);
      if (kind >= EntryKind::kBatch && kind <= EntryKind::kRead) ring_.Restore(Renamed(entry));
    }));
    return restored_;
  }

 private:
  // Nothing: it is damaged, or was never written.
  Result<std::optional<ring_file::BlockHead>> ReadBlock(std::size_t place) {
    const Status read = file_.ReadAt(place * kBlockBytes, block_);
    if (!read.ok() && read.error().code() != ErrorCode::kOutOfRange) return read.error();
    if (!read.ok()) return std::optional<ring_file::BlockHead>();
    auto head = ring_file::CheckBlock(header_.id, block_);
    const bool written =
        std::any_of(block_.begin(), block_.end(), [](std::byte b) { return b != std::byte{0}; });
    if (!head && written) ++restored_.damaged_blocks;
    return head;
  }

  Status ReadOrigins(std::size_t area) {
    origins_.resize(std::min<std::size_t>(header_.origins * kEntries, 0xffff));
    for (std::size_t i = 0; i < header_.origins && area + i < blocks_; ++i) {
      QALAM_ASSIGN_OR_RETURN(const auto head, ReadBlock(area + i));
      if (!head || head->first != i * kEntries) continue;
      for (std::size_t k = 0; k < head->count && head->first + k < origins_.size(); ++k) {
        const auto label = FromEntry<OriginLabel>(ring_file::EntryAt(block_, k));
        if (label.kind == EntryKind::kOrigin) origins_[head->first + k] = label;
      }
    }
    return OkStatus();
  }

  template <typename Take>
  Status ReadArea(std::size_t area, std::size_t blocks, const Take& take) {
    struct Found {
      std::uint64_t first;
      std::size_t place;
    };
    std::vector<Found> found;
    for (std::size_t i = 0; i < blocks && area + i < blocks_; ++i) {
      QALAM_ASSIGN_OR_RETURN(const auto head, ReadBlock(area + i));
      if (head && head->first / kEntries % blocks == i) found.push_back({head->first, area + i});
    }
    std::sort(found.begin(), found.end(),
              [](const Found& a, const Found& b) { return a.first < b.first; });
    overwritten_ = !found.empty() && found.front().first > 0;
    for (const Found& each : found) {
      QALAM_ASSIGN_OR_RETURN(const auto head, ReadBlock(each.place));
      for (std::size_t k = 0; head && k < head->count; ++k) {
        take(ring_file::EntryAt(block_, k));
      }
    }
    return OkStatus();
  }

  // With the sender's place in the new ring.
  RingEntry Renamed(RingEntry entry) {
    constexpr std::size_t kAt = offsetof(EntryHead, origin);
    auto* const bytes = reinterpret_cast<std::byte*>(entry.words.data());
    std::uint32_t origin = 0;
    std::memcpy(&origin, bytes + kAt, sizeof origin);
    if (origin == 0) return entry;
    const std::size_t slot = (origin & 0xffff) == 0 ? origins_.size() : OriginTable::SlotOf(origin);
    const bool known = slot < origins_.size() && OriginTable::Fits(origin, origins_[slot]);
    origin = known ? ring_.Intern(origins_[slot]) : 0;
    std::memcpy(bytes + kAt, &origin, sizeof origin);
    return entry;
  }

  const File& file_;
  const ring_file::Header& header_;
  DecisionRing& ring_;
  std::size_t blocks_ = 0;  // That the file has, whatever its header says.
  Block block_{};
  std::vector<OriginLabel> origins_;
  RestoredRing restored_;
  bool overwritten_ = false;  // The area's first entries.
};

}  // namespace

Result<RestoredRing> RestoreRing(FileSystem& fs, const std::string& path, DecisionRing& ring) {
  QALAM_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.Open(path, {}));
  Block block{};
  if (file->size_bytes() < kBlockBytes) return Error(ErrorCode::kCorruption, "too short");
  QALAM_RETURN_IF_ERROR(file->ReadAt(0, block));
  QALAM_ASSIGN_OR_RETURN(const ring_file::Header header, ring_file::DecodeHeader(block));
  return Restorer(*file, header, ring).Run();
}

}  // namespace qalam
