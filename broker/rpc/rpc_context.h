#pragma once

#include "broker/api/answer_thread.h"
#include "broker/api/broker.h"
#include "broker/rpc/rpc_server.h"
#include "broker/rpc/stream_registry.h"
#include "common/clock.h"

namespace qalam {

// What the calls of one server share. Outlives them.
struct RpcContext {
  Broker& broker;
  const RpcOptions& options;
  StreamRegistry& streams;
  AnswerThread& answers;
  const Clock& clock;
};

}  // namespace qalam
