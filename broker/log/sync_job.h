#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/log.h"
#include "common/file_system.h"

namespace qalam {

// The SyncTicket of a log: what to make durable, in this order: space ahead, data, directory; then,
// when a checkpoint is due, what recovery starts from. Holds everything it needs, so that it
// touches nothing of the log. Thread: as SyncTicket.
class SyncJob final : public SyncTicket {
 public:
  struct DerivedFile {  // Written at `position`, synced; an error is not fatal, it can be rebuilt.
    std::string path;
    std::uint64_t position = 0;
    Bytes bytes;
  };
  struct Parts {
    Offset end_offset = 0;
    std::shared_ptr<File> prepare_file;  // Null: nothing to prepare.
    std::pair<std::uint64_t, std::uint64_t> prepare_range;
    std::vector<std::shared_ptr<File>> files;
    std::string directory;  // Synced too, unless empty.
    std::vector<DerivedFile> derived;
    std::vector<std::string> remove;  // Old snapshots, once the checkpoint is written.
    DurableCheckpoint* checkpoint = nullptr;
    DurablePoint point;
  };
  SyncJob(FileSystem& fs, Parts parts) : fs_(fs), parts_(std::move(parts)) {}

  Status Run() override;
  Offset end_offset() const override { return parts_.end_offset; }
  bool prepared() const { return prepared_; }
  const Parts& parts() const { return parts_; }

 private:
  void WriteDerived(const DerivedFile& file);
  FileSystem& fs_;
  const Parts parts_;
  bool prepared_ = false;
};

}  // namespace qalam
