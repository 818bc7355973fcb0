#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "broker/rpc/answer_thread.h"
#include "broker/rpc/status_map.h"
#include "common/reply.h"

namespace qalam {

// A Reply that fills `response` by `convert` and finishes the call; an error becomes its status.
// gRPC keeps the call and its response until then, cancelled or not. Thread: answered from any.
template <typename T, typename Response, typename Convert>
Reply<T> FinishWith(grpc::ServerUnaryReactor* reactor, Response* response, Convert convert) {
  return Reply<T>([reactor, response, convert = std::move(convert)](Result<T> result) mutable {
    if (!result.ok()) {
      reactor->Finish(ToGrpcStatus(result.error()));
      return;
    }
    convert(*result, *response);
    reactor->Finish(grpc::Status::OK);
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
