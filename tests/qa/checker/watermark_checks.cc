#include <fmt/format.h>

#include "tests/qa/checker/checks.h"
#include "tests/qa/checker/went_back.h"

namespace qalam::qa {
namespace {

void ReportAll(Evidence& evidence, Anomaly anomaly, std::string_view what,
               const std::vector<WentBack>& found) {
  for (const auto& [before, after] : found) {
    evidence.Report(anomaly, fmt::format("{}: {} after {}", what, after.value, before.value),
                    {before.line, after.line});
  }
}

std::vector<Level> HighWatermarks(const PartitionHistory& history) {
  std::vector<Level> levels;
  for (const Read& read : history.reads) {
    levels.push_back({read.begin_ns, read.t_ns, read.high_watermark, read.found.line});
  }
  for (const Watermark& sample : history.watermarks) {
    levels.push_back({sample.begin_ns, sample.t_ns, sample.high_watermark, sample.line});
  }
  return levels;
}

std::vector<Level> Starts(const PartitionHistory& history) {
  std::vector<Level> levels;
  for (const Watermark& sample : history.watermarks) {
    levels.push_back({sample.begin_ns, sample.t_ns, sample.log_start, sample.line});
  }
  for (const Readback& readback : history.readbacks) {
    levels.push_back({readback.begin_ns, readback.t_ns, readback.log_start, readback.line});
  }
  return levels;
}

std::vector<Level> AckedEnds(const Evidence& evidence) {
  std::vector<Level> levels;
  for (const Outcome* const ack : evidence.synced()) {
    levels.push_back({ack->t_ns, ack->t_ns, ack->offset + 1, ack->line});
  }
  return levels;
}

void CheckDurableEnds(Evidence& evidence, const std::vector<Level>& acked) {
  std::vector<Level> durable;
  for (const Watermark& sample : evidence.history().watermarks) {
    if (!sample.durable_end) continue;
    durable.push_back({sample.begin_ns, sample.t_ns, *sample.durable_end, sample.line});
    if (sample.high_watermark <= *sample.durable_end) continue;
    evidence.Report(Anomaly::kWatermarkAboveDurable,
                    fmt::format("high watermark {}, durable only up to {}", sample.high_watermark,
                                *sample.durable_end),
                    {sample.line});
  }
  ReportAll(evidence, Anomaly::kAckAboveDurable, "durable end below what was acknowledged",
            FindWentBack(acked, durable));
}

void CheckStarts(Evidence& evidence) {
  const std::vector<Level> starts = Starts(evidence.history());
  for (const Level& start : starts) {
    const std::int64_t allowed = evidence.StartAllowed(start.t_ns);
    if (start.value <= allowed) continue;
    evidence.Report(
        Anomaly::kTrimmedUnasked,
        fmt::format("the log starts at {}, asked for was {} at most", start.value, allowed),
        {start.line});
  }
  ReportAll(evidence, Anomaly::kStartBack, "log start went back", FindWentBack(starts, starts));
  std::vector<Level> reads;
  for (const Read& read : evidence.history().reads) {
    reads.push_back({read.begin_ns, read.t_ns, read.found.offset, read.found.line});
  }
  ReportAll(evidence, Anomaly::kServedBelowStart, "offset served below the log's start",
            FindWentBack(starts, reads));
}

}  // namespace

void CheckWatermarks(Evidence& evidence) {
  const std::vector<Level> watermarks = HighWatermarks(evidence.history());
  const std::vector<Level> acked = AckedEnds(evidence);
  ReportAll(evidence, Anomaly::kWatermarkBack, "high watermark went back",
            FindWentBack(watermarks, watermarks));
  ReportAll(evidence, Anomaly::kStaleRead, "high watermark below what was acknowledged",
            FindWentBack(acked, watermarks));
  std::vector<Level> ends;
  for (const Readback& readback : evidence.history().readbacks) {
    ends.push_back({readback.begin_ns, readback.t_ns, readback.log_end, readback.line});
  }
  ReportAll(evidence, Anomaly::kEndBelowWatermark, "the final log ends below a high watermark",
            FindWentBack(watermarks, ends));
  CheckDurableEnds(evidence, acked);
  CheckStarts(evidence);
}

}  // namespace qalam::qa
