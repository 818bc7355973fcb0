#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include <vector>

#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// gRPC's buffers and our slices: nothing is copied, each keeps the other's bytes alive. Thread:
// any.

// Errors: kInvalidArgument (gRPC can't read it: compressed, say).
Result<std::vector<SharedSlice>> SlicesOf(const grpc::ByteBuffer& buffer);
// What is sent is borrowed from its owner until the transport is done with it.
grpc::ByteBuffer ToByteBuffer(const std::vector<SharedSlice>& slices);
grpc::ByteBuffer SerializedMessage(const google::protobuf::MessageLite& message);
// Errors: kInvalidArgument.
Status ParseMessage(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& out);

}  // namespace qalam
