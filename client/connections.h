#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "client/broker_link.h"
#include "client/retry_policy.h"

namespace qalam::abi0 {

struct Connection {
  std::string address;  // As given: HOST:PORT or unix:PATH.
  std::shared_ptr<grpc::Channel> channel;
  // What records go through instead of the channel, where there is a nearer way.
  std::shared_ptr<DirectBroker> direct;
};

// Where a Client finds its brokers: the addresses that it was given (connection_pool.h), or
// whoever owns a directory (client/embedded). Thread: any.
class Connections {
 public:
  virtual ~Connections() = default;
  // The one to ask that is in favour. Never blocks: what it gives may lead to nobody.
  virtual Connection Any() = 0;
  virtual Connection To(const std::string& address) = 0;
  // `address` did not answer: another one is in favour now, if there is one.
  virtual void ReportUnreachable(const std::string& address) = 0;
  virtual std::size_t addresses_count() const = 0;
  // How long to wait before it is worth trying again.
  virtual RetryOptions retry() const { return {}; }
  // Where somebody takes the place of a broker that is gone, waits until Any() leads to another
  // than `failed`, at most until `end`. False: it does not.
  virtual bool AwaitSuccessor(const Connection& /*failed*/,
                              std::chrono::system_clock::time_point /*end*/) {
    return false;
  }
};

}  // namespace qalam::abi0
