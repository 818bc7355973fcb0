#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "broker/http/record_match.h"
#include "common/bytes.h"
#include "common/ids.h"

namespace qalam {

// What one live tail shows: of the batches that come, the records that match, so many a second and
// so many bytes at a time; the rest are counted. Looks into so many bytes of records between two
// refills, so that a filter that finds nothing costs no more than one that finds all. Pure. Thread:
// its owner's.
class TailWindow {
 public:
  static constexpr std::size_t kShownBytesMax = std::size_t{512} << 10;

  // `rate`: records a second.
  TailWindow(std::string topic, RecordMatch match, std::size_t rate);

  // Time went by: more records may be shown, a second's worth at most, and bytes looked into.
  void Refill(std::chrono::milliseconds passed, std::size_t scan_bytes);
  // Takes records from offset `from` on; at most about half of what may be shown now, so that one
  // busy partition leaves room for the others.
  void Look(PartitionId partition, Offset from, const std::vector<SharedSlice>& batches);
  // Records that went by unseen.
  void PassOver(std::uint64_t count);
  // Whether it is worth to read more before the next refill.
  bool wants_more() const;
  std::size_t may_show() const { return static_cast<std::size_t>(allowed_); }
  bool filters() const { return !match_.contains.empty() || !match_.key.empty(); }

  bool has_news() const { return shown_ > 0 || dropped_ > 0 || skipped_ > 0; }
  // {"records":[...],"dropped":N,"skipped":N}: since the last time.
  std::string Take();
  // What Take answered could not be sent.
  void PutBack(std::size_t shown, std::uint64_t dropped, std::uint64_t skipped);
  std::size_t shown() const { return shown_; }
  std::uint64_t dropped() const { return dropped_; }  // They match, and were not shown.
  std::uint64_t skipped() const { return skipped_; }  // Whether they match is not known.

 private:
  void LookInto(PartitionId partition, Offset from, BytesView bytes, std::size_t shown_max);

  const std::string topic_;
  const RecordMatch match_;
  const std::size_t rate_;
  double allowed_;  // Records that may be shown now.
  std::size_t scan_left_ = 0;
  std::string records_;  // JSON, with commas between.
  std::size_t shown_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t skipped_ = 0;
  Bytes scratch_;
};

}  // namespace qalam
