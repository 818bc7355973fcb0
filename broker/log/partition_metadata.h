#pragma once

#include <string>

#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// The file `partition.metadata`: which topic a directory belongs to, whatever its name says.
// Kafka's text format. Thread: any; blocks.
Status WritePartitionMetadata(FileSystem& fs, const std::string& directory, const Uuid& topic_id);
// Errors: kNotFound, kCorruption, kUnsupportedFormat, kIo.
Result<Uuid> ReadPartitionMetadata(FileSystem& fs, const std::string& directory);

}  // namespace qalam
