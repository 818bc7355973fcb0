#pragma once

#include <memory>
#include <string>

#include "broker/rpc/owner_client.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// Whoever owns the directory at this moment, checked against the id that is written in it. Blocks,
// for half a second at most. Errors: those of OwnerClient::Connect, kNotFound (no such directory),
// kDirectoryUnusable (whoever listens there owns another directory; it is no directory),
// kMetadataDamaged, kUnsupportedFormat.
Result<std::unique_ptr<OwnerClient>> FindOwner(FileSystem& fs, const std::string& directory);

}  // namespace qalam
