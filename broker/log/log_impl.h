#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/log.h"
#include "broker/log/log_snapshot.h"
#include "broker/log/recovery.h"
#include "broker/log/retention.h"
#include "broker/log/segment_list.h"
#include "broker/log/segment_writer.h"
#include "broker/log/sync_job.h"
#include "common/published.h"
#include "common/thread_role.h"

namespace qalam {

// The Log over segment files. See log.h for the contract. In four files: log_impl.cc opens and
// appends, log_sync.cc makes durable and closes, log_upkeep.cc does what is done now and then,
// log_create.cc makes new ones.
class LogImpl final : public Log {
 public:
  LogImpl(FileSystem& fs, const Clock& clock, LogOptions options,
          std::unique_ptr<DurableCheckpoint> checkpoint, RecoveredLog recovered,
          std::shared_ptr<File> active_file);

  const RecoveryReport& recovery() const override { return recovery_; }
  Offset log_start_offset() const override { return log_start_offset_; }
  Offset end_offset() const override { return end_offset_; }
  Offset durable_offset() const override { return durable_offset_; }
  Epoch last_epoch() const override { return epochs_->last_epoch(); }
  ProducerState& producers() override { return producers_; }
  const std::optional<Error>& failed() const override { return failed_; }
  std::unique_ptr<EpochTicket> BeginEpoch(Epoch epoch) override;
  Status OnEpochBegun(std::unique_ptr<EpochTicket> ticket, const Status& status) override;
  Status AppendGroup(std::span<const StampedBatch> group) override;
  std::unique_ptr<SyncTicket> BeginSync() override;
  Result<Offset> OnSynced(std::unique_ptr<SyncTicket> ticket, const Status& status) override;
  Status Tick(MonotonicTime now) override;
  Result<Offset> ApplyRetention(std::optional<TimestampMs> retention_now,
                                Offset high_watermark) override;
  Result<Offset> Trim(Offset before, Offset high_watermark) override;
  std::vector<std::string> TakeDeletable(MonotonicTime now) override;
  std::optional<MonotonicTime> next_deletable() const override;
  Status Reconfigure(const LogOptions& options) override;
  Status Close() override;
  void ReleaseOwner() override { owner_.Release(); }
  std::shared_ptr<const LogView> view() const override { return view_.Load(); }

  // Opens the active segment's file for writing, direct where the options say so.
  static Result<std::shared_ptr<File>> OpenForWriting(FileSystem& fs, const LogOptions& options,
                                                      Offset base, OpenOptions::Mode mode);

 private:
  Status Fail(const Error& cause);
  // As Fail, but a full disk or table of descriptors is handed on and changes nothing.
  Status FailUnlessPassing(const Error& cause);
  std::string PathOf(Offset base, std::string_view suffix) const;
  void Publish();

  std::size_t CheckGroup(std::span<const StampedBatch> group) const;
  void TakeIn(std::span<const StampedBatch> group, std::uint64_t begun);
  Status StartEpoch(Epoch epoch);
  bool TooOld() const;
  bool MustRoll(std::span<const StampedBatch> group, std::size_t group_bytes) const;
  Status Roll();
  void DeriveSealedFiles();
  void MakeActive(std::shared_ptr<File> file, std::shared_ptr<SegmentIndex> index, Offset base,
                  std::uint64_t size);

  Status SyncAll();
  bool InForce(const LogOptions& options) const;
  DurablePoint PointHere() const;
  Status WritePoint(const DurablePoint& point);
  void AddCheckpoint(SyncJob::Parts& parts);

  bool SegmentsAreSynced() const;
  std::size_t CountToRemove(const RetentionRule& rule) const;
  DurablePoint PointWithout(std::size_t count) const;
  Status RemoveFirst(std::size_t count, DurablePoint point);

  FileSystem& fs_;
  const Clock& clock_;
  LogOptions options_;
  const std::unique_ptr<DurableCheckpoint> checkpoint_;  // The sync's while one is under way.
  RecoveryReport recovery_;
  std::optional<Error> failed_;
  ThreadRole owner_;

  Offset log_start_offset_;
  Offset end_offset_;
  Offset durable_offset_;
  std::shared_ptr<const EpochCache> epochs_;
  ProducerState producers_;

  std::shared_ptr<SegmentCache> segment_cache_;
  SegmentList sealed_;
  std::shared_ptr<Segment> active_;
  std::shared_ptr<SegmentIndex> index_;
  std::optional<SegmentWriter> writer_;
  std::optional<Digest> active_digest_;      // Of all bytes so far; nothing: read at sealing.
  std::optional<TimestampMs> active_since_;  // Wall clock of the first append here.

  bool epoch_in_flight_ = false;
  bool sync_in_flight_ = false;
  bool dirty_ = false;
  bool changed_since_open_ = false;  // Nothing to close otherwise.
  std::vector<std::shared_ptr<File>> sealed_unsynced_;
  std::vector<SyncJob::DerivedFile> derived_;  // Of sealed segments, for the next ticket.
  std::vector<SyncJob::OpenSidecar> open_sidecars_;
  bool directory_unsynced_ = false;
  std::uint64_t bytes_since_point_ = 0;
  bool point_due_ = false;
  std::optional<MonotonicTime> changed_at_;  // First change since the last checkpoint.
  MonotonicTime last_append_{};
  std::size_t index_entries_written_ = 0;
  std::size_t time_entries_written_ = 0;
  Offset last_snapshot_ = kNoOffset;  // One between segments' begins.
  Published<LogView> view_;
};

}  // namespace qalam
