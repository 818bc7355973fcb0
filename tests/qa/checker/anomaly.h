#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qalam::qa {

// Every way in which a history can be bad. The names (AnomalyName) are stable: reports, tests and
// the second checker in Python use them. What each means, exactly: tests/qa/README.md.
enum class Anomaly {
  // Content.
  kTorn,
  kPhantom,
  kCorrupted,
  kRefusedPresent,
  kDoubled,
  kTwoContents,
  kChangedAfterRestart,
  // Acknowledgements.
  kLost,
  kMoved,
  kAckOverlap,
  kOrderReversed,
  kAckAboveDurable,
  kSupersededAck,
  kEpochMismatch,
  kAnsweredLate,
  // Readers and samples.
  kReaderGap,
  kReaderRepeat,
  kReaderBack,
  kReadAboveWatermark,
  kStaleRead,
  kWatermarkBack,
  kWatermarkAboveDurable,
  kTrimmedUnasked,
  kStartBack,
  kServedBelowStart,
  // Epochs.
  kEpochReused,
  kEpochBack,
  kEpochUnannounced,
  // Read-backs.
  kGap,
  kOverlap,
  kOutsideBounds,
  kEndBelowWatermark,
  kReadLost,
  kReadRewritten,
  kReadbacksDisagree,
  kProducerOrder,
  kLogEpochBack,
  kAppendTimeBack,
  // Progress.
  kNoProgress,
  // What was shown is too little: nothing is known to be bad, and nothing to be good.
  kTooFewAcks,
  kTooFewReads,
  kTooFewReadbacks,
  kFaultNotFired,
  kFaultWithoutLoad,
};

std::span<const Anomaly> AllAnomalies();
std::string_view AnomalyName(Anomaly anomaly);
std::optional<Anomaly> AnomalyByName(std::string_view name);
// True for the last group: the verdict is then UNKNOWN, not FAILED, if nothing else is wrong.
bool IsOnlyUnknown(Anomaly anomaly);

// One thing that is wrong, with the lines of the history that prove it.
struct Violation {
  Anomaly anomaly = Anomaly::kLost;
  std::string partition;  // Empty: about the whole run.
  std::string what;
  std::vector<std::size_t> lines;
};

}  // namespace qalam::qa
