#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "client/answer_source.h"
#include "common/one_shot_event.h"
#include "qalam/producer.h"

namespace qalam::abi0 {

// What the handles and callbacks of one batch share: the batch's verdict, once there is one.
// Records are added under the lock of the batch's accumulator, before the batch is sealed; Decide
// is called once; everything else: any thread.
class DeliveryState {
 public:
  DeliveryState() = default;
  // Already decided: a record that was refused at once.
  explicit DeliveryState(BatchReport report);

  // Who waits may look for the verdict there. Before the first handle is given away.
  void SetSource(std::shared_ptr<AnswerSource> source) { source_ = std::move(source); }
  // One record with a handle or a callback: `index` is its place in the batch.
  void AddTimestamp(std::int32_t index, std::int64_t timestamp_ms);
  void AddCallback(std::int32_t index, DeliveryCallback callback);
  // The verdict on record `index` is also the one on record 0 of `other`.
  void AddForward(std::int32_t index, std::shared_ptr<DeliveryState> other);
  bool has_callbacks() const { return !callbacks_.empty(); }

  // Wakes who waits and decides what was forwarded. Callbacks are left to RunCallbacks.
  void Decide(BatchReport report);
  // After Decide, on the callback thread. Each callback is called and dropped.
  void RunCallbacks();

  bool done() const { return decided_.has_happened(); }
  // False when `timeout` passed first. Negative: waits for ever.
  bool Wait(std::chrono::nanoseconds timeout) const;
  // After done().
  const BatchReport& batch_report() const { return report_; }
  DeliveryReport ReportOf(std::int32_t index) const;

 private:
  std::int64_t TimestampOf(std::int32_t index) const;

  OneShotEvent decided_;
  std::shared_ptr<AnswerSource> source_;
  BatchReport report_;  // Written before decided_, never after.
  std::vector<std::int64_t> timestamps_;
  std::vector<std::pair<std::int32_t, DeliveryCallback>> callbacks_;
  std::vector<std::pair<std::int32_t, std::shared_ptr<DeliveryState>>> forwards_;
};

}  // namespace qalam::abi0
