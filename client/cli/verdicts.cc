#include "client/cli/verdicts.h"

#include <fmt/format.h>

#include "client/cli/output.h"

namespace qalam::cli {

void Verdicts::Take(const abi0::BatchReport& report) {
  const auto count = static_cast<std::uint64_t>(report.records_count);
  const std::lock_guard lock(mutex_);
  if (!report.ok()) {
    if (!first_error_) first_error_ = report.error();
    failed_.fetch_add(count);
    if (report.error().Is("CANCELLED")) unsent_.fetch_add(count);
    return;
  }
  durability_ = report.durability;
  latency_.Add(report.decided_at - report.opened_at, count);
  if (print_) Print(report);
  acked_.fetch_add(count);
}

void Verdicts::Refuse(const abi0::Error& error) {
  const std::lock_guard lock(mutex_);
  if (!first_error_) first_error_ = error;
  failed_.fetch_add(1);
}

void Verdicts::Explain(const abi0::Error& error) {
  const std::lock_guard lock(mutex_);
  if (!first_error_) first_error_ = error;
}

std::optional<abi0::Error> Verdicts::first_error() const {
  const std::lock_guard lock(mutex_);
  return first_error_;
}

std::string Verdicts::Summary() const {
  const std::lock_guard lock(mutex_);
  if (latency_.count() == 0) return "";
  return fmt::format("; ack p50 {:.2f} ms, p99 {:.2f} ms, {}", latency_.Quantile(0.5),
                     latency_.Quantile(0.99), abi0::DurabilityName(durability_));
}

void Verdicts::Print(const abi0::BatchReport& report) {
  lines_.clear();
  // A topic's name needs no escapes.
  const std::string head = fmt::format(
      "{{\"topic\":\"{}\",\"partition\":{},\"offset\":", report.topic, report.partition);
  const std::string tail =
      fmt::format(",\"leader_epoch\":{},\"durability\":\"{}\"}}\n", report.leader_epoch,
                  abi0::DurabilityName(report.durability));
  for (std::int32_t i = 0; i < report.records_count; ++i) {
    lines_ += head;
    // -1: nobody knows it (acks none, or an old duplicate).
    const fmt::format_int offset(report.base_offset < 0 ? -1 : report.base_offset + i);
    lines_.append(offset.data(), offset.size());
    lines_ += tail;
  }
  if (!WriteOutput(lines_)) output_failed_ = true;
}

}  // namespace qalam::cli
