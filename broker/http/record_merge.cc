#include "broker/http/record_merge.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

#include "common/units.h"

namespace qalam {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kFirstReadBytes = 16 << 10;
constexpr std::size_t kReadBytesMax = 1 << 20;
constexpr Offset kFirstWindow = 16;
constexpr Offset kWindowMax = 1 << 16;
constexpr std::size_t kProblemsMax = 20;

std::vector<BatchSpan> Batches(const FetchResult& read, std::string& problem) {
  std::vector<BatchSpan> spans;
  for (const SharedSlice& slice : read.batches) {
    BatchCursor batches(slice.view());
    while (true) {
      const auto next = batches.Next();
      if (!next.ok()) problem = next.error().ToString();
      if (!next.ok() || !*next) break;
      spans.push_back(**next);
    }
  }
  return spans;
}

}  // namespace

RecordMerge::RecordMerge(RecordQuery query, std::vector<PartitionRange> ranges)
    : query_(std::move(query)), initial_(std::move(ranges)) {
  for (const PartitionRange& range : initial_) {
    Cursor cursor;
    cursor.left = range;
    cursor.frontier = kFirst;
    cursor.open = range.start < range.end;
    cursor.bytes_next = kFirstReadBytes;
    cursor.window = kFirstWindow;
    cursors_.push_back(cursor);
  }
}

RecordMerge::Rank RecordMerge::RankOf(TimestampMs timestamp) const {
  // Not negated: the smallest number has no opposite.
  return query_.newest_first ? ~timestamp : timestamp;
}

bool RecordMerge::ComesBefore(const Found& a, const Found& b) const {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.cursor != b.cursor) return a.cursor < b.cursor;
  return query_.newest_first ? a.offset > b.offset : a.offset < b.offset;
}

RecordMerge::Rank RecordMerge::LowestFrontier() const {
  Rank lowest = kLast;
  for (const Cursor& cursor : cursors_) {
    if (cursor.open) lowest = std::min(lowest, cursor.frontier);
  }
  return lowest;
}

std::optional<FetchRequest> RecordMerge::Next() {
  const auto behind = [](const Cursor& a, const Cursor& b) {
    if (a.open != b.open) return a.open;
    return a.frontier < b.frontier;
  };
  const auto next = std::min_element(cursors_.begin(), cursors_.end(), behind);
  if (next == cursors_.end() || !next->open || scanned_bytes_ >= query_.scanned_bytes_max)
    return {};
  if (found_.size() >= query_.limit && found_.back().rank <= next->frontier) return {};
  asked_ = static_cast<std::size_t>(next - cursors_.begin());
  FetchRequest request;
  request.partition = {query_.topic, next->left.partition};
  request.offset = next->left.start;
  request.bytes_max = next->bytes_next;
  if (query_.newest_first) {
    request.offset = std::max(next->left.start, next->left.end - next->window);
  }
  return request;
}

void RecordMerge::Take(const Result<FetchResult>& read) {
  Cursor& cursor = cursors_[asked_];
  if (!read.ok()) {
    TakeError(cursor, read.error());
  } else if (query_.newest_first) {
    TakeBackward(cursor, *read);
  } else {
    TakeForward(cursor, *read);
  }
}

// What retention or trimming took meanwhile is passed over.
void RecordMerge::TakeError(Cursor& cursor, const Error& error) {
  if (error.code() == ErrorCode::kOffsetOutOfRange) {
    const auto start = ParseInteger(error.detail("log_start_offset").value_or(""));
    if (start.ok() && *start > cursor.left.start) {
      cursor.left.start = *start;
      cursor.open = cursor.left.start < cursor.left.end;
      return;
    }
  }
  Problem(cursor, error.ToString());
  cursor.open = false;  // Also not on the next page.
  (query_.newest_first ? cursor.left.end : cursor.left.start) =
      query_.newest_first ? cursor.left.start : cursor.left.end;
}

void RecordMerge::TakeForward(Cursor& cursor, const FetchResult& read) {
  std::string problem;
  for (const BatchSpan& batch : Batches(read, problem)) {
    if (!cursor.open) return;
    ScanBatch(cursor, batch);
    cursor.left.start = std::max(cursor.left.start, batch.header.next_offset());
  }
  if (!problem.empty()) Problem(cursor, problem);
  if (cursor.left.start >= cursor.left.end || read.batches.empty() || !problem.empty()) {
    cursor.left.start = cursor.left.end;
    cursor.open = false;
  }
  cursor.bytes_next = std::min(cursor.bytes_next * 4, kReadBytesMax);
}

// Logs are read forwards only: a window before the end is read, and if that was too much for one
// read, a smaller one. What was read in vain counts as work.
void RecordMerge::TakeBackward(Cursor& cursor, const FetchResult& read) {
  std::string problem;
  const std::vector<BatchSpan> batches = Batches(read, problem);
  std::size_t bytes = 0;
  for (const BatchSpan& batch : batches) bytes += batch.bytes.size();
  if (batches.empty() || !problem.empty()) {
    Problem(cursor, problem.empty() ? "nothing could be read" : problem);
    cursor.left.end = cursor.left.start;
    cursor.open = false;
    return;
  }
  const Offset first = batches.front().header.base_offset;
  if (batches.back().header.next_offset() < cursor.left.end && cursor.window > 1) {
    cursor.window = std::max<Offset>(1, cursor.window / 8);
    scanned_bytes_ += bytes;
    return;
  }
  for (auto batch = batches.rbegin(); batch != batches.rend() && cursor.open; ++batch) {
    ScanBatch(cursor, *batch);
    cursor.left.end = std::min(cursor.left.end, batch->header.base_offset);
  }
  if (cursor.left.end <= cursor.left.start) {
    cursor.left.end = cursor.left.start;
    cursor.open = false;
  }
  cursor.bytes_next = std::min(cursor.bytes_next * 4, kReadBytesMax);
  const auto records =
      static_cast<std::size_t>(std::max<Offset>(1, batches.back().header.next_offset() - first));
  const std::size_t record_bytes = std::max<std::size_t>(1, bytes / records);
  const auto fit = static_cast<Offset>(cursor.bytes_next * 3 / 4 / record_bytes);
  cursor.window = std::clamp<Offset>(fit, 1, std::min(kWindowMax, cursor.window * 8));
}

// Records of the batch that are in the range. Backward, the last ones that match are kept until all
// were seen; what there is before them is not for this page.
void RecordMerge::ScanBatch(Cursor& cursor, const BatchSpan& batch) {
  scanned_bytes_ += batch.bytes.size();
  const auto skip = [&](const Error& why) {
    Problem(cursor, "offsets " + std::to_string(batch.header.base_offset) + " to " +
                        std::to_string(batch.header.last_offset()) + ": " + why.ToString());
  };
  if (batch.header.control()) return;  // Not a producer's.
  const Result<BytesView> block = DecompressRecords(batch, scratch_, query_.unpacked_bytes_max);
  if (!block.ok()) {
    skip(block.error());
    return;
  }
  if (block->size() > batch.bytes.size()) scanned_bytes_ += block->size() - batch.bytes.size();
  std::deque<RecordView> matching;
  Rank highest = kFirst;
  RecordCursor records(batch.header, *block);
  records.Walk([&](const RecordView& record) {
    if (record.offset < cursor.left.start || record.offset >= cursor.left.end) return true;
    ++scanned_;
    const Rank rank = RankOf(record.timestamp);
    highest = std::max(highest, rank);
    const bool matches = query_.match.Matches(record);
    if (query_.newest_first) {
      if (matches) matching.push_back(record);
      if (matching.size() > query_.limit) {
        Unshown(cursor, matching.front().offset);
        matching.pop_front();
      }
      return true;
    }
    cursor.frontier = std::max(cursor.frontier, rank);
    if (matches) Offer(cursor, cursor.frontier, batch.header.leader_epoch, record);
    return cursor.open;
  });
  Rank rank = cursor.frontier;
  for (auto record = matching.rbegin(); record != matching.rend() && cursor.open; ++record) {
    rank = std::max(rank, RankOf(record->timestamp));
    Offer(cursor, rank, batch.header.leader_epoch, *record);
  }
  cursor.frontier = std::max(cursor.frontier, highest);
  if (!records.status().ok()) skip(records.status().error());
}

// Each rank that a partition offers is as high as the one before or higher: once one has no place
// on the page, what follows has none either.
void RecordMerge::Offer(Cursor& cursor, Rank rank, Epoch epoch, const RecordView& record) {
  Found found{rank, static_cast<std::size_t>(&cursor - cursors_.data()), record.offset, {}};
  const auto place =
      std::upper_bound(found_.begin(), found_.end(), found,
                       [this](const Found& a, const Found& b) { return ComesBefore(a, b); });
  if (found_.size() >= query_.limit && place == found_.end()) {
    Unshown(cursor, record.offset);
    cursor.open = false;
    return;
  }
  AppendRecordJson({query_.topic, cursor.left.partition, epoch}, record, query_.preview_bytes,
                   found.json);
  found_.insert(place, std::move(found));
  if (found_.size() <= query_.limit) return;
  Cursor& loser = cursors_[found_.back().cursor];
  Unshown(loser, found_.back().offset);
  loser.open = false;
  found_.pop_back();
}

void RecordMerge::Unshown(Cursor& cursor, Offset offset) const {
  if (!cursor.first_unshown) {
    cursor.first_unshown = offset;
  } else if (query_.newest_first) {
    cursor.first_unshown = std::max(*cursor.first_unshown, offset);
  } else {
    cursor.first_unshown = std::min(*cursor.first_unshown, offset);
  }
}

void RecordMerge::Problem(const Cursor& cursor, const std::string& what) {
  if (problems_.size() >= kProblemsMax) return;
  problems_.push_back("partition " + std::to_string(cursor.left.partition) + ": " + what);
}

std::vector<PartitionRange> RecordMerge::RestAfter(Rank rank) const {
  std::vector<PartitionRange> rest;
  for (const Cursor& cursor : cursors_) {
    PartitionRange range = cursor.left;
    const auto keep = [&](Offset offset) {
      if (query_.newest_first) {
        range.end = std::max(range.end, offset + 1);
      } else {
        range.start = std::min(range.start, offset);
      }
    };
    if (cursor.first_unshown) keep(*cursor.first_unshown);
    for (const Found& found : found_) {
      if (found.rank > rank && &cursors_[found.cursor] == &cursor) keep(found.offset);
    }
    rest.push_back(range);
  }
  return rest;
}

RecordPage RecordMerge::Finish() {
  RecordPage page;
  page.scanned = scanned_;
  page.problems = std::move(problems_);
  Rank last_shown = LowestFrontier();
  page.complete =
      last_shown == kLast || (found_.size() >= query_.limit && found_.back().rank <= last_shown);
  page.rest = RestAfter(last_shown);
  // A partition that was not looked at in time holds back what was found in others. If the next
  // page would only do the same again, what was found is better than nothing.
  const bool all_waits = !found_.empty() && found_.front().rank > last_shown;
  if (all_waits && page.rest == initial_) {
    last_shown = kLast;
    page.rest = RestAfter(last_shown);
  }
  for (Found& found : found_) {
    if (found.rank <= last_shown) page.records.push_back(std::move(found.json));
  }
  const auto is_over = [](const PartitionRange& range) { return range.start >= range.end; };
  if (std::all_of(page.rest.begin(), page.rest.end(), is_over)) page.rest.clear();
  return page;
}

}  // namespace qalam
