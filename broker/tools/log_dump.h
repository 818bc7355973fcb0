#pragma once

#include <functional>
#include <string>

#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// Prints what one file of a log says, a line at a time: .log (batches, and records if wanted),
// .index, .timeindex, .snapshot, .crc, durable-checkpoint, leader-epoch-checkpoint. The name
// decides which. Works without a broker and believes nothing: what is damaged is said so, and the
// rest goes on where it can. Thread: any; blocks. Errors: kNotFound, kInvalidArgument (a file that
// is none of these), kIo.
Status DumpLogFile(FileSystem& fs, const std::string& path, bool records,
                   const std::function<void(const std::string&)>& print);

}  // namespace qalam
