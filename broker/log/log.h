#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/log/log_options.h"
#include "broker/log/log_view.h"
#include "broker/log/producer_state.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
#include "common/result.h"

namespace qalam {

// A batch with its place: `header` as stored (base offset and leader epoch stamped), then `records`
// as received. `records` must live until AppendGroup returns.
struct StampedBatch {
  BatchHeader header;
  BytesView records;
};

// What a pool thread must make durable, and up to which offset that reaches. `Run` touches only
// files that the writer leaves alone meanwhile. Thread: Run from any one thread, once.
class SyncTicket {
 public:
  virtual ~SyncTicket() = default;
  virtual Status Run() = 0;  // Blocks. Errors: kIo.
  virtual Offset end_offset() const = 0;
};

// What a pool thread must make durable before an epoch's first batch is written: where it begins.
// Touches a file that nobody else writes meanwhile. Thread: Run from any one thread, once.
class EpochTicket {
 public:
  virtual ~EpochTicket() = default;
  virtual Status Run() = 0;  // Blocks. Errors: kNoSpace, kTooManyRequests, kIo.
};

// How opening went; for the log and for `qalam partition list`.
struct RecoveryReport {
  bool recovered = false;  // An unclean stop: the tail was scanned.
  std::uint64_t scanned_bytes = 0;
  std::uint64_t torn_bytes_cut = 0;  // Never below the durable checkpoint.
  std::uint64_t indexes_rebuilt = 0;
  std::vector<std::string> notes;  // What was moved aside, and why.
};

// One partition replica's log: record batches in offset order, kept as a list of segments in one
// directory. Knows nothing of topics, replicas or sockets. Formats: docs/formats/.
// Thread: the owning WriterThread; readers use view(), which is safe from any thread. Open may run
// on any thread before the first call.
//
// Group commit, per log: AppendGroup, BeginSync, (a pool thread) Run, OnSynced; then the next
// group. A second AppendGroup before OnSynced is a bug under FlushMode::kFsync (recovery relies on
// it). An epoch is begun in the same way before its first group: BeginEpoch, Run, OnEpochBegun.
class Log {
 public:
  // Makes a new, empty log durable: directory, partition.metadata (topic id), first segment.
  // Errors: kNoSpace, kIo, kConflict (the directory exists and is not empty).
  static Status Create(FileSystem& fs, const LogOptions& options, const Uuid& topic_id);
  // Opens. `clean`: the last stop was clean, nothing is scanned and only the newest segment is
  // looked at. Otherwise recovers: see recovery.h. The caller then has synced the directory above,
  // once for all its logs: a process that was killed may have made this one and not got that far.
  // Blocks for up to the scan of what lies above the durable checkpoint. Errors: kCorruption (rot
  // below the checkpoint, a missing segment: nothing was changed), kWrongNode (directory of another
  // topic id), kUnsupportedFormat, kIo.
  static Result<std::unique_ptr<Log>> Open(FileSystem& fs, const Clock& clock,
                                           const LogOptions& options, const Uuid& topic_id,
                                           bool clean);
  virtual ~Log() = default;  // Without Close(): as a crash.

  virtual const RecoveryReport& recovery() const = 0;
  virtual Offset log_start_offset() const = 0;
  virtual Offset end_offset() const = 0;      // Next offset to be written.
  virtual Offset durable_offset() const = 0;  // Everything below is synced.
  virtual Epoch last_epoch() const = 0;       // Of the leader-epoch checkpoint; -1: none.
  virtual ProducerState& producers() = 0;     // AppendGroup updates it.
  // Set after a failed write or sync: the log never works again in this process.
  virtual const std::optional<Error>& failed() const = 0;

  // The epoch of the next groups, beginning at end_offset(). Null when there is nothing to write:
  // it is the last one, or older. Until OnEpochBegun nothing is appended and the log is not closed.
  virtual std::unique_ptr<EpochTicket> BeginEpoch(Epoch epoch) = 0;
  // After a passing error (kNoSpace, kTooManyRequests) the epoch has not begun and may be tried
  // again; any other fails the log: kLogFailed for ever.
  virtual Status OnEpochBegun(std::unique_ptr<EpochTicket> ticket, const Status& status) = 0;

  // Appends batches, the first at end_offset(), dense, of one leader epoch that is not older than
  // the last: one write. Begins the epoch in place, and waits for that, where nobody did. Rolls to
  // a new segment where they would not fit. Readable in the next view, not yet durable. Total size
  // <= group_bytes_max. Errors: kNoSpace, kTooManyRequests (nothing was appended, the log is as
  // before and goes on working), kLogFailed (now and for ever, after an error of the disk: how much
  // was written is unknown).
  virtual Status AppendGroup(std::span<const StampedBatch> group) = 0;
  // Null when nothing is unsynced.
  virtual std::unique_ptr<SyncTicket> BeginSync() = 0;
  // Durable up to which offset. A failed status fails the log: kLogFailed for ever.
  virtual Result<Offset> OnSynced(std::unique_ptr<SyncTicket> ticket, const Status& status) = 0;

  // Housekeeping, every second or so: rolls by age, writes the durable checkpoint when it is due,
  // lets go of memory when idle, prepares space. `now` is the wall clock for ages of segments.
  virtual Status Tick(MonotonicTime now) = 0;
  // Removes whole segments that retention allows; of the active one, once it was sealed by an
  // earlier pass and that was synced. Waits for a small sync. By `retention_now` (the retention
  // clock, which the caller guards against jumps; nothing: not by time) and by size, only below
  // `high_watermark`. Returns the new log start.
  virtual Result<Offset> ApplyRetention(std::optional<TimestampMs> retention_now,
                                        Offset high_watermark) = 0;
  // Raises the log start, durably (delete-before). `before` <= `high_watermark`, else
  // kOffsetOutOfRange. Whole segments below are removed. Not while a sync is under way:
  // kOverloaded.
  virtual Result<Offset> Trim(Offset before, Offset high_watermark) = 0;
  // Files renamed to *.deleted, to be unlinked by a background thread once the delay has passed.
  virtual std::vector<std::string> TakeDeletable(MonotonicTime now) = 0;
  // When the next of them may be, if there is one.
  virtual std::optional<MonotonicTime> next_deletable() const = 0;
  // New settings in force from the next append; flush mode and group size are checkpointed first,
  // which waits for a sync. Not while a sync is under way: kOverloaded.
  virtual Status Reconfigure(const LogOptions& options) = 0;
  // Seals the state for a clean stop: syncs, trims prepared space, writes indexes and the producer
  // snapshot and the checkpoint. The log can't be used afterwards. Blocks.
  virtual Status Close() = 0;
  // The next thread that calls is the owner. Call when no one else can.
  virtual void ReleaseOwner() = 0;

  virtual std::shared_ptr<const LogView> view() const = 0;  // Any thread.
};

}  // namespace qalam
