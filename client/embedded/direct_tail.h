#pragma once

#include <memory>
#include <optional>

#include "client/embedded/direct_hub.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// A Tail stream from the broker in this process, without gRPC. Stored batches stay where they are
// until the reader unpacks them. Thread: as TailLink.
class DirectTail final : public TailLink,
                         public DirectLink,
                         public std::enable_shared_from_this<DirectTail> {
 public:
  static std::shared_ptr<DirectTail> Start(std::shared_ptr<DirectHub> hub, const TailOpen& open,
                                           std::shared_ptr<Listener> listener);
  ~DirectTail() override;

  void Read() override;
  void Cancel() override;
  void End() override;

 private:
  DirectTail(std::shared_ptr<DirectHub> hub, std::shared_ptr<Listener> listener)
      : hub_(std::move(hub)), listener_(std::move(listener)) {}
  void Open(const TailOpen& open);
  // Asks and hands over for as long as more is wanted and answers come at once.
  void GoOn();
  void Close(const Error& error);

  const std::shared_ptr<DirectHub> hub_;
  const std::shared_ptr<Listener> listener_;
  Mutex mutex_;
  // The session is called by whoever set busy_, within an Entry of the hub.
  std::shared_ptr<qalam::TailSession> session_ QALAM_GUARDED_BY(mutex_);
  std::optional<qalam::Result<qalam::FetchResult>> answer_ QALAM_GUARDED_BY(mutex_);
  bool wanted_ QALAM_GUARDED_BY(mutex_) = false;
  bool asked_ QALAM_GUARDED_BY(mutex_) = false;  // The broker has not answered yet.
  bool busy_ QALAM_GUARDED_BY(mutex_) = false;   // A thread is in GoOn.
  std::optional<Error> end_with_ QALAM_GUARDED_BY(mutex_);
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;  // The listener knows.
};

}  // namespace qalam::abi0
