#include <algorithm>
#include <utility>

#include "broker/log/file_names.h"
#include "broker/log/log_errors.h"
#include "broker/log/log_impl.h"
#include "common/check.h"
#include "common/mutant.h"

namespace qalam {

// What may be claimed once everything written so far is synced.
DurablePoint LogImpl::PointHere() const {
  DurablePoint point;
  point.durable_offset = end_offset_;
  point.segment_base = active_->base_offset();
  point.position = writer_->end();
  point.log_start_offset = log_start_offset_;
  point.first_segment_base =
      sealed_.size() > 0 ? sealed_[0].segment->base_offset() : active_->base_offset();
  point.segments_count = static_cast<std::uint32_t>(sealed_.size() + 1);
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
  if (active_digest_) {
    const SegmentCrc sidecar{*active_digest_, index_->offsets_digest(), index_->times_digest()};
    parts.derived.push_back({PathOf(base, kCrcSuffix), 0, sidecar.Encode()});
  }
  index_entries_written_ = index_->offset_entries();
  time_entries_written_ = index_->time_entries();
  // Snapshots between segments are for recovery only: the one before is not needed any more.
  if (last_snapshot_ >= 0 && last_snapshot_ != end_offset_) {
    parts.remove.push_back(PathOf(last_snapshot_, kSnapshotSuffix));
  }
  const bool between = end_offset_ != base && !sealed_.IsBoundary(end_offset_);
  last_snapshot_ = between ? end_offset_ : kNoOffset;
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
    parts.files = std::exchange(sealed_unsynced_, {});
    parts.files.push_back(writer_->file());
    parts.derived = std::exchange(derived_, {});
    parts.sidecars = std::exchange(open_sidecars_, {});
    if (std::exchange(directory_unsynced_, false)) parts.directory = options_.directory;
    if (options_.flush_mode == FlushMode::kFsync && !MutantIs(Mutant::kWriteAheadOfSync)) {
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
  if (job.parts().prepare_file == writer_->file()) {
    if (job.prepared() == SyncJob::Prepared::kDone) {
      writer_->OnPrepared(job.parts().prepare_range.second);
    } else if (job.prepared() == SyncJob::Prepared::kNoSpace) {
      writer_->StopPreparing();
    }
  }
  if (job.checkpoint_postponed()) changed_at_ = clock_.Now();
  durable_offset_ = std::max(durable_offset_, ticket->end_offset());
  return durable_offset_;
}

// For what may wait for the disk; a failed sync fails the log.
Status LogImpl::SyncAll() {
  SyncJob::Parts parts;
  parts.files = std::exchange(sealed_unsynced_, {});
  parts.files.push_back(writer_->file());
  parts.derived = std::exchange(derived_, {});
  parts.sidecars = std::exchange(open_sidecars_, {});
  parts.directory = options_.directory;
  if (const Status synced = SyncJob(fs_, std::move(parts)).Run(); !synced.ok()) {
    return Fail(synced.error());
  }
  directory_unsynced_ = false;
  dirty_ = false;
  durable_offset_ = end_offset_;
  return OkStatus();
}

Status LogImpl::WritePoint(const DurablePoint& point) {
  const Status written = checkpoint_->Write(point);
  return written.ok() ? written : FailUnlessPassing(written.error());
}

// A damaged slot makes recovery refuse every torn tail, so it is written anew at once.
bool LogImpl::InForce(const LogOptions& options) const {
  return !checkpoint_->slot_damaged() && options.flush_mode == checkpoint_->last()->flush_mode &&
         options.group_bytes_max == checkpoint_->last()->group_bytes_max;
}

Status LogImpl::Reconfigure(const LogOptions& options) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  if (sync_in_flight_) return Error(ErrorCode::kOverloaded, "a sync is under way, try again");
  if (!InForce(options)) {
    // Only what is synced may be claimed, so this waits for the disk; settings change rarely.
    QALAM_RETURN_IF_ERROR(SyncAll());
    DurablePoint point = PointHere();
    point.flush_mode = options.flush_mode;
    point.group_bytes_max = options.group_bytes_max;
    QALAM_RETURN_IF_ERROR(WritePoint(point));
    changed_at_.reset();
  }
  const std::string directory = options_.directory;
  const std::size_t alignment = options_.direct_alignment;
  options_ = options;
  options_.directory = directory;
  options_.direct_alignment = alignment;
  writer_->set_recent_bytes_max(options_.recent_bytes_max);
  return OkStatus();
}

Status LogImpl::Close() {
  owner_.AssertHeld();
  QALAM_CHECK(!epoch_in_flight_);
  if (failed_) return *failed_;
  QALAM_CHECK(!sync_in_flight_);
  const Error closed(ErrorCode::kShuttingDown, options_.directory + " is closed");
  if (!changed_since_open_) {
    failed_ = closed;
    return OkStatus();
  }
  index_->Finish();
  if (const Status trimmed = writer_->TrimToEnd(); !trimmed.ok()) return Fail(trimmed.error());
  DeriveSealedFiles();
  if (last_snapshot_ >= 0 && last_snapshot_ != end_offset_) {
    (void)fs_.Remove(PathOf(last_snapshot_, kSnapshotSuffix));
  }
  QALAM_RETURN_IF_ERROR(SyncAll());
  QALAM_RETURN_IF_ERROR(WritePoint(PointHere()));
  failed_ = closed;
  return OkStatus();
}

}  // namespace qalam
