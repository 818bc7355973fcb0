#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "client/embedded/direct_hub.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// A Produce stream to the broker in this process, without gRPC: batches go to the writer's mailbox
// on the sender's thread, answers come in the order of the batches, as many at a time as are ready.
// When the mailbox is full, the batch waits, and the sender hears later that it is written.
//
//   Write -> session.TrySubmit                         (one batch at a time)
//               `-> full: OnRoom, then again, then OnWritten
//   reply, from the writer -> slots_ -> AnswerThread -> OnAnswers
//
// Once the hub is closed, the listener is called on the thread of whoever still writes. Thread: as
// ProduceLink.
class DirectProduce final : public ProduceLink,
                            public DirectLink,
                            public std::enable_shared_from_this<DirectProduce> {
 public:
  static std::shared_ptr<DirectProduce> Start(std::shared_ptr<DirectHub> hub,
                                              const ProduceOpen& open,
                                              std::shared_ptr<Listener> listener);
  ~DirectProduce() override;

  bool Write(const ProduceMessage& message) override;
  void Read() override {}  // What is unanswered is bounded by what the sender has in flight.
  void Cancel() override;
  void End() override;

 private:
  // Of what was asked of the broker: whether the answer came before or after the asking returned.
  enum class Phase { kAsking, kWaiting, kCame };
  struct Slot {
    std::uint64_t batch_id = 0;
    std::int32_t callers_count = 0;
    std::optional<BatchAnswer> answer;
  };

  DirectProduce(std::shared_ptr<DirectHub> hub, const ProduceOpen& open,
                std::shared_ptr<Listener> listener);
  bool Open();
  bool SubmitWaiting();
  // True: the answer came while we asked; false: it will go on by itself.
  bool CameMeanwhile();
  // The answer to what was asked is there. True: nobody is asking any more, so go on here.
  bool GoOnHere() { return phase_.exchange(Phase::kCame) == Phase::kWaiting; }
  void Complete(std::uint64_t number, const qalam::Result<qalam::AppendResult>& result);
  void Close(Error error, bool from_broker);
  // True: nobody delivers, so the caller must Post once it holds no lock.
  bool StartDelivering() QALAM_REQUIRES(mutex_) { return !std::exchange(delivering_, true); }
  void Post();
  void Deliver();

  const std::shared_ptr<DirectHub> hub_;
  const ProduceOpen open_;
  const std::shared_ptr<Listener> listener_;
  // Touched by whoever writes or goes on with a write, one at a time, and within an Entry of the
  // hub; by End, when there is none any more.
  std::unique_ptr<qalam::ProduceSession> session_;
  std::optional<qalam::ProduceBatch> waiting_;
  std::atomic<Phase> phase_{Phase::kCame};
  std::atomic<bool> cancelled_{false};

  Mutex mutex_;
  std::deque<Slot> slots_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t first_ QALAM_GUARDED_BY(mutex_) = 0;  // Number of the first slot.
  std::optional<std::pair<Error, bool>> end_with_ QALAM_GUARDED_BY(mutex_);
  bool delivering_ QALAM_GUARDED_BY(mutex_) = false;  // Posted, or at it.
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;      // The listener knows.
};

}  // namespace qalam::abi0
