#pragma once

#include "broker/api/ownership.h"
#include "common/error.h"
#include "qalam/smart_client.h"

// What the smart client says of owners, in the words of its users. Thread: any.
namespace qalam::abi0 {

DirectoryOwner ToPublic(const qalam::OwnerInfo& owner);
// What went wrong about an owner, with what to do next.
Error OwnerError(const qalam::Error& error);

}  // namespace qalam::abi0
