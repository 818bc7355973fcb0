#include "broker/log/log_impl.h"

#include <algorithm>
#include <array>

#include "broker/log/file_names.h"
#include "broker/log/partition_metadata.h"
#include "broker/log/retention.h"
#include "broker/log/segment_crc.h"
#include "common/check.h"
#include "common/crc32c.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::size_t kSealedOpenMax = 64;  // Where the process shares no cache.
constexpr std::chrono::seconds kIdleAfter{10};
constexpr std::int64_t kRelativeOffsetMax = INT32_MAX;

// CRC of the log's first `size` bytes, from the sidecar as far as that goes and from the file
// beyond.
std::optional<std::uint32_t> CrcSoFar(FileSystem& fs, const File& file, const std::string& crc_path,
                                      std::uint64_t size) {
  constexpr std::uint64_t kReadMax = std::uint64_t{256} << 20;  // More is not worth a slow start.
  SegmentCrc known;
  if (const auto sidecar = SegmentCrc::Load(fs, crc_path); sidecar && sidecar->size_bytes <= size) {
    known = *sidecar;
  }
  if (size - known.size_bytes > kReadMax) return std::nullopt;
  Bytes buffer;
  while (known.size_bytes < size) {
    buffer.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(size - known.size_bytes, 1u << 20)));
    if (!file.ReadAt(known.size_bytes, buffer).ok()) return std::nullopt;
    known.crc = Crc32cExtend(known.crc, buffer);
    known.size_bytes += buffer.size();
  }
  return known.crc;
}

}  // namespace

Status Log::Create(FileSystem& fs, const LogOptions& options, const Uuid& topic_id) {
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs.Exists(options.directory));
  if (exists) {
    QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(options.directory));
    if (!entries.empty())
      return Error(ErrorCode::kConflict, options.directory + " exists and is not empty");
  }
  QALAM_RETURN_IF_ERROR(fs.CreateDirectory(options.directory));
  {
    QALAM_ASSIGN_OR_RETURN(const auto file,
                           LogImpl::OpenForWriting(fs, options, 0, OpenOptions::Mode::kCreate));
    QALAM_RETURN_IF_ERROR(file->Sync());
    QALAM_ASSIGN_OR_RETURN(const auto checkpoint, DurableCheckpoint::Open(fs, options.directory));
    DurablePoint point;
    point.flush_mode = options.flush_mode;
    point.group_bytes_max = options.group_bytes_max;
    QALAM_RETURN_IF_ERROR(checkpoint->Write(point));
  }
  // The directory is complete once this is in it.
  QALAM_RETURN_IF_ERROR(WritePartitionMetadata(fs, options.directory, topic_id));
  return fs.SyncDirectory(ParentPath(options.directory));
}

Result<std::unique_ptr<Log>> Log::Open(FileSystem& fs, const Clock& clock,
                                       const LogOptions& options, const Uuid& topic_id,
                                       bool clean) {
  QALAM_ASSIGN_OR_RETURN(const Uuid found, ReadPartitionMetadata(fs, options.directory));
  if (found != topic_id) {
    return Error(ErrorCode::kWrongNode, options.directory + " belongs to topic id " +
                                            found.ToString() + ", not to " + topic_id.ToString());
  }
  QALAM_ASSIGN_OR_RETURN(auto checkpoint, DurableCheckpoint::Open(fs, options.directory));
  QALAM_ASSIGN_OR_RETURN(RecoveredLog recovered, RecoverLog(fs, options, *checkpoint, clean));
  QALAM_ASSIGN_OR_RETURN(auto file, LogImpl::OpenForWriting(fs, options, recovered.active_base,
                                                            OpenOptions::Mode::kReadWrite));
  const bool scanned = recovered.report.recovered;
  auto log = std::make_unique<LogImpl>(fs, clock, options, std::move(checkpoint),
                                       std::move(recovered), std::move(file));
  // What recovery found is synced; saying so makes the next recovery start here. It also puts flush
  // mode and group size in force.
  if (scanned) QALAM_RETURN_IF_ERROR(log->Reconfigure(options));
  log->ReleaseOwner();
  return std::unique_ptr<Log>(std::move(log));
}

Result<std::shared_ptr<File>> LogImpl::OpenForWriting(FileSystem& fs, const LogOptions& options,
                                                      Offset base, OpenOptions::Mode mode) {
  QALAM_ASSIGN_OR_RETURN(auto file,
                         fs.Open(JoinPath(options.directory, SegmentFileName(base, kLogSuffix)),
                                 {.mode = mode, .direct = options.direct_alignment > 0}));
  return std::shared_ptr<File>(std::move(file));
}

LogImpl::LogImpl(FileSystem& fs, const Clock& clock, LogOptions options,
                 std::unique_ptr<DurableCheckpoint> checkpoint, RecoveredLog recovered,
                 std::shared_ptr<File> active_file)
    : fs_(fs),
      clock_(clock),
      options_(std::move(options)),
      checkpoint_(std::move(checkpoint)),
      recovery_(std::move(recovered.report)),
      log_start_offset_(recovered.log_start_offset),
      end_offset_(recovered.end_offset),
      durable_offset_(recovered.end_offset),
      epochs_(std::make_shared<const EpochCache>(std::move(recovered.epochs))),
      producers_(std::move(recovered.producers)),
      segment_cache_(options_.segment_cache ? options_.segment_cache
                                            : std::make_shared<SegmentCache>(kSealedOpenMax)) {
  auto sealed = std::make_shared<std::vector<SegmentSpan>>();
  for (const auto& segment : recovered.sealed) {
    sealed->push_back(
        {std::make_shared<Segment>(fs_, segment_cache_, options_.directory, segment.base_offset,
                                   options_.index_interval_bytes),
         segment.end_offset, segment.size_bytes});
    sealed_bytes_ += segment.size_bytes;
  }
  sealed_ = std::move(sealed);
  changed_since_open_ = recovery_.recovered;
  if (recovered.active_bytes > 0) active_since_ = recovered.active_first_timestamp;
  active_crc_ = CrcSoFar(fs_, *active_file, PathOf(recovered.active_base, kCrcSuffix),
                         recovered.active_bytes);
  MakeActive(std::move(active_file), std::move(recovered.active_index), recovered.active_base,
             recovered.active_bytes);
  Publish();
}

std::string LogImpl::PathOf(Offset base, std::string_view suffix) const {
  return JoinPath(options_.directory, SegmentFileName(base, suffix));
}

void LogImpl::MakeActive(std::shared_ptr<File> file, std::shared_ptr<SegmentIndex> index,
                         Offset base, std::uint64_t size) {
  index_ = std::move(index);
  index_entries_written_ = 0;
  time_entries_written_ = 0;
  SegmentWriter::Options writer;
  writer.alignment = file->write_alignment();
  writer.recent_bytes_max = options_.recent_bytes_max;
  writer.prepare_end_max = options_.segment_bytes_max;
  active_ = std::make_shared<Segment>(fs_, segment_cache_, options_.directory, base,
                                      options_.index_interval_bytes, OpenSegment{file, index_});
  writer_.emplace(std::move(file), writer, size, end_offset_);
}

Status LogImpl::Fail(const Error& cause) {
  failed_ = Error(ErrorCode::kLogFailed, options_.directory + " stopped: " + cause.message());
  Logger("log").error("log failed dir={} cause={}", options_.directory, cause.ToString());
  return *failed_;
}

Status LogImpl::StartEpoch(Epoch epoch) {
  if (epoch <= epochs_->last_epoch()) return OkStatus();
  auto next = std::make_shared<EpochCache>(*epochs_);
  next->Assign(epoch, end_offset_);
  const Status saved = next->Save(fs_, options_.directory);
  if (!saved.ok()) {
    if (saved.error().code() == ErrorCode::kNoSpace) return saved;
    return Fail(saved.error());
  }
  epochs_ = std::move(next);
  return OkStatus();
}

Status LogImpl::AppendGroup(std::span<const StampedBatch> group) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  QALAM_CHECK(!group.empty() && group.front().header.base_offset == end_offset_);
  QALAM_CHECK(options_.flush_mode != FlushMode::kFsync || !sync_in_flight_);
  std::size_t group_bytes = 0;
  Offset next = end_offset_;
  for (const StampedBatch& batch : group) {
    QALAM_CHECK(batch.header.base_offset == next);
    QALAM_CHECK(static_cast<std::size_t>(batch.header.size_bytes()) ==
                kBatchHeaderBytes + batch.records.size());
    next = batch.header.next_offset();
    group_bytes += kBatchHeaderBytes + batch.records.size();
  }
  QALAM_CHECK(group_bytes <= options_.group_bytes_max);
  QALAM_RETURN_IF_ERROR(StartEpoch(group.back().header.leader_epoch));
  if (MustRoll(group, group_bytes)) QALAM_RETURN_IF_ERROR(Roll());

  const std::uint64_t begun = writer_->end();
  if (const Status written = writer_->Append(group, group_bytes); !written.ok()) {
    if (written.error().code() == ErrorCode::kNoSpace) return written;
    return Fail(written.error());
  }
  std::uint64_t position = begun;
  for (const StampedBatch& batch : group) {
    index_->Add(batch.header, position);
    producers_.OnAppended(batch.header);
    position += static_cast<std::uint64_t>(batch.header.size_bytes());
  }
  if (active_crc_) {
    active_crc_ = Crc32cExtend(*active_crc_, writer_->recent().back().chunk->view(begun, position));
  }
  end_offset_ = next;
  dirty_ = true;
  changed_since_open_ = true;
  bytes_since_point_ += group_bytes;
  last_append_ = clock_.Now();
  if (!changed_at_) changed_at_ = last_append_;
  if (!active_since_) active_since_ = clock_.NowMs();
  if (bytes_since_point_ >= options_.checkpoint_bytes) point_due_ = true;
  Publish();
  return OkStatus();
}

bool LogImpl::MustRoll(std::span<const StampedBatch> group, std::size_t group_bytes) const {
  if (writer_->end() == 0) return false;
  return writer_->end() + group_bytes > options_.segment_bytes_max ||
         group.back().header.last_offset() - active_->base_offset() > kRelativeOffsetMax ||
         index_->Full(options_.index_bytes_max) ||
         (active_since_ && clock_.NowMs() - *active_since_ > options_.segment_age_max.count());
}

Status LogImpl::Roll() {
  auto created = OpenForWriting(fs_, options_, end_offset_, OpenOptions::Mode::kCreate);
  if (!created.ok()) {
    if (created.error().code() == ErrorCode::kNoSpace ||
        created.error().code() == ErrorCode::kTooManyRequests) {
      return std::move(created).error();
    }
    return Fail(created.error());
  }
  index_->Finish();
  if (const Status trimmed = writer_->TrimToEnd(); !trimmed.ok()) return Fail(trimmed.error());
  WriteSealedFiles();
  sealed_unsynced_.push_back(writer_->file());
  directory_unsynced_ = true;
  active_->Seal();
  auto sealed = std::make_shared<std::vector<SegmentSpan>>(*sealed_);
  sealed->push_back({active_, end_offset_, writer_->end()});
  sealed_bytes_ += writer_->end();
  sealed_ = std::move(sealed);
  Logger("log").info("segment rolled dir={} base={} bytes={}", options_.directory,
                     active_->base_offset(), writer_->end());

  MakeActive(std::move(created).value(),
             std::make_shared<SegmentIndex>(end_offset_, options_.index_interval_bytes),
             end_offset_, 0);
  active_crc_ = 0;
  active_since_.reset();
  dirty_ = true;
  changed_since_open_ = true;
  point_due_ = true;
  Publish();
  return OkStatus();
}

// Indexes, CRC and producer snapshot of the segment that ends here. All can be rebuilt, so an error
// is a warning; what was written is synced with the next ticket.
void LogImpl::WriteSealedFiles() {
  const Offset base = active_->base_offset();
  const auto write = [&](const std::string& path, const Bytes& bytes) {
    auto file = fs_.Open(path, {.mode = OpenOptions::Mode::kOpenOrCreate});
    Status status = file.ok() ? file.value()->Truncate(0) : Status(file.error());
    if (status.ok() && !bytes.empty()) {
      const std::array<BytesView, 1> parts = {BytesView(bytes)};
      status = file.value()->WriteAt(0, parts);
    }
    if (!status.ok()) {
      Logger("log").warn("derived file not written path={} error={}", path,
                         status.error().ToString());
      return;
    }
    sealed_unsynced_.push_back(std::move(file).value());
  };
  write(PathOf(base, kIndexSuffix), index_->EncodeOffsets());
  write(PathOf(base, kTimeIndexSuffix), index_->EncodeTimes());
  write(PathOf(end_offset_, kSnapshotSuffix), producers_.EncodeSnapshot());
  if (active_crc_)
    write(PathOf(base, kCrcSuffix), SegmentCrc{writer_->end(), *active_crc_}.Encode());
}

DurablePoint LogImpl::PointHere() const {
  DurablePoint point;
  point.durable_offset = end_offset_;
  point.segment_base = active_->base_offset();
  point.position = writer_->end();
  point.log_start_offset = log_start_offset_;
  point.flush_mode = options_.flush_mode;
  point.group_bytes_max = options_.group_bytes_max;
  return point;
}

void LogImpl::AddCheckpoint(SyncJob::Parts& parts) {
  parts.checkpoint = checkpoint_.get();
  parts.point = PointHere();
  const Offset base = active_->base_offset();
  parts.derived.push_back({PathOf(base, kIndexSuffix),
                           index_entries_written_ * SegmentIndex::kOffsetEntryBytes,
                           index_->EncodeOffsets(index_entries_written_)});
  parts.derived.push_back({PathOf(base, kTimeIndexSuffix),
                           time_entries_written_ * SegmentIndex::kTimeEntryBytes,
                           index_->EncodeTimes(time_entries_written_)});
  parts.derived.push_back({PathOf(end_offset_, kSnapshotSuffix), 0, producers_.EncodeSnapshot()});
  if (active_crc_) {
    parts.derived.push_back(
        {PathOf(base, kCrcSuffix), 0, SegmentCrc{writer_->end(), *active_crc_}.Encode()});
  }
  index_entries_written_ = index_->offset_entries();
  time_entries_written_ = index_->time_entries();
  // Snapshots between segments are for recovery only: the one before is not needed any more.
  const bool at_a_base =
      std::any_of(sealed_->begin(), sealed_->end(),
                  [&](const SegmentSpan& span) { return span.end_offset == last_snapshot_; });
  if (last_snapshot_ >= 0 && last_snapshot_ != end_offset_ && !at_a_base) {
    parts.remove.push_back(PathOf(last_snapshot_, kSnapshotSuffix));
  }
  last_snapshot_ = end_offset_;
  point_due_ = false;
  bytes_since_point_ = 0;
  changed_at_.reset();
}

std::unique_ptr<SyncTicket> LogImpl::BeginSync() {
  owner_.AssertHeld();
  if (failed_ || sync_in_flight_ || (!dirty_ && !point_due_)) return nullptr;
  SyncJob::Parts parts;
  parts.end_offset = end_offset_;
  if (dirty_) {
    parts.files = std::move(sealed_unsynced_);
    sealed_unsynced_.clear();
    parts.files.push_back(writer_->file());
    if (std::exchange(directory_unsynced_, false)) parts.directory = options_.directory;
    if (options_.flush_mode == FlushMode::kFsync) {
      if (const auto range = writer_->RangeToPrepare()) {
        parts.prepare_file = writer_->file();
        parts.prepare_range = *range;
      }
    }
  }
  if (point_due_) AddCheckpoint(parts);
  dirty_ = false;
  sync_in_flight_ = true;
  return std::make_unique<SyncJob>(fs_, std::move(parts));
}

Result<Offset> LogImpl::OnSynced(std::unique_ptr<SyncTicket> ticket, const Status& status) {
  owner_.AssertHeld();
  QALAM_CHECK(sync_in_flight_);
  sync_in_flight_ = false;
  if (failed_) return *failed_;
  if (!status.ok()) return Fail(status.error()).error();
  const auto& job = static_cast<const SyncJob&>(*ticket);
  if (job.prepared() && job.parts().prepare_file == writer_->file()) {
    writer_->OnPrepared(job.parts().prepare_range.second);
  }
  durable_offset_ = std::max(durable_offset_, ticket->end_offset());
  return durable_offset_;
}

Status LogImpl::Tick(MonotonicTime now) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  if (changed_at_ && now - *changed_at_ >= options_.checkpoint_interval) point_due_ = true;
  if (!sync_in_flight_ && !writer_->recent().empty() && now - last_append_ >= kIdleAfter) {
    writer_->DropRecent();
    Publish();
  }
  return OkStatus();
}

Result<Offset> LogImpl::ApplyRetention(std::optional<TimestampMs> retention_now,
                                       Offset high_watermark) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  std::vector<RetentionSegment> segments;
  for (const SegmentSpan& span : *sealed_) {
    RetentionSegment segment{span.end_offset, span.size_bytes, kNoTimestamp};
    if (retention_now && options_.retention_ms >= 0) {
      QALAM_ASSIGN_OR_RETURN(const auto open, span.segment->Open(span.size_bytes));
      segment.largest_timestamp = open->index->largest_timestamp();
    }
    segments.push_back(segment);
  }
  RetentionRule rule{options_.retention_bytes, options_.retention_ms, retention_now,
                     log_start_offset_, high_watermark};
  std::size_t count = SegmentsToRemove(segments, writer_->end(), rule);
  // All sealed ones go and the active one is due too: it is sealed first, and goes with them.
  const RetentionSegment active{end_offset_, writer_->end(), index_->largest_timestamp()};
  if (count == segments.size() && writer_->end() > 0 && !sync_in_flight_ && !dirty_ &&
      ExpiredByTime(active, rule)) {
    QALAM_RETURN_IF_ERROR(Roll());
    ++count;
  }
  if (count > 0) {
    RemoveSegmentsBefore(count);
    Publish();
  }
  return log_start_offset_;
}

Result<Offset> LogImpl::Trim(Offset before, Offset high_watermark) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  if (before < 0 || before > high_watermark) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 "can't trim to offset " + std::to_string(before) + ": the log has " +
                     std::to_string(log_start_offset_) + " to " + std::to_string(high_watermark))
        .With("log_start_offset", log_start_offset_)
        .With("high_watermark", high_watermark);
  }
  if (before <= log_start_offset_) return log_start_offset_;
  if (sync_in_flight_) return Error(ErrorCode::kOverloaded, "a sync is under way, try again");
  // The checkpoint as it is, but for the log's start: nothing else is claimed.
  DurablePoint point = checkpoint_->last() ? *checkpoint_->last() : PointHere();
  point.log_start_offset = before;
  QALAM_RETURN_IF_ERROR(WritePoint(point));
  log_start_offset_ = before;
  auto epochs = std::make_shared<EpochCache>(*epochs_);
  epochs->TruncateFromStart(before);
  epochs_ = std::move(epochs);
  std::size_t count = 0;
  while (count < sealed_->size() && (*sealed_)[count].end_offset <= before) ++count;
  if (count > 0) RemoveSegmentsBefore(count);
  Publish();
  return log_start_offset_;
}

Status LogImpl::WritePoint(DurablePoint point) {
  const Status written = checkpoint_->Write(point);
  if (written.ok() || written.error().code() == ErrorCode::kNoSpace) return written;
  return Fail(written.error());
}

// Renames the files of the first `count` sealed segments; they are unlinked later.
void LogImpl::RemoveSegmentsBefore(std::size_t count) {
  const MonotonicTime due = clock_.Now() + options_.file_delete_delay;
  auto sealed = std::make_shared<std::vector<SegmentSpan>>(
      sealed_->begin() + static_cast<std::ptrdiff_t>(count), sealed_->end());
  for (std::size_t i = 0; i < count; ++i) {
    const SegmentSpan& span = (*sealed_)[i];
    // What readers hold stays open; what they would open next must be open before the name goes.
    (void)span.segment->Open(span.size_bytes);
    for (const std::string_view suffix :
         {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kSnapshotSuffix, kCrcSuffix}) {
      const std::string path = PathOf(span.segment->base_offset(), suffix);
      const std::string gone = path + std::string(kDeletedSuffix);
      if (fs_.Rename(path, gone).ok()) retired_.push_back({gone, due});
    }
    sealed_bytes_ -= span.size_bytes;
    log_start_offset_ = std::max(log_start_offset_, span.end_offset);
    Logger("log").info("segment removed dir={} base={} bytes={}", options_.directory,
                       span.segment->base_offset(), span.size_bytes);
  }
  sealed_ = std::move(sealed);
}

std::vector<std::string> LogImpl::TakeDeletable(MonotonicTime now) {
  owner_.AssertHeld();
  std::vector<std::string> paths;
  std::erase_if(retired_, [&](Retired& retired) {
    if (retired.due > now) return false;
    paths.push_back(std::move(retired.path));
    return true;
  });
  return paths;
}

Status LogImpl::Reconfigure(const LogOptions& options) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  const bool judged_differently = !checkpoint_->last() ||
                                  options.flush_mode != checkpoint_->last()->flush_mode ||
                                  options.group_bytes_max != checkpoint_->last()->group_bytes_max;
  if (judged_differently || durable_offset_ != checkpoint_->last()->durable_offset) {
    // Only what is synced may be claimed, so this waits for the disk; settings change rarely.
    for (const auto& file : sealed_unsynced_) {
      if (const Status synced = file->Sync(); !synced.ok()) return Fail(synced.error());
    }
    if (const Status synced = writer_->file()->Sync(); !synced.ok()) return Fail(synced.error());
    if (directory_unsynced_) QALAM_RETURN_IF_ERROR(fs_.SyncDirectory(options_.directory));
    DurablePoint point = PointHere();
    point.flush_mode = options.flush_mode;
    point.group_bytes_max = options.group_bytes_max;
    QALAM_RETURN_IF_ERROR(WritePoint(point));
  }
  const std::string directory = options_.directory;
  const std::size_t alignment = options_.direct_alignment;
  options_ = options;
  options_.directory = directory;
  options_.direct_alignment = alignment;
  return OkStatus();
}

Status LogImpl::Close() {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  QALAM_CHECK(!sync_in_flight_);
  const Error closed(ErrorCode::kShuttingDown, options_.directory + " is closed");
  if (!changed_since_open_) {
    failed_ = closed;
    return OkStatus();
  }
  index_->Finish();
  if (const Status trimmed = writer_->TrimToEnd(); !trimmed.ok()) return Fail(trimmed.error());
  WriteSealedFiles();
  for (const auto& file : sealed_unsynced_) {
    if (const Status synced = file->Sync(); !synced.ok()) return Fail(synced.error());
  }
  if (const Status synced = writer_->file()->Sync(); !synced.ok()) return Fail(synced.error());
  if (last_snapshot_ >= 0 && last_snapshot_ != end_offset_ &&
      last_snapshot_ > active_->base_offset()) {
    (void)fs_.Remove(PathOf(last_snapshot_, kSnapshotSuffix));
  }
  QALAM_RETURN_IF_ERROR(fs_.SyncDirectory(options_.directory));
  QALAM_RETURN_IF_ERROR(WritePoint(PointHere()));
  durable_offset_ = end_offset_;
  failed_ = closed;
  return OkStatus();
}

void LogImpl::Publish() {
  LogSnapshot::Parts parts;
  parts.log_start_offset = log_start_offset_;
  parts.end_offset = end_offset_;
  parts.sealed_bytes = sealed_bytes_;
  parts.sealed = sealed_;
  parts.active = {active_, end_offset_, writer_->end()};
  parts.recent = writer_->recent();
  parts.epochs = epochs_;
  view_.Store(std::make_shared<const LogSnapshot>(std::move(parts)));
}

}  // namespace qalam
