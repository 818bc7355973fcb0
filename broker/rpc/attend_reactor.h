#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "broker/api/ownership.h"
#include "broker/rpc/incoming_call.h"
#include "broker/rpc/stream_registry.h"
#include "common/mutex.h"

namespace qalam {

// One AttendOwner stream: tells the newest that its client has not heard of yet, and that before it
// ends. Thread: gRPC's, and whoever tells.
class AttendReactor final : public CallHandler,
                            public DrainableStream,
                            public Attendant,
                            public std::enable_shared_from_this<AttendReactor> {
 public:
  AttendReactor(Ownership& ownership, StreamRegistry& streams, IncomingCall& incoming)
      : CallHandler(incoming), ownership_(ownership), streams_(streams) {}
  void Start();  // Once it is owned by a shared_ptr. It then keeps itself until OnDone.
  void Drain() override;

  std::int32_t pid() const override { return pid_.load(); }
  bool may_own() const override { return may_own_.load(); }
  void Tell(const OwnerInfo& owner) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void End(Error error);
  // Writes what is new, or finishes once nothing is.
  void Advance() QALAM_REQUIRES(mutex_);

  Ownership& ownership_;
  StreamRegistry& streams_;
  std::shared_ptr<AttendReactor> self_;  // From Start to OnDone.
  grpc::ByteBuffer request_;
  grpc::ByteBuffer outgoing_;
  std::atomic<std::int32_t> pid_{0};
  std::atomic<bool> may_own_{false};
  Mutex mutex_;
  std::optional<OwnerInfo> news_ QALAM_GUARDED_BY(mutex_);
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  bool cancelled_ QALAM_GUARDED_BY(mutex_) = false;
  bool finished_ QALAM_GUARDED_BY(mutex_) = false;
  std::optional<Error> end_with_ QALAM_GUARDED_BY(mutex_);
};

// A caller on the Unix socket.
bool IsUnixPeer(const std::string& peer);
Error NotOnThisSocket();  // kPermissionDenied

}  // namespace qalam
