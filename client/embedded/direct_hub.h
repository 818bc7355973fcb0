#pragma once

#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "broker/api/answer_thread.h"
#include "broker/api/broker.h"
#include "client/broker_link.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// A link to the broker in this process, which has to end before the broker does. Thread: any.
class DirectLink {
 public:
  virtual ~DirectLink() = default;
  // The broker takes no calls any more and has answered what it was asked: forget it, and tell the
  // listener, after what was answered, that it is gone.
  virtual void End() = 0;
};

// What the links to one broker in this process share: the broker, for as long as it may be called,
// and the thread on which its answers reach the listeners. Thread: any, Close once.
class DirectHub {
 public:
  explicit DirectHub(qalam::Broker& broker) : broker_(&broker) {}
  ~DirectHub();  // Closed.

  // Keeps the broker from going while it is held.
  class Entry {
   public:
    explicit Entry(DirectHub& hub) : lock_(hub.gate_), broker_(hub.broker_) {}
    explicit operator bool() const { return broker_ != nullptr; }  // False: it is gone.
    qalam::Broker& broker() const { return *broker_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    qalam::Broker* broker_;
  };

  AnswerThread& answers() { return answers_; }
  const Clock& clock() const { return SystemClock::Get(); }
  // False: the hub is closed, and `link` must end itself.
  bool Add(const std::shared_ptr<DirectLink>& link);
  void Remove(DirectLink* link);
  // Once the broker has stopped: ends every link. Nobody calls the broker when it returns.
  void Close();

 private:
  std::shared_mutex gate_;
  qalam::Broker* broker_;  // Guarded by gate_; null once closed.
  AnswerThread answers_;
  Mutex mutex_;
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
  std::unordered_map<DirectLink*, std::weak_ptr<DirectLink>> links_ QALAM_GUARDED_BY(mutex_);
};

// The broker of this process, for the client in it: records go straight to the mailboxes of its
// writers. Thread: any.
std::shared_ptr<DirectBroker> MakeDirectBroker(std::shared_ptr<DirectHub> hub);

// Of a broker that is gone, or going: SHUTTING_DOWN.
Error BrokerIsGone();

}  // namespace qalam::abi0
