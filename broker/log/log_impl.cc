#include "broker/log/log_impl.h"

#include <algorithm>

#include "broker/log/epoch_job.h"
#include "broker/log/file_names.h"
#include "broker/log/log_errors.h"
#include "common/check.h"
#include "common/logging.h"
#include "common/mutant.h"

namespace qalam {
namespace {

constexpr std::size_t kSealedOpenMax = 64;  // Where the process shares no cache.
constexpr std::int64_t kRelativeOffsetMax = INT32_MAX;

}  // namespace

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
                                            : std::make_shared<SegmentCache>(kSealedOpenMax)),
      sealed_(fs_, options_.directory),
      active_digest_(recovered.active_digest),
      changed_since_open_(recovery_.recovered),
      last_append_(clock_.Now()),
      last_snapshot_(recovered.loose_snapshot) {
  for (const auto& segment : recovered.sealed) {
    sealed_.Push(
        {std::make_shared<Segment>(fs_, segment_cache_, options_.directory, segment.base_offset,
                                   options_.index_interval_bytes, segment.size_bytes),
         segment.end_offset, segment.size_bytes});
  }
  for (std::string& path : recovered.deletable) sealed_.AddDeletable(std::move(path), clock_.Now());
  // When it was written is not known; the records' own time is the best guess, if they have one,
  // but none of the future.
  if (recovered.active_bytes > 0) {
    const TimestampMs first = recovered.active_first_timestamp;
    active_since_ = first < 0 ? clock_.NowMs() : std::min(first, clock_.NowMs());
  }
  MakeActive(std::move(active_file), std::move(recovered.active_index), recovered.active_base,
             recovered.active_bytes);
  if (end_offset_ != checkpoint_->last()->durable_offset) changed_at_ = clock_.Now();
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
  active_ =
      std::make_shared<Segment>(fs_, segment_cache_, options_.directory, base,
                                options_.index_interval_bytes, OpenSegment{file, index_, true});
  writer_.emplace(fs_, PathOf(base, kLogSuffix), std::move(file), writer, size, end_offset_);
}

Status LogImpl::Fail(const Error& cause) {
  failed_ = Error(ErrorCode::kLogFailed, options_.directory + " stopped: " + cause.message());
  Logger("log").error("log failed dir={} cause={}", options_.directory, cause.ToString());
  return *failed_;
}

Status LogImpl::FailUnlessPassing(const Error& cause) {
  if (IsPassing(cause)) return cause;
  return Fail(cause);
}

void LogImpl::Publish() {
  LogSnapshot::Parts parts;
  parts.log_start_offset = log_start_offset_;
  parts.end_offset = end_offset_;
  parts.sealed_bytes = sealed_.size_bytes();
  parts.sealed = sealed_.spans();
  parts.active = {active_, end_offset_, writer_->end()};
  parts.recent = writer_->recent();
  parts.epochs = epochs_;
  view_.Store(std::make_shared<const LogSnapshot>(std::move(parts)));
}

// The caller stamps batches: what is wrong here is its bug. Returns the group's size.
std::size_t LogImpl::CheckGroup(std::span<const StampedBatch> group) const {
  QALAM_CHECK(!group.empty());
  // Recovery relies on it: no group is written before the one before it is durable.
  if (!MutantIs(Mutant::kWriteAheadOfSync)) {
    QALAM_CHECK(options_.flush_mode != FlushMode::kFsync ||
                (!sync_in_flight_ && durable_offset_ == end_offset_));
  }
  std::size_t group_bytes = 0;
  Offset next = end_offset_;
  Epoch epoch = epochs_->last_epoch();
  for (const StampedBatch& batch : group) {
    QALAM_CHECK(batch.header.base_offset == next);
    QALAM_CHECK(batch.header.last_offset_delta >= 0);
    QALAM_CHECK(batch.header.leader_epoch >= epoch);
    // One epoch a group: where it begins is written down before the group is.
    QALAM_CHECK(batch.header.leader_epoch == group.front().header.leader_epoch);
    QALAM_CHECK(static_cast<std::size_t>(batch.header.size_bytes()) ==
                kBatchHeaderBytes + batch.records.size());
    epoch = batch.header.leader_epoch;
    next = batch.header.next_offset();
    group_bytes += kBatchHeaderBytes + batch.records.size();
  }
  QALAM_CHECK(group_bytes <= options_.group_bytes_max);
  return group_bytes;
}

Status LogImpl::AppendGroup(std::span<const StampedBatch> group) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  std::size_t group_bytes = CheckGroup(group);
  QALAM_RETURN_IF_ERROR(StartEpoch(group.front().header.leader_epoch));
  if (MustRoll(group, group_bytes)) {
    QALAM_RETURN_IF_ERROR(Roll());
    if (MutantIs(Mutant::kDropAtRoll)) {
      group_bytes -= static_cast<std::size_t>(group.back().header.size_bytes());
      producers_.OnAppended(group.back().header);
      group = group.first(group.size() - 1);
      if (group.empty()) return OkStatus();
    }
  }
  const std::uint64_t begun = writer_->end();
  if (const Status written = writer_->Append(group, group_bytes); !written.ok()) {
    return FailUnlessPassing(written.error());
  }
  TakeIn(group, begun);
  bytes_since_point_ += group_bytes;
  if (bytes_since_point_ >= options_.checkpoint_bytes) point_due_ = true;
  dirty_ = true;
  changed_since_open_ = true;
  last_append_ = clock_.Now();
  if (!changed_at_) changed_at_ = last_append_;
  if (!active_since_) active_since_ = clock_.NowMs();
  Publish();
  return OkStatus();
}

void LogImpl::TakeIn(std::span<const StampedBatch> group, std::uint64_t begun) {
  std::uint64_t position = begun;
  for (const StampedBatch& batch : group) {
    index_->Add(batch.header, position);
    producers_.OnAppended(batch.header);
    position += static_cast<std::uint64_t>(batch.header.size_bytes());
  }
  if (active_digest_) {
    active_digest_->Extend(writer_->recent().back().chunk->view(begun, position));
  }
  end_offset_ = group.back().header.next_offset();
}

std::unique_ptr<EpochTicket> LogImpl::BeginEpoch(Epoch epoch) {
  owner_.AssertHeld();
  QALAM_CHECK(!epoch_in_flight_);
  if (failed_ || epoch <= epochs_->last_epoch()) return nullptr;
  EpochCache next = *epochs_;
  next.Assign(epoch, end_offset_);
  epoch_in_flight_ = true;
  return std::make_unique<EpochJob>(fs_, options_.directory, std::move(next));
}

Status LogImpl::OnEpochBegun(std::unique_ptr<EpochTicket> ticket, const Status& status) {
  owner_.AssertHeld();
  QALAM_CHECK(epoch_in_flight_);
  epoch_in_flight_ = false;
  if (failed_) return *failed_;
  if (!status.ok()) return FailUnlessPassing(status.error());
  const EpochCache::Entry begun = static_cast<const EpochJob&>(*ticket).epochs().entries().back();
  QALAM_CHECK(begun.start_offset == end_offset_);
  // Not the ticket's: the log may have been trimmed meanwhile.
  auto next = std::make_shared<EpochCache>(*epochs_);
  next->Assign(begun.epoch, begun.start_offset);
  epochs_ = std::move(next);
  return OkStatus();
}

Status LogImpl::StartEpoch(Epoch epoch) {
  auto ticket = BeginEpoch(epoch);
  if (!ticket) return OkStatus();
  const Status status = ticket->Run();
  return OnEpochBegun(std::move(ticket), status);
}

bool LogImpl::TooOld() const {
  return writer_->end() > 0 && active_since_ &&
         clock_.NowMs() - *active_since_ > options_.segment_age_max.count();
}

bool LogImpl::MustRoll(std::span<const StampedBatch> group, std::size_t group_bytes) const {
  if (writer_->end() == 0) return false;
  return writer_->end() + group_bytes > options_.segment_bytes_max ||
         group.back().header.last_offset() - active_->base_offset() > kRelativeOffsetMax ||
         index_->Full(options_.index_bytes_max) || TooOld();
}

// Seals the active segment and begins a new one at the log's end. Nothing of it is synced here: the
// next ticket makes old file, new file and directory durable before anything in the new one is
// acknowledged. On a passing error nothing has changed.
Status LogImpl::Roll() {
  // Left over from an attempt that ran out of descriptors, it is empty.
  auto created = OpenForWriting(fs_, options_, end_offset_, OpenOptions::Mode::kOpenOrCreate);
  if (!created.ok()) return FailUnlessPassing(created.error());
  if (created.value()->size_bytes() != 0) {
    return Fail(Error(ErrorCode::kConflict, PathOf(end_offset_, kLogSuffix) + " is there already"));
  }
  index_->Finish();
  if (const Status trimmed = writer_->TrimToEnd(); !trimmed.ok()) return Fail(trimmed.error());
  DeriveSealedFiles();
  sealed_unsynced_.push_back(writer_->file());
  directory_unsynced_ = true;
  active_->Seal(writer_->end());
  sealed_.Push({active_, end_offset_, writer_->end()});
  Logger("log").info("segment rolled dir={} base={} bytes={}", options_.directory,
                     active_->base_offset(), writer_->end());
  MakeActive(std::move(created).value(),
             std::make_shared<SegmentIndex>(end_offset_, options_.index_interval_bytes),
             end_offset_, 0);
  active_digest_.emplace();
  active_since_.reset();
  dirty_ = true;
  changed_since_open_ = true;
  point_due_ = true;
  Publish();
  return OkStatus();
}

// Indexes, sidecar and producer snapshot of the segment that ends here: written with the next
// ticket, since one that is under way may be writing the same files. The indexes are not synced:
// the sidecar tells whether they can be believed.
void LogImpl::DeriveSealedFiles() {
  const Offset base = active_->base_offset();
  derived_.push_back({PathOf(base, kIndexSuffix), 0, index_->EncodeOffsets(), false});
  derived_.push_back({PathOf(base, kTimeIndexSuffix), 0, index_->EncodeTimes(), false});
  derived_.push_back({PathOf(end_offset_, kSnapshotSuffix), 0, producers_.EncodeSnapshot(), true});
  SegmentCrc sidecar{active_digest_.value_or(Digest{}), index_->offsets_digest(),
                     index_->times_digest()};
  if (active_digest_) {
    derived_.push_back({PathOf(base, kCrcSuffix), 0, sidecar.Encode(), true});
  } else {
    open_sidecars_.push_back({PathOf(base, kCrcSuffix), writer_->file(), writer_->end(), sidecar});
  }
}

}  // namespace qalam
