#pragma once

#include <string>
#include <utility>

#include "broker/log/epoch_cache.h"
#include "broker/log/log.h"
#include "common/file_system.h"

namespace qalam {

// The EpochTicket of a log: its epochs with the one that begins. Thread: as EpochTicket.
class EpochJob final : public EpochTicket {
 public:
  EpochJob(FileSystem& fs, std::string directory, EpochCache epochs)
      : fs_(fs), directory_(std::move(directory)), epochs_(std::move(epochs)) {}

  Status Run() override { return epochs_.Save(fs_, directory_); }
  const EpochCache& epochs() const { return epochs_; }

 private:
  FileSystem& fs_;
  const std::string directory_;
  const EpochCache epochs_;
};

}  // namespace qalam
