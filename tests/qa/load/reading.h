#pragma once

#include <qalam/client.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "tests/qa/load/history_file.h"

namespace qalam::qa {

struct TailingOptions {
  std::string topic;
  std::string name;  // Of the reader; unique in the history.
};

// Follows every partition of a topic from its start until `stop`, then until nothing comes for a
// while, and notes every record. Where retention overtook it, it starts over as a new reader.
// Blocks. Thread: one of its own.
void Tail(const qalam::Client& client, const TailingOptions& options, const std::atomic<bool>& stop,
          HistoryFile& history, std::atomic<std::int64_t>& records_count);

// Reads every partition of a topic from start to end, as it is now, and notes it as a read-back.
// Returns the number of records. Errors: the reader's; what was read by then is not noted.
qalam::Result<std::int64_t> ReadBack(const qalam::Client& client, const std::string& topic,
                                     const std::string& way, HistoryFile& history);

}  // namespace qalam::qa
