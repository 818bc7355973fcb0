#include "client/delivery_state.h"

#include <algorithm>

#include "client/steady_time.h"

namespace qalam::abi0 {

DeliveryState::DeliveryState(BatchReport report) : report_(std::move(report)) { decided_.Happen(); }

void DeliveryState::AddTimestamp(std::int32_t index, std::int64_t timestamp_ms) {
  timestamps_.resize(static_cast<std::size_t>(index), -1);
  timestamps_.push_back(timestamp_ms);
}

void DeliveryState::AddCallback(std::int32_t index, DeliveryCallback callback) {
  callbacks_.emplace_back(index, std::move(callback));
}

void DeliveryState::AddForward(std::int32_t index, std::shared_ptr<DeliveryState> other) {
  forwards_.emplace_back(index, std::move(other));
}

void DeliveryState::Decide(BatchReport report) {
  report_ = std::move(report);
  decided_.Happen();
  for (auto& [index, other] : forwards_) {
    BatchReport forwarded = report_;
    forwarded.records_count = 1;
    if (forwarded.base_offset >= 0) forwarded.base_offset += index;
    other->AddTimestamp(0, TimestampOf(index));
    other->Decide(std::move(forwarded));
  }
  forwards_.clear();
}

void DeliveryState::RunCallbacks() {
  if (callbacks_.empty()) return;
  DeliveryReport report = ReportOf(0);
  for (auto& [index, callback] : callbacks_) {
    if (report_.base_offset >= 0) report.offset = report_.base_offset + index;
    report.timestamp_ms = TimestampOf(index);
    callback(report);
  }
  callbacks_.clear();
}

bool DeliveryState::Wait(std::chrono::nanoseconds timeout) const {
  const TimePoint end =
      timeout.count() < 0
          ? TimePoint::max()
          : SteadyClock::now() + std::min<std::chrono::nanoseconds>(timeout, kTimeoutMax);
  if (source_ != nullptr) source_->FetchUntil(end, [this] { return done(); });
  return decided_.WaitUntil(end);
}

DeliveryReport DeliveryState::ReportOf(std::int32_t index) const {
  DeliveryReport report;
  report.topic = report_.topic;
  report.partition = report_.partition;
  report.offset = report_.base_offset >= 0 ? report_.base_offset + index : -1;
  report.leader_epoch = report_.leader_epoch;
  report.durability = report_.durability;
  report.duplicate = report_.duplicate;
  report.timestamp_ms = TimestampOf(index);
  report.status = report_.status;
  return report;
}

std::int64_t DeliveryState::TimestampOf(std::int32_t index) const {
  if (report_.append_time_ms >= 0) return report_.append_time_ms;
  const auto at = static_cast<std::size_t>(index);
  return at < timestamps_.size() ? timestamps_[at] : -1;
}

}  // namespace qalam::abi0
