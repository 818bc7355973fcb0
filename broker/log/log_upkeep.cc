#include <algorithm>
#include <utility>

#include "broker/log/file_names.h"
#include "broker/log/log_errors.h"
#include "broker/log/log_impl.h"
#include "common/logging.h"

namespace qalam {
namespace {
constexpr std::chrono::seconds kIdleAfter{10};
}  // namespace

Status LogImpl::Tick(MonotonicTime now) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  if (changed_at_ && now - *changed_at_ >= options_.checkpoint_interval) point_due_ = true;
  if (sync_in_flight_) return OkStatus();
  if (!writer_->recent().empty() && now - last_append_ >= kIdleAfter) {
    writer_->DropRecent();
    Publish();
  }
  if (TooOld() && SegmentsAreSynced()) {
    const Status rolled = Roll();
    if (!rolled.ok() && failed_) return rolled;  // A full disk: another time.
  }
  return OkStatus();
}

// A segment may be given up only once the one behind it is durable, or a crash could leave neither.
bool LogImpl::SegmentsAreSynced() const {
  return !sync_in_flight_ && !directory_unsynced_ && sealed_unsynced_.empty();
}

std::size_t LogImpl::CountToRemove(const RetentionRule& rule) const {
  RetentionPass pass(rule, sealed_.size_bytes() + writer_->end());
  std::size_t count = 0;
  for (; count < sealed_.size(); ++count) {
    const SegmentSpan& span = sealed_[count];
    if (!pass.MayRemove(span.end_offset)) break;
    if (!pass.RemovedAnyway(span.end_offset, span.size_bytes)) {
      if (!pass.judges_by_time()) break;
      const auto largest = span.segment->LargestTimestamp();
      if (!largest.ok() || !pass.Expired(*largest)) break;
    }
    pass.Remove(span.size_bytes);
  }
  return count;
}

Result<Offset> LogImpl::ApplyRetention(std::optional<TimestampMs> retention_now,
                                       Offset high_watermark) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  if (!SegmentsAreSynced()) return log_start_offset_;
  const RetentionRule rule{options_.retention_bytes, options_.retention_ms, retention_now,
                           log_start_offset_, high_watermark};
  const std::size_t count = CountToRemove(rule);
  const bool all = count == sealed_.size();
  if (count > 0) QALAM_RETURN_IF_ERROR(RemoveFirst(count, PointWithout(count)));
  // The active segment is due too: it is sealed now, and goes with a later pass.
  const RetentionPass rest(rule, writer_->end());
  if (all && writer_->end() > 0 && durable_offset_ == end_offset_ && rest.MayRemove(end_offset_) &&
      (rest.Expired(index_->largest_timestamp()) || end_offset_ <= log_start_offset_)) {
    const Status rolled = Roll();
    if (!rolled.ok() && failed_) return rolled.error();
  }
  return log_start_offset_;
}

// The checkpoint as it is, but for the first `count` segments: nothing else is claimed.
DurablePoint LogImpl::PointWithout(std::size_t count) const {
  DurablePoint point = *checkpoint_->last();
  const auto base_of = [&](std::size_t i) {
    return i < sealed_.size() ? sealed_[i].segment->base_offset() : active_->base_offset();
  };
  point.first_segment_base = base_of(count);
  if (point.segment_base < point.first_segment_base) {
    point.segment_base = point.first_segment_base;
    point.durable_offset = point.first_segment_base;
    point.position = 0;
  }
  std::size_t holder = count;
  while (base_of(holder) != point.segment_base) ++holder;
  point.segments_count = static_cast<std::uint32_t>(holder - count + 1);
  point.log_start_offset = std::max(log_start_offset_, point.first_segment_base);
  return point;
}

// What is given up is written down first, so that files left over by a crash are known for what
// they are.
Status LogImpl::RemoveFirst(std::size_t count, DurablePoint point) {
  QALAM_RETURN_IF_ERROR(WritePoint(point));
  // Into both slots: if this one is damaged one day, the other must not bring back what was
  // deleted.
  if (const Status again = WritePoint(point); !again.ok() && failed_) return again;
  if (point.log_start_offset > log_start_offset_) {
    log_start_offset_ = point.log_start_offset;
    auto epochs = std::make_shared<EpochCache>(*epochs_);
    epochs->TruncateFromStart(log_start_offset_);
    epochs_ = std::move(epochs);
  }
  sealed_.RemoveFirst(count, clock_.Now() + options_.file_delete_delay);
  Publish();
  return OkStatus();
}

Result<Offset> LogImpl::Trim(Offset before, Offset high_watermark) {
  owner_.AssertHeld();
  if (failed_) return *failed_;
  if (before < 0 || before > high_watermark) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 "can't trim to offset " + std::to_string(before) + ": the log has " +
                     std::to_string(log_start_offset_) + " to " + std::to_string(high_watermark))
        .With("log_start_offset", log_start_offset_)
        .With("high_watermark", high_watermark);
  }
  if (before <= log_start_offset_) return log_start_offset_;
  if (sync_in_flight_) return Error(ErrorCode::kOverloaded, "a sync is under way, try again");
  // Segments that can't be removed now are when retention passes.
  std::size_t count = 0;
  while (SegmentsAreSynced() && count < sealed_.size() && sealed_[count].end_offset <= before) {
    ++count;
  }
  DurablePoint point = PointWithout(count);
  point.log_start_offset = before;
  QALAM_RETURN_IF_ERROR(RemoveFirst(count, point));
  return log_start_offset_;
}

std::vector<std::string> LogImpl::TakeDeletable(MonotonicTime now) {
  owner_.AssertHeld();
  return sealed_.TakeDeletable(now);
}

std::optional<MonotonicTime> LogImpl::next_deletable() const {
  owner_.AssertHeld();
  return sealed_.next_deletable();
}

}  // namespace qalam
