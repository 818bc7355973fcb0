#include "tests/broker/rpc/raw_call.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include "tests/broker/rpc/rpc_test.h"

namespace qalam {
namespace {

// Waits for the one operation under way.
bool Next(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

std::string Text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices)
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

}  // namespace

RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& messages) {
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const auto context = Soon();
  const auto call = stub.PrepareCall(context.get(), method, &queue);
  RawAnswer answer;
  call->StartCall(nullptr);
  bool open = Next(queue);
  for (const std::string& message : messages) {
    if (!open) break;
    const grpc::Slice slice(message);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    open = Next(queue);
  }
  if (open) {
    call->WritesDone(nullptr);
    (void)Next(queue);
  }
  while (true) {
    grpc::ByteBuffer buffer;
    call->Read(&buffer, nullptr);
    if (!Next(queue)) break;
    answer.messages.push_back(Text(buffer));
  }
  call->Finish(&answer.status, nullptr);
  (void)Next(queue);
  queue.Shutdown();
  while (Next(queue)) {
  }
  return answer;
}

}  // namespace qalam
