#include "tests/fuzz/log_input.h"

namespace qalam::fuzz {

const std::map<std::string, Bytes>& GoodLogFiles() {
  static const std::map<std::string, Bytes> contents = [] {
    LogFiles files;
    files.Fill();
    return files.Contents();
  }();
  return contents;
}

bool ReadThrough(const Log& log) {
  const auto view = log.view();
  const Offset end = view->end_offset();
  bool good = true;
  Offset from = view->log_start_offset();
  while (from < end) {
    const auto read = view->Read(from, end, 4096);
    if (!read.ok()) {
      good = false;
      break;
    }
    QALAM_CHECK(!read->batches.empty() && read->next_offset > from);
    from = read->next_offset;
  }
  for (const TimestampMs timestamp : {TimestampMs{-1}, TimestampMs{0}, ManualClock::kStartMs}) {
    const auto found = view->FindTimestamp(timestamp, end);
    QALAM_CHECK(!found.ok() || !*found || (*found)->offset < end);
  }
  (void)view->FindMaxTimestamp(end);
  return good;
}

}  // namespace qalam::fuzz
