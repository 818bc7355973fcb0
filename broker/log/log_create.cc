#include "broker/log/durable_checkpoint.h"
#include "broker/log/file_names.h"
#include "broker/log/log.h"
#include "broker/log/log_errors.h"
#include "broker/log/log_impl.h"
#include "broker/log/partition_metadata.h"

namespace qalam {

Status Log::Create(FileSystem& fs, const LogOptions& options, const Uuid& topic_id) {
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs.Exists(options.directory));
  if (exists) {
    QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(options.directory));
    if (!entries.empty()) {
      return Error(ErrorCode::kConflict, options.directory + " exists and is not empty");
    }
  }
  QALAM_RETURN_IF_ERROR(fs.CreateDirectory(options.directory));
  {
    QALAM_ASSIGN_OR_RETURN(const auto file,
                           LogImpl::OpenForWriting(fs, options, 0, OpenOptions::Mode::kCreate));
    QALAM_RETURN_IF_ERROR(file->Sync());
  }
  QALAM_ASSIGN_OR_RETURN(const auto checkpoint, DurableCheckpoint::Open(fs, options.directory));
  DurablePoint point;
  point.flush_mode = options.flush_mode;
  point.group_bytes_max = options.group_bytes_max;
  // Both slots, so that they have their space: a full disk must not keep retention from writing
  // one.
  QALAM_RETURN_IF_ERROR(checkpoint->Write(point));
  QALAM_RETURN_IF_ERROR(checkpoint->Write(point));
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
  if (!clean) QALAM_RETURN_IF_ERROR(checkpoint->Sync());
  QALAM_ASSIGN_OR_RETURN(RecoveredLog recovered, RecoverLog(fs, options, *checkpoint, clean));
  QALAM_ASSIGN_OR_RETURN(auto file, LogImpl::OpenForWriting(fs, options, recovered.active_base,
                                                            OpenOptions::Mode::kReadWrite));
  auto log = std::make_unique<LogImpl>(fs, clock, options, std::move(checkpoint),
                                       std::move(recovered), std::move(file));
  // Puts flush mode and group size in force.
  QALAM_RETURN_IF_ERROR(log->Reconfigure(options));
  if (!clean || log->recovery().recovered) {
    // The process may have been killed between making a segment and syncing the entry: nothing may
    // be acknowledged in a file that a power loss would take away.
    const Status synced = fs.SyncDirectory(options.directory);
    if (!synced.ok()) return SyncFailed(options.directory, synced.error());
  }
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

}  // namespace qalam
