#include "broker/log/tail_scan.h"

#include <optional>

#include "broker/log/direct_window.h"
#include "broker/log/file_names.h"
#include "broker/log/log_errors.h"
#include "common/check.h"
#include "common/mutant.h"

namespace qalam {
namespace {

class Scanner {
 public:
  Scanner(FileSystem& fs, const TailScanInput& input, bool epochs_unknown, EpochCache& epochs)
      : fs_(fs),
        input_(input),
        point_(input.point),
        epochs_unknown_(epochs_unknown),
        epochs_(epochs),
        expected_(input.point.durable_offset) {}

  Result<TailScan> Run() {
    std::size_t place = 0;
    while (input_.segments[place].base_offset != point_.segment_base) ++place;
    std::uint64_t position = point_.position;
    while (true) {
      QALAM_ASSIGN_OR_RETURN(const bool goes_on, ScanSegment(place, position));
      if (!goes_on) break;
      ++place;
      position = 0;
    }
    scan_.end_offset = expected_;
    return std::move(scan_);
  }

 private:
  // True if the log goes on in the next segment.
  Result<bool> ScanSegment(std::size_t place, std::uint64_t position) {
    const LogDirectory::Segment& file = input_.segments[place];
    DirectWindow window(fs_,
                        JoinPath(input_.directory, SegmentFileName(file.base_offset, kLogSuffix)),
                        file.size_bytes);
    const std::uint64_t begun = position;
    QALAM_RETURN_IF_ERROR(ScanBatches(window, position));
    QALAM_ASSIGN_OR_RETURN(const auto more, window.FirstNonZero(position));
    scan_.scanned_bytes += position - begun;
    TailScan::Segment found;
    found.place = place;
    found.end = position;
    found.has_more = more.has_value();
    found.has_zeros = !more && position < window.size_bytes();
    scan_.segments.push_back(found);

    const bool last = place + 1 == input_.segments.size();
    const Offset next_base = last ? kNoOffset : input_.segments[place + 1].base_offset;
    if (!more && next_base == expected_) return true;
    if (!more && last) return false;
    QALAM_RETURN_IF_ERROR(Judge(window, position, more.has_value(), next_base));
    scan_.torn_bytes += more ? window.size_bytes() - position : 0;
    return false;
  }

  // Moves on over good batches; stops at the first that is not.
  Status ScanBatches(DirectWindow& window, std::uint64_t& position) {
    while (position < window.size_bytes()) {
      QALAM_ASSIGN_OR_RETURN(const auto batch, window.BatchAt(position));
      if (!batch || batch->base_offset != expected_ || !EpochFits(*batch)) return OkStatus();
      position += static_cast<std::uint64_t>(batch->size_bytes());
      expected_ = batch->next_offset();
    }
    return OkStatus();
  }

  bool EpochFits(const BatchHeader& batch) {
    if (!epochs_unknown_) return epochs_.Agrees(batch.last_offset(), batch.leader_epoch);
    if (batch.leader_epoch < epochs_.last_epoch()) return false;
    epochs_.Assign(batch.leader_epoch, batch.base_offset);
    return true;
  }

  // The log stops at `bad`, though something follows. Torn, or rotten?
  Status Judge(DirectWindow& window, std::uint64_t bad, bool has_more, Offset next_base) {
    if (MutantIs(Mutant::kTruncateOnRot)) return OkStatus();
    if (input_.strict) {
      return CorruptionAt(window.path(), bad,
                          "no batch begins here, and the durable checkpoint is damaged, so that "
                          "nobody can tell a torn write from lost data");
    }
    if (point_.flush_mode != FlushMode::kFsync) return OkStatus();
    if (next_base >= 0) {
      return CorruptionAt(window.path(), bad,
                          std::string(has_more ? "damaged" : "the segment ends") + " at offset " +
                              std::to_string(expected_) + ", but the next one begins at offset " +
                              std::to_string(next_base) +
                              ", which proves that more had been synced");
    }
    const std::uint64_t torn_end = bad + point_.group_bytes_max;
    if (torn_end >= window.size_bytes()) return OkStatus();
    QALAM_ASSIGN_OR_RETURN(const auto island, window.FirstNonZero(torn_end));
    if (!island) return OkStatus();
    return CorruptionAt(window.path(), bad,
                        "damaged, and not by a torn write: there is data at byte " +
                            std::to_string(*island) + ", further than the largest group of " +
                            std::to_string(point_.group_bytes_max) + " bytes");
  }

  FileSystem& fs_;
  const TailScanInput& input_;
  const DurablePoint& point_;
  const bool epochs_unknown_;
  EpochCache& epochs_;
  Offset expected_;
  TailScan scan_;
};

}  // namespace

Result<TailScan> ScanTail(FileSystem& fs, const TailScanInput& input, bool epochs_unknown,
                          EpochCache& epochs) {
  return Scanner(fs, input, epochs_unknown, epochs).Run();
}

}  // namespace qalam
