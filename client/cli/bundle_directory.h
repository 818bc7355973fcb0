#pragma once

#include <string>

#include "client/cli/bundle.h"

namespace qalam::cli {

// A data directory from outside, without its lock: names, sizes and times of its files, what its
// checkpoints say, and the file system it is on. Of the files with records not a byte is read.
void AddDirectoryParts(const std::string& directory, Bundle& bundle);

}  // namespace qalam::cli
