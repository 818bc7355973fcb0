#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

#include "broker/api/broker.h"
#include "broker/http/page_token.h"
#include "broker/http/record_merge.h"
#include "broker/io/io_thread.h"
#include "common/unique_function.h"

namespace qalam {

// Where a page of records begins.
struct RecordStart {
  enum class At {
    kNewest,  // With RecordQuery::newest_first.
    kOldest,
    kOffset,  // `number`, of one partition.
    kOnly,    // As kOffset, and nothing else.
    kTime,    // The first record of this time or later, in each partition.
    kToken,
  };
  At at = At::kNewest;
  std::int64_t number = 0;
  std::optional<PartitionId> partition;  // Missing: all of the topic's.
  PageToken token;
};

// Answers questions for records by what a broker fetches. Unpacking and searching is done on a
// thread of its own, so that neither the HTTP thread nor the broker's are held up; a page stops at
// a bounded amount of work and of time. Thread: Find from any; Stop the owner's.
class RecordScanner {
 public:
  using Answer = Reply<RecordPage>;
  static constexpr std::size_t kScansMax = 32;          // At the same time.
  static constexpr std::size_t kPartitionsMax = 1'000;  // Of one merge.

  explicit RecordScanner(Broker& broker);  // Which must outlive it.
  ~RecordScanner();                        // Stopped.
  // Answers on the scanner's thread. Errors: those of Broker::Fetch; kOffsetOutOfRange (kOffset,
  // kOnly); kInvalidArgument (too many partitions to merge, a token of another topic);
  // kTooManyRequests.
  void Find(RecordQuery query, RecordStart start, Answer answer);
  // Once all that the broker was asked is answered: everything here is, too, when it returns.
  void Stop();

 private:
  class Scan;

  Broker& broker_;
  IoThread io_;
  std::atomic<std::size_t> scans_{0};
};

}  // namespace qalam
