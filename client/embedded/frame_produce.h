#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/broker_link.h"
#include "client/embedded/frame_thread.h"
#include "common/bytes.h"
#include "common/fork_guard.h"
#include "common/frame.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// A Produce stream to the owner of a directory, over its socket and without gRPC (common/frame.h):
// messages are written by the sender's thread, as far as the socket takes them, answers are read by
// whoever waits for one, else by the FrameThread. Thread: as ProduceLink.
class FrameProduce final : public ProduceLink,
                           public FrameThread::Watcher,
                           public std::enable_shared_from_this<FrameProduce> {
 public:
  // `path` of the socket; `address` for errors.
  static std::shared_ptr<FrameProduce> Start(const std::string& path, std::string address,
                                             ProduceOpen open, std::shared_ptr<Listener> listener);
  ~FrameProduce() override;

  bool Write(const ProduceMessage& message) override;
  void Read() override {}  // What is unanswered is bounded by what the sender has in flight.
  void Cancel() override;
  bool can_fetch() const override { return true; }
  bool FetchUntil(TimePoint end, const std::function<bool()>& done) override;

  void OnReady(bool readable, bool writable) override;

 private:
  FrameProduce(std::string address, ProduceOpen open, std::shared_ptr<Listener> listener);
  bool Connect(const std::string& path);
  // One thread at a time reads. It also closes, if there is reason to meanwhile. Gives the
  // descriptor, which stays open until EndReading; nothing: somebody else reads, or it is closed.
  std::optional<int> BeginReading(bool fetching);
  void EndReading();
  bool ReadAnswers();  // False: there is no more.
  bool TakeFrames();   // Likewise.
  void WriteRest();
  void Rewatch() QALAM_REQUIRES(mutex_);
  void Close(const Error& error, bool from_broker);
  // Closes soon.
  void Fail(Error error);
  Error Gone(const std::string& why) const;

  const std::shared_ptr<FrameThread> thread_;
  const std::string address_;
  const ProduceOpen open_;
  const ForkMark fork_mark_;
  FrameReader frames_;  // Of who reads.

  Mutex mutex_;
  int descriptor_ QALAM_GUARDED_BY(mutex_) = -1;                 // -1: closed, or never open.
  std::shared_ptr<Listener> listener_ QALAM_GUARDED_BY(mutex_);  // Until it is closed.
  bool greeted_ QALAM_GUARDED_BY(mutex_) = false;
  bool reading_ QALAM_GUARDED_BY(mutex_) = false;
  bool fetching_ QALAM_GUARDED_BY(mutex_) = false;  // Not the FrameThread reads.
  Bytes rest_ QALAM_GUARDED_BY(mutex_);             // Of a message that the socket had no room for.
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
  // Why it is closed once nobody reads any more.
  std::optional<std::pair<Error, bool>> closing_ QALAM_GUARDED_BY(mutex_);
};

// The owner behind `path`, for producers; tails go another way.
std::shared_ptr<DirectBroker> MakeFrameBroker(std::string path, std::string address);

}  // namespace qalam::abi0
