#include "broker/rpc/byte_buffers.h"

#include <grpcpp/support/slice.h>

#include <memory>
#include <utility>

#include "broker/wire/proto_cursor.h"

namespace qalam {
namespace {

constexpr std::size_t kCopyBelow = 512;  // Borrowing costs an allocation and two reference counts.

grpc::Slice Borrow(const SharedSlice& slice) {
  const BytesView bytes = slice.view();
  if (bytes.size() < kCopyBelow) return grpc::Slice(bytes.data(), bytes.size());
  auto owner = std::make_unique<std::shared_ptr<const void>>(slice.owner());
  // gRPC never writes into it: the cast only suits its signature.
  return grpc::Slice(
      const_cast<std::byte*>(bytes.data()), bytes.size(),
      [](void* held) { delete static_cast<std::shared_ptr<const void>*>(held); }, owner.release());
}

}  // namespace

Result<std::vector<SharedSlice>> SlicesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> parts;
  if (buffer.Valid() && !buffer.Dump(&parts).ok()) {
    return Error(ErrorCode::kInvalidArgument, "the message can't be read");
  }
  std::vector<SharedSlice> slices;
  slices.reserve(parts.size());
  for (grpc::Slice& part : parts) {
    // A short slice holds its bytes within itself, so the view is taken where it stays.
    auto owner = std::make_shared<const grpc::Slice>(std::move(part));
    const BytesView view(reinterpret_cast<const std::byte*>(owner->begin()), owner->size());
    slices.emplace_back(std::move(owner), view);
  }
  return slices;
}

grpc::ByteBuffer ToByteBuffer(const std::vector<SharedSlice>& slices) {
  std::vector<grpc::Slice> parts;
  parts.reserve(slices.size());
  for (const SharedSlice& slice : slices) parts.push_back(Borrow(slice));
  return grpc::ByteBuffer(parts.data(), parts.size());
}

grpc::ByteBuffer SerializedMessage(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

Status ParseMessage(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& out) {
  QALAM_ASSIGN_OR_RETURN(const std::vector<SharedSlice> slices, SlicesOf(buffer));
  const SharedSlice whole = Extract(slices, {0, buffer.Length()});
  if (out.ParseFromArray(whole.view().data(), static_cast<int>(whole.size()))) return OkStatus();
  return Error(ErrorCode::kInvalidArgument, "the request can't be read");
}

}  // namespace qalam
