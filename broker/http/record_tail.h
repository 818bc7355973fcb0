#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/api/broker.h"
#include "broker/http/http_event_stream.h"
#include "broker/http/tail_window.h"

namespace qalam {

// What a client wants to see of a topic as it comes.
struct TailQuestion {
  struct Part {
    PartitionId partition = 0;
    Offset from = 0;
  };
  std::string topic;
  std::vector<Part> parts;
  RecordMatch match;
  std::size_t rate = 50;  // Records a second.
};

// One live tail: reads the partitions through the broker's tails, shows what TailWindow lets
// through four times a second, and, where more is written than it may look at, goes on from the
// end. Ends with the client, or, after an event `end` that says why, with the last partition.
// Thread: `context`'s.
class RecordTail final : public std::enable_shared_from_this<RecordTail> {
 public:
  struct Surroundings {
    std::function<std::size_t()> scan_bytes;  // How much may be looked into until the next flush.
    std::function<void(const RecordTail*)> on_closed;
  };
  RecordTail(Broker& broker, boost::asio::io_context& context, TailQuestion question,
             std::shared_ptr<HttpEventStream> stream, Surroundings around);

  void Start();
  void Close();  // At once. Answers that are still to come are dropped.

 private:
  struct Part {
    PartitionId partition = 0;
    Offset next = 0;
    Offset high = 0;
    std::unique_ptr<TailSession> session;
    std::uint32_t generation = 0;  // Of the session; answers of older ones are dropped.
    bool pauses = false;           // Asks nothing before the next flush.
    int pauses_in_a_row = 0;
    bool ended = false;
  };

  void Open(std::size_t i, Offset from);
  void Ask(std::size_t i);
  void OnBatches(std::size_t i, std::uint32_t generation, Result<FetchResult> result);
  void OnError(std::size_t i, const Error& error);
  void AwaitFlush();
  void Flush();
  void GoOn();
  void JumpToEnds(const std::vector<std::size_t>& parts);

  Broker& broker_;
  boost::asio::io_context& context_;
  const std::string topic_;
  const std::shared_ptr<HttpEventStream> stream_;
  const Surroundings around_;
  boost::asio::steady_timer timer_;
  TailWindow window_;
  std::vector<Part> parts_;
  std::size_t live_;
  bool closed_ = false;
};

}  // namespace qalam
