#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/log.h"
#include "broker/log/segment_crc.h"
#include "common/file_system.h"

namespace qalam {

// The SyncTicket of a log: what to make durable, in this order: space ahead, data, derived files,
// directory; then, when it is due, the checkpoint that recovery starts from. Holds everything it
// needs, so that it touches nothing of the log. Thread: as SyncTicket.
class SyncJob final : public SyncTicket {
 public:
  // Written from `position` on, what lay behind is cut. An error is not fatal: it can be made again
  // from the log, and is not believed without its CRC.
  struct DerivedFile {
    std::string path;
    std::uint64_t position = 0;
    Bytes bytes;
    bool sync = false;  // Final: nobody will write it again.
  };
  // A sidecar whose digest of the log is not complete yet: the rest is read from the log.
  struct OpenSidecar {
    std::string path;
    std::shared_ptr<File> log;
    std::uint64_t log_bytes = 0;
    SegmentCrc content;
  };
  struct Parts {
    Offset end_offset = 0;
    std::shared_ptr<File> prepare_file;  // Null: nothing to prepare.
    std::pair<std::uint64_t, std::uint64_t> prepare_range;
    std::vector<std::shared_ptr<File>> files;
    std::string directory;  // Synced too, unless empty.
    std::vector<DerivedFile> derived;
    std::vector<OpenSidecar> sidecars;
    std::vector<std::string> remove;  // Old snapshots, once the checkpoint is written.
    DurableCheckpoint* checkpoint = nullptr;
    DurablePoint point;
  };
  enum class Prepared { kNothing, kDone, kNoSpace };

  SyncJob(FileSystem& fs, Parts parts) : fs_(fs), parts_(std::move(parts)) {}

  Status Run() override;
  Offset end_offset() const override { return parts_.end_offset; }
  Prepared prepared() const { return prepared_; }
  // Due, but there was no space or no descriptor for it.
  bool checkpoint_postponed() const { return checkpoint_postponed_; }
  const Parts& parts() const { return parts_; }

 private:
  Status WriteDerived(const DerivedFile& derived);

  FileSystem& fs_;
  Parts parts_;
  Prepared prepared_ = Prepared::kNothing;
  bool checkpoint_postponed_ = false;
};

}  // namespace qalam
