#pragma once

#include <memory>
#include <string>

#include "client/broker_link.h"
#include "client/connections.h"

namespace qalam::abi0 {

// Opens the stream where the connection leads: to the broker in this process, or over gRPC, whose
// EventThread then calls the listener. Thread: any.
std::shared_ptr<ProduceLink> OpenProduce(const Connection& connection, const ProduceOpen& open,
                                         std::shared_ptr<ProduceLink::Listener> listener);
std::shared_ptr<TailLink> OpenTail(const Connection& connection, const TailOpen& open,
                                   std::shared_ptr<TailLink::Listener> listener);

}  // namespace qalam::abi0
