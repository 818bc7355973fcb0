#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/node/data_directory.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

struct RebuildReport {
  std::int64_t topics = 0;
  std::int64_t partitions = 0;
  std::string moved_to;            // Where the old metadata went; empty: there was none.
  std::vector<std::string> notes;  // What a person should know.
};

// Makes DIR/metadata anew from what the logs say: names, ids and counts of partitions from the
// directories' partition.metadata, leader epochs above everything in leader-epoch-checkpoint.
// Whatever can still be read of the old metadata (topics' settings, dynamic settings) is taken over
// where it agrees with the logs. The settings of a topic that only its logs know are lost: it keeps
// its records for ever until somebody says otherwise. Fresh producer ids lie far above all used
// ones. The old metadata is moved aside, nothing is deleted; killed at any point, it can be run
// again. `directory` is locked by us. Errors: kCorruption (partitions of one topic have different
// ids: a person must choose), kIo, kNoSpace; the old metadata is then in place still.
Result<RebuildReport> RebuildMetadata(FileSystem& fs, const Clock& clock,
                                      const DataDirectory& directory);

}  // namespace qalam
