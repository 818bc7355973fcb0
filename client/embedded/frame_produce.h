#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "client/broker_link.h"
#include "client/embedded/frame_thread.h"
#include "common/bytes.h"
#include "common/fork_guard.h"
#include "common/frame.h"
#include "common/frame_channel.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// A Produce stream to the owner of a directory, through shared memory and without gRPC
// (common/frame.h): messages are written by the sender's thread, as far as there is room, answers
// are read by whoever waits for one, else by the FrameThread. Thread: as ProduceLink.
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

  void OnReady() override;

 private:
  FrameProduce(std::string address, ProduceOpen open, std::shared_ptr<Listener> listener);
  std::optional<std::string> Connect(const std::string& path);  // Why not.
  // One thread at a time reads. It also closes, if there is reason to meanwhile. False: somebody
  // else reads, or it is closed.
  bool BeginReading();
  void EndReading();
  bool ReadAnswers();  // False: there is no more.
  bool TakeFrames();   // Likewise.
  void WriteRest();
  // So many bytes, as there is room for.
  std::size_t Put(std::span<const BytesView> parts) QALAM_REQUIRES(mutex_);
  // As much of `rest_` as there is room for. The bell tells when to go on.
  void WriteOn() QALAM_REQUIRES(mutex_);
  // Waits for answers of the thread that reads, until then at the latest. False: it is over.
  bool WaitHere(TimePoint end);
  void Close(const Error& error, bool from_broker);
  std::shared_ptr<Listener> Shut() QALAM_REQUIRES(mutex_);  // Who is to hear of it.
  // Closes soon.
  void Fail(Error error);
  Error Gone(const std::string& why) const;

  const std::shared_ptr<FrameThread> thread_;
  const std::string address_;
  const ProduceOpen open_;
  const ForkMark fork_mark_;
  // From Connect on. The rings' ends: in() of who reads, out() with the mutex.
  std::unique_ptr<FrameChannel> channel_;
  FrameReader frames_;  // Of who reads.

  Mutex mutex_;
  int descriptor_ QALAM_GUARDED_BY(mutex_) = -1;                 // -1: closed, or never open.
  std::shared_ptr<Listener> listener_ QALAM_GUARDED_BY(mutex_);  // Until it is closed.
  bool reading_ QALAM_GUARDED_BY(mutex_) = false;
  // Of a message that there was no room for, and how much of it is through.
  Bytes rest_ QALAM_GUARDED_BY(mutex_);
  std::size_t rest_taken_ QALAM_GUARDED_BY(mutex_) = 0;
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
  // Why it is closed once nobody reads any more.
  std::optional<std::pair<Error, bool>> closing_ QALAM_GUARDED_BY(mutex_);
};

// The owner behind `path`, for producers; tails go another way.
std::shared_ptr<DirectBroker> MakeFrameBroker(std::string path, std::string address);

}  // namespace qalam::abi0
