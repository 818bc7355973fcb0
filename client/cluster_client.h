#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/connections.h"
#include "client/metadata_cache.h"
#include "client/pending_batch.h"
#include "client/retry_policy.h"
#include "client/wire_error.h"
#include "common/fork_guard.h"
#include "common/mutex.h"
#include "qalam/options.h"
#include "qalam/result.h"
#include "qalam/v1/log.pb.h"

namespace qalam::abi0 {

// Whether a call that may have arrived can be sent again: a read can, a change can't, and without
// an answer nobody knows whether it was carried out.
struct CallKind {
  static CallKind Read() { return {}; }
  // `what` names it ("topic create"), `way_out` says how to find out.
  static CallKind Change(std::string what, std::string way_out) {
    return {true, std::move(what), std::move(way_out)};
  }
  bool change = false;
  std::string what;
  std::string way_out;
};

// What the parts of one Client share: connections, what is known of the cluster, calls with
// deadline and retries. Thread: any.
class ClusterClient : public std::enable_shared_from_this<ClusterClient> {
 public:
  // Something that waits before it tries again.
  class Waiting {
   public:
    virtual ~Waiting() = default;
    virtual void TryNow() = 0;  // Somebody else can be asked. Must not block.
  };

  // The brokers that `options` names.
  explicit ClusterClient(ClientOptions options);
  ClusterClient(ClientOptions options, std::shared_ptr<Connections> connections);

  const ClientOptions& options() const { return options_; }
  // This process is a child of the one that made it.
  bool forked() const { return fork_mark_.forked(); }
  Connections& connections() { return *connections_; }
  MetadataCache& metadata() { return metadata_; }

  // All that were added and are still there try now.
  void TryNow();
  void Add(std::weak_ptr<Waiting> waiting);

  // Where to send what is for `partition`.
  Connection ConnectionFor(const TopicPartition& partition);
  // `error` came from `connection` when asked for `partition`: look elsewhere if it says so.
  void Learn(const TopicPartition& partition, const std::string& address, const Error& error);

  // A blocking call: `method` of a new stub of `Service` on a favoured connection. A read is tried
  // up to four times while the broker is unreachable; a change once.
  template <typename Service, typename Request, typename Response>
  Result<Response> Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                        const Request& request, std::chrono::milliseconds timeout,
                        const CallKind& kind) {
    Response response;
    const Status status =
        Repeat(timeout, kind, [&](const Connection& to, grpc::ClientContext& context) {
          return (typename Service::Stub(to.channel).*method)(&context, request, &response);
        });
    if (!status.ok()) return status.error();
    return response;
  }
  // As Call, for one try of any kind.
  using Attempt = std::function<grpc::Status(const Connection&, grpc::ClientContext&)>;
  Status Repeat(std::chrono::milliseconds timeout, const CallKind& kind, const Attempt& attempt);

  // Answers come once, on the EventThread. One try each; the caller repeats.
  // A topic that does not exist is used once, so that a broker that creates topics by itself does
  // so.
  void FindPartitionsCount(const std::string& topic,
                           std::function<void(Result<std::int32_t>)> answer);
  void ListOffsets(std::shared_ptr<const v1::ListOffsetsRequest> request,
                   std::function<void(Result<v1::ListOffsetsResponse>)> answer);
  void InitProducer(std::function<void(Result<ProducerIdentity>)> answer);

 private:
  void AskPartitionsCount(const std::string& topic, bool may_touch,
                          std::function<void(Result<std::int32_t>)> answer);
  void TouchTopic(const std::string& topic, const Error& unknown,
                  std::function<void(Result<std::int32_t>)> answer);
  Error FailedCall(const grpc::Status& status, const std::string& address);

  const ForkMark fork_mark_;
  const ClientOptions options_;
  const std::shared_ptr<Connections> connections_;
  MetadataCache metadata_;
  Mutex mutex_;
  std::vector<std::weak_ptr<Waiting>> waiting_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam::abi0
