#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/rpc/answer_queue.h"
#include "broker/rpc/produce_transport.h"
#include "broker/rpc/rpc_context.h"
#include "common/mutex.h"
#include "common/trace_parent.h"

namespace qalam {

// One Produce stream: batches in; answers out in the order of the batches, many in one message.
// Under back-pressure it is simply not read: while the partition's queue is full, or this stream
// has its share of batches or bytes without an answer.
//
//   OnRead -> decode -> session.TrySubmit -> next read            (one message at a time)
//                              `-> full: OnRoom, then again
//   reply, from the writer -> AnswerQueue -> AnswerThread -> Write
//
// It ends when the client has closed its side (OK), broke the contract (its error) or is drained
// (kShuttingDown), each once everything taken is answered; or at once when the call is cancelled.
// Thread: the transport's, the broker's and the AnswerThread. A lock keeps them apart; the broker
// is never called with it held.
class ProduceStream final : public DrainableStream,
                            public std::enable_shared_from_this<ProduceStream> {
 public:
  // `transport` lives until OnDone. `protocol`, `peer`, `trace`: of the Origin of what it writes.
  ProduceStream(const RpcContext& rpc, ProduceTransport& transport, std::string protocol,
                std::string peer, std::optional<TraceParent> trace = std::nullopt)
      : rpc_(rpc),
        transport_(transport),
        protocol_(std::move(protocol)),
        peer_(std::move(peer)),
        trace_(trace) {}
  void Start();  // Once it is owned by a shared_ptr. It then keeps itself until OnDone.
  void Drain() override;
  std::optional<StreamInfo> Describe() const override;

  // One message, in slices; kept alive by them.
  void OnRead(const Result<std::vector<SharedSlice>>& slices);
  void OnReadEnd();  // The client has closed its side, or the stream is over.
  // As ProduceSession's. While the transport has been asked to read.
  bool LookLater(std::shared_ptr<Arrivals::Source> source);
  void OnWritten(bool ok);
  void OnCancel();  // Nothing more can be sent.
  void OnDone();    // The last there is.

 private:
  // Of the message being handled, when the session had no room for it.
  enum class Room { kAsking, kWaiting, kCame };

  void ReadOn();
  void Handle(ProduceMessage message);
  void Open(ProduceOpen open);
  void Submit(ProduceBatchMessage message);
  // Hands `waiting_` to the session, now or when there is room.
  void SubmitWaiting();
  void EndHandling();
  void Complete(std::uint64_t number, Result<AppendResult> result);
  // Sends what is answered, or ends the stream when all is done.
  void Advance();
  // The stream takes no more and ends with `error` when what it took is answered.
  void EndWith(Error error);
  bool MayFinish() const QALAM_REQUIRES(mutex_);

  const RpcContext rpc_;
  ProduceTransport& transport_;
  const std::string protocol_;
  const std::string peer_;
  const std::optional<TraceParent> trace_;
  std::shared_ptr<ProduceStream> self_;  // From Start to OnDone.
  // Touched only by whoever handles a message: one at a time.
  std::unique_ptr<ProduceSession> session_;
  bool opened_ = false;
  std::optional<ProduceBatch> waiting_;
  std::atomic<Room> room_{Room::kAsking};

  mutable Mutex mutex_;
  AnswerQueue answers_ QALAM_GUARDED_BY(mutex_);
  bool reading_ QALAM_GUARDED_BY(mutex_) = false;
  bool handling_ QALAM_GUARDED_BY(mutex_) = false;  // A message; its batch may wait for room.
  bool posted_ QALAM_GUARDED_BY(mutex_) = false;    // Advance, to the AnswerThread.
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  bool no_more_ QALAM_GUARDED_BY(mutex_) = false;    // Nothing more is read.
  bool dropping_ QALAM_GUARDED_BY(mutex_) = false;   // A batch that waits for room is given up.
  bool cancelled_ QALAM_GUARDED_BY(mutex_) = false;  // Nothing more can be sent.
  bool finished_ QALAM_GUARDED_BY(mutex_) = false;   // The transport must not be called any more.
  std::optional<Error> end_with_ QALAM_GUARDED_BY(mutex_);
  std::optional<StreamInfo> opened_as_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
