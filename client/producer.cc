#include "qalam/producer.h"

#include <algorithm>
#include <utility>

#include "client/producer_core.h"
#include "client/steady_time.h"

namespace qalam::abi0 {

Delivery::Delivery() noexcept = default;
Delivery::~Delivery() = default;
Delivery::Delivery(const Delivery&) noexcept = default;
Delivery& Delivery::operator=(const Delivery&) noexcept = default;
Delivery::Delivery(Delivery&&) noexcept = default;
Delivery& Delivery::operator=(Delivery&&) noexcept = default;
Delivery::Delivery(std::shared_ptr<DeliveryState> state, std::int32_t index) noexcept
    : state_(std::move(state)), index_(index) {}

bool Delivery::done() const noexcept { return state_ != nullptr && state_->done(); }

Result<DeliveryReport> Delivery::Get() const { return Get(std::chrono::milliseconds(-1)); }

Result<DeliveryReport> Delivery::Get(std::chrono::milliseconds timeout) const {
  if (state_ == nullptr) {
    return Error("INVALID_ARGUMENT", "this Delivery did not come from Producer::Send");
  }
  if (!state_->Wait(std::min(timeout, kTimeoutMax))) {
    return Error("TIMED_OUT", "no verdict after " + std::to_string(timeout.count()) + " ms");
  }
  DeliveryReport report = state_->ReportOf(index_);
  if (!report.ok()) return report.error();
  return report;
}

Status Sender::Send(const RecordRef& record) { return core_->SendTo(*topic_, partition_, record); }

Producer::Producer(std::shared_ptr<ProducerCore> core) noexcept : core_(std::move(core)) {}
Producer::Producer(Producer&&) noexcept = default;
Producer& Producer::operator=(Producer&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->Destroy();
    core_ = std::move(other.core_);
  }
  return *this;
}
Producer::~Producer() {
  if (core_ != nullptr) core_->Destroy();
}

Delivery Producer::Send(Record record) { return core_->Send(std::move(record)); }
Status Producer::Send(Record record, DeliveryCallback callback) {
  return core_->Send(std::move(record), std::move(callback));
}
Result<Sender> Producer::SenderFor(const std::string& topic,
                                   std::optional<std::int32_t> partition) {
  return core_->SenderFor(topic, partition);
}
Status Producer::Flush(std::chrono::milliseconds timeout) { return core_->Flush(timeout); }
CloseReport Producer::Close(std::chrono::milliseconds timeout) { return core_->Close(timeout); }
ProducerStats Producer::stats() const { return core_->stats(); }

}  // namespace qalam::abi0
