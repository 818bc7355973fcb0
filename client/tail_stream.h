#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "client/connections.h"
#include "client/wire_codec.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// What a reader's streams share: the room for what was received and not taken, and who has news.
// Thread: any.
class ReceiveRoom {
 public:
  explicit ReceiveRoom(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  void Add(std::size_t bytes);
  void Remove(std::size_t bytes);
  bool full() const;
  std::size_t bytes() const;

  // Partition number `index` of the reader has something to look at.
  void Report(std::size_t index);
  // The next to look at, in turn. Waits until `end`; nothing when that passed, or after Wakeup.
  std::optional<std::size_t> NextReported(std::chrono::steady_clock::time_point end);
  void Wakeup();
  bool TakeWakeup();

 private:
  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  CondVar news_;
  std::size_t bytes_ QALAM_GUARDED_BY(mutex_) = 0;
  std::deque<std::size_t> reported_ QALAM_GUARDED_BY(mutex_);
  std::set<std::size_t> waiting_ QALAM_GUARDED_BY(mutex_);  // In reported_, each once.
  bool woken_ QALAM_GUARDED_BY(mutex_) = false;
};

// One Tail call: messages queue here until they are taken; when the room is full, nothing more is
// read from the connection, but for one message, so that every partition moves. Thread: the
// reader's, and inside that of the link.
class TailStream : public TailLink::Listener, public std::enable_shared_from_this<TailStream> {
 public:
  static std::shared_ptr<TailStream> Start(const Connection& connection, const TailOpen& open,
                                           std::shared_ptr<ReceiveRoom> room, std::size_t index);

  // The oldest message; then reads on if it had stopped and there is room.
  std::optional<TailPart> Take();
  // How it ended, once every message before was taken.
  std::optional<Error> ended() const;
  bool has_news() const;
  // Ends it; nothing more comes, and what was received is dropped.
  void Cancel();

 private:
  TailStream(std::shared_ptr<ReceiveRoom> room, std::size_t index)
      : room_(std::move(room)), index_(index) {}
  void OnPart(TailPart part) override;
  void OnClosed(const Error& error) override;
  bool MayRead() const QALAM_REQUIRES(mutex_);

  const std::shared_ptr<ReceiveRoom> room_;
  const std::size_t index_;  // Of the partition, for the room.
  mutable Mutex mutex_;
  std::shared_ptr<TailLink> link_ QALAM_GUARDED_BY(mutex_);
  std::deque<TailPart> messages_ QALAM_GUARDED_BY(mutex_);
  bool stopped_ QALAM_GUARDED_BY(mutex_) = false;  // Reading; no message is asked for.
  bool cancelled_ QALAM_GUARDED_BY(mutex_) = false;
  std::optional<Error> ended_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam::abi0
