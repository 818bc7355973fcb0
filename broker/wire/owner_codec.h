#pragma once

#include "broker/api/ownership.h"
#include "qalam/v1/owner.pb.h"

namespace qalam {

// The messages of OwnerService. Thread: any.
void ToProto(const OwnerInfo& owner, v1::DirectoryOwner& out);
OwnerInfo FromProto(const v1::DirectoryOwner& owner);

}  // namespace qalam
