#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "broker/api/broker.h"
#include "broker/http/http_pages.h"
#include "broker/http/record_tail.h"
#include "broker/io/io_thread.h"

namespace qalam {

// The live tails that clients look at, on one thread: what they look into together in a second is
// bounded, however many there are. Thread: Open and has_room from any; Start and Stop the owner's.
class RecordTails {
 public:
  static constexpr std::size_t kTailsMax = 32;
  static constexpr std::size_t kPartitionsMax = 1000;  // Of one tail.

  explicit RecordTails(Broker& broker) : broker_(broker) {}
  ~RecordTails();  // Stopped.

  void Start();
  // Ends them all. What the broker was asked must be answered before this is destroyed.
  void Stop();
  bool has_room() const { return count_.load() < kTailsMax; }
  void Open(TailQuestion question, std::shared_ptr<HttpEventStream> stream);

 private:
  void Forget(const RecordTail* tail);
  std::size_t ScanBytes() const;

  Broker& broker_;
  IoThread io_{"http-tails"};
  bool started_ = false;
  bool stopping_ = false;  // The IoThread's.
  std::atomic<std::size_t> count_{0};
  std::vector<std::shared_ptr<RecordTail>> tails_;  // The IoThread's.
};

// /events/records: a topic's records as they come (?topic=, ?partition=, ?contains=, ?key=,
// ?rate=). Both must outlive the pages. Thread: any.
void AddRecordTailPage(HttpPages& pages, Broker& broker, RecordTails& tails);

}  // namespace qalam
