#pragma once

#include <string>
#include <vector>

#include "broker/api/ownership.h"
#include "broker/node/broker_config.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// What a second qalamd does on a directory that has an owner already. All of it blocks.

// `in_use` (kDirectoryInUse, from the lock) with what the owner itself says: its program, epoch,
// and how to reach it. Unchanged if it says nothing.
Error NameOwner(FileSystem& fs, const Error& in_use, const std::string& directory);

// Hands the listeners of `config` and `settings`, those of the command line, to the owner. Errors:
// those of FindOwner and Ownership::Join.
Result<JoinResult> JoinOwner(FileSystem& fs, const BrokerConfig& config,
                             const std::vector<RawSetting>& settings);

// Asks the owner to hand over to this process; the directory is free soon after. Errors: those of
// FindOwner; kDirectoryInUse: it does not, and says why.
Status AskToHandOver(FileSystem& fs, const std::string& directory);

}  // namespace qalam
