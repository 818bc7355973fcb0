#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/api/requests.h"
#include "broker/http/record_json.h"
#include "broker/http/record_match.h"
#include "common/ids.h"
#include "common/record/batch_view.h"

namespace qalam {

// Which records, in which order, and how much may be done to find them.
struct RecordQuery {
  std::string topic;
  RecordMatch match;
  bool newest_first = false;
  std::size_t limit = 50;
  std::size_t preview_bytes = kRecordPreviewBytes;
  std::size_t scanned_bytes_max = std::size_t{32} << 20;  // Unpacked; a batch more at most.
  std::size_t unpacked_bytes_max = std::size_t{32}
                                   << 20;  // Of one batch; a larger one is left out.
};

// What is to be looked at of one partition: offsets from `start` to below `end`.
struct PartitionRange {
  PartitionId partition = 0;
  Offset start = 0;
  Offset end = 0;
  friend bool operator==(const PartitionRange&, const PartitionRange&) = default;
};

struct RecordPage {
  std::vector<std::string> records;  // JSON, in order.
  // Where the next page goes on; as the query's ranges. Empty: there is nothing more.
  std::vector<PartitionRange> rest;
  std::uint64_t scanned = 0;  // Records looked at.
  bool complete = true;       // False: not as many as asked for, because it was enough work.
  std::vector<std::string> problems;  // What can't be shown, and why.
};

// Reads partitions side by side and merges their records by time, without any I/O of its own: it
// says what to read and takes what was read. Within a partition the order is that of offsets; a
// record whose timestamp says otherwise counts as late as the one before it. The partition that is
// behind is always read next, so that all of them are looked at up to about the same time, and what
// is found further on waits for a later page. Memory is bounded by `limit` records and one batch,
// however many partitions there are. Thread: one at a time.
class RecordMerge {
 public:
  RecordMerge(RecordQuery query, std::vector<PartitionRange> ranges);

  // What to read next; nothing: the page is done.
  std::optional<FetchRequest> Next();
  // The answer to the last Next().
  void Take(const Result<FetchResult>& read);
  // The page as far as it got. Once; nothing may be called after it.
  RecordPage Finish();

 private:
  // Smaller comes first, whatever the direction.
  using Rank = std::int64_t;
  struct Cursor {
    PartitionRange left;                  // Not looked at yet.
    Rank frontier = 0;                    // What is left ranks so or higher.
    bool open = true;                     // There may be something left that belongs on this page.
    std::optional<Offset> first_unshown;  // What was found, but is not on the page.
    std::size_t bytes_next = 0;           // How much to read: little first, then more.
    Offset window = 0;                    // Backward: how many offsets.
  };
  struct Found {
    Rank rank = 0;
    std::size_t cursor = 0;
    Offset offset = 0;
    std::string json;
  };

  Rank RankOf(TimestampMs timestamp) const;
  bool ComesBefore(const Found& a, const Found& b) const;
  void TakeForward(Cursor& cursor, const FetchResult& read);
  void TakeBackward(Cursor& cursor, const FetchResult& read);
  void TakeError(Cursor& cursor, const Error& error);
  void ScanBatch(Cursor& cursor, const BatchSpan& batch);
  void Offer(Cursor& cursor, Rank rank, Epoch epoch, const RecordView& record);
  void Unshown(Cursor& cursor, Offset offset) const;
  void Problem(const Cursor& cursor, const std::string& what);
  Rank LowestFrontier() const;
  // What is left if what was found is shown up to `rank`.
  std::vector<PartitionRange> RestAfter(Rank rank) const;

  const RecordQuery query_;
  const std::vector<PartitionRange> initial_;
  std::vector<Cursor> cursors_;
  std::size_t asked_ = 0;     // Of Next().
  std::vector<Found> found_;  // In order, no more than the limit.
  std::uint64_t scanned_ = 0;
  std::size_t scanned_bytes_ = 0;
  std::vector<std::string> problems_;
  Bytes scratch_;
};

}  // namespace qalam
