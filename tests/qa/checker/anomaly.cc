#include "tests/qa/checker/anomaly.h"

#include <array>

#include "common/check.h"

namespace qalam::qa {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({
    "torn",
    "phantom",
    "corrupted",
    "refused-present",
    "doubled",
    "two-contents",
    "changed-after-restart",
    "lost",
    "moved",
    "ack-overlap",
    "order-reversed",
    "ack-above-durable",
    "superseded-ack",
    "epoch-mismatch",
    "answered-late",
    "reader-gap",
    "reader-repeat",
    "reader-back",
    "read-above-watermark",
    "stale-read",
    "watermark-back",
    "watermark-above-durable",
    "trimmed-unasked",
    "start-back",
    "served-below-start",
    "epoch-reused",
    "epoch-back",
    "epoch-unannounced",
    "gap",
    "overlap",
    "outside-bounds",
    "end-below-watermark",
    "read-lost",
    "read-rewritten",
    "readbacks-disagree",
    "producer-order",
    "log-epoch-back",
    "append-time-back",
    "no-progress",
    "too-few-acks",
    "too-few-reads",
    "too-few-readbacks",
    "fault-not-fired",
    "fault-without-load",
});

constexpr std::size_t kCount = static_cast<std::size_t>(Anomaly::kFaultWithoutLoad) + 1;
static_assert(kNames.size() == kCount);

constexpr std::array<Anomaly, kCount> kAll = [] {
  std::array<Anomaly, kCount> all{};
  for (std::size_t i = 0; i < kCount; ++i) all[i] = static_cast<Anomaly>(i);
  return all;
}();

}  // namespace

std::span<const Anomaly> AllAnomalies() { return kAll; }

std::string_view AnomalyName(Anomaly anomaly) {
  const auto index = static_cast<std::size_t>(anomaly);
  QALAM_CHECK(index < kCount);
  return kNames[index];
}

std::optional<Anomaly> AnomalyByName(std::string_view name) {
  for (const Anomaly anomaly : kAll) {
    if (AnomalyName(anomaly) == name) return anomaly;
  }
  return std::nullopt;
}

bool IsOnlyUnknown(Anomaly anomaly) { return anomaly >= Anomaly::kTooFewAcks; }

}  // namespace qalam::qa
