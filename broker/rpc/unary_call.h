#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "broker/api/answer_thread.h"
#include "broker/rpc/byte_buffers.h"
#include "broker/rpc/call_dispatcher.h"
#include "common/error.h"
#include "common/reply.h"

namespace qalam {

// One call with one request and one answer. Keeps itself until it is over. Thread: answered from
// any, once; an answer that finds the client gone is dropped.
class UnaryCall final : public CallHandler, public std::enable_shared_from_this<UnaryCall> {
 public:
  using Handle = std::function<void(std::shared_ptr<UnaryCall>, const grpc::ByteBuffer& request)>;

  // `handle` outlives the call. It is called with the request, if one comes.
  static void Serve(IncomingCall& call, const Handle& handle);

  std::string peer() { return call().peer(); }
  std::optional<TraceParent> trace() { return call().trace(); }
  std::chrono::system_clock::time_point deadline() { return call().deadline(); }
  void Answer(const grpc::ByteBuffer& response) { call().WriteAndFinish(response); }
  void Answer(const google::protobuf::MessageLite& response) {
    Answer(SerializedMessage(response));
  }
  void Fail(const Error& error);
  void Finish(const grpc::Status& status) { call().Finish(status); }  // Without an answer.

  void OnReadDone(bool ok) override;
  void OnDone() override;

 private:
  UnaryCall(IncomingCall& call, const Handle& handle) : CallHandler(call), handle_(handle) {}

  const Handle& handle_;
  std::shared_ptr<UnaryCall> self_;  // From Serve to OnDone.
  grpc::ByteBuffer request_;
};

using UnaryCallPtr = std::shared_ptr<UnaryCall>;

// Adds a unary method whose request is parsed before `service.*handle` gets it; one that can't be
// parsed is answered kInvalidArgument.
template <typename Service, typename Request>
void AddUnary(MethodTable& methods, std::string method, Service& service,
              void (Service::*handle)(UnaryCallPtr, const Request&)) {
  UnaryCall::Handle parse_and_handle = [&service, handle](UnaryCallPtr call,
                                                          const grpc::ByteBuffer& bytes) {
    Request request;
    if (const Status parsed = ParseMessage(bytes, request); !parsed.ok()) {
      call->Fail(parsed.error());
      return;
    }
    (service.*handle)(std::move(call), request);
  };
  methods.emplace(std::move(method), [handle = std::move(parse_and_handle)](IncomingCall& call) {
    UnaryCall::Serve(call, handle);
  });
}

// A Reply that answers the call with what `convert(result, response)` makes of it, or with its
// error.
template <typename Response, typename T, typename Convert>
Reply<T> AnswerTo(std::shared_ptr<UnaryCall> call, Convert convert) {
  return Reply<T>([call = std::move(call), convert = std::move(convert)](Result<T> result) mutable {
    if (!result.ok()) {
      call->Fail(result.error());
      return;
    }
    Response response;
    convert(*result, response);
    call->Answer(response);
  });
}

// The same from another thread, for what a partition's writer answers.
template <typename T>
Reply<T> AnsweredBy(AnswerThread& answers, Reply<T> reply) {
  return Reply<T>([&answers, reply = std::move(reply)](Result<T> result) mutable {
    answers.Post([reply = std::move(reply), result = std::move(result)]() mutable {
      reply(std::move(result));
    });
  });
}

}  // namespace qalam
