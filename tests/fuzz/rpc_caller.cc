#include "tests/fuzz/rpc_caller.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <sys/socket.h>

#include <array>
#include <chrono>

#include "common/check.h"

namespace qalam::fuzz {
namespace {

constexpr std::chrono::seconds kPatience{20};

// Waits for the one operation under way.
bool Done(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

std::string Text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

}  // namespace

RpcCaller::RpcCaller(RpcServer& server) {
  std::array<int, 2> ends{};
  QALAM_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) ==
              0);
  server.HandOver(ends[0]);
  channel_ = grpc::CreateInsecureChannelFromFd("fuzz", ends[1]);
}

RpcCaller::Answer RpcCaller::Call(const std::string& method,
                                  const std::vector<std::string>& messages, bool leave_early) {
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  const auto call = stub.PrepareCall(&context, method, &queue);
  Answer answer;
  call->StartCall(nullptr);
  bool open = Done(queue);
  for (const std::string& message : messages) {
    if (!open) break;
    const grpc::Slice slice(message);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    open = Done(queue);
  }
  if (open) {
    call->WritesDone(nullptr);
    (void)Done(queue);
  }
  while (true) {
    grpc::ByteBuffer buffer;
    call->Read(&buffer, nullptr);
    if (!Done(queue)) break;
    answer.messages.push_back(Text(buffer));
    if (leave_early) context.TryCancel();
  }
  call->Finish(&answer.status, nullptr);
  (void)Done(queue);
  queue.Shutdown();
  while (Done(queue)) {
  }
  QALAM_CHECK(answer.status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED);
  return answer;
}

}  // namespace qalam::fuzz
