#include "tests/qa/checker/spoil.h"

namespace qalam::qa {
namespace {

bool Add(Places& places, const Watermark& sample) {
  places.partition().watermarks.push_back(sample);
  return true;
}

// A sample right after an acknowledgement that knows nothing of it.
std::optional<Watermark> Forgetful(Places& places) {
  const Outcome* const ack = places.PickAck();
  if (ack == nullptr) return std::nullopt;
  return Watermark{.t_ns = ack->t_ns + 1,
                   .begin_ns = ack->t_ns + 1,
                   .log_start = 0,
                   .high_watermark = ack->offset,
                   .durable_end = ack->offset};
}

bool AddLead(Places& places, std::int64_t below) {
  const std::int64_t epoch = places.partition().leads.back().epoch;
  if (epoch < below) return false;
  places.partition().leads.push_back(
      {.t_ns = places.EndNs(), .broker = "b2", .epoch = epoch - below});
  return true;
}

bool Unannounce(Places& places) {
  Outcome* const ack = places.PickAck();
  Found* const seen = places.PickSeen();
  if (places.Below(2) == 0) {
    if (ack == nullptr) return false;
    ack->epoch += 1000;
  } else {
    seen->epoch += 1000;
  }
  return true;
}

}  // namespace

std::optional<bool> SpoilSample(Anomaly anomaly, Places& places) {
  Watermark sample = places.LastSample();
  switch (anomaly) {
    case Anomaly::kWatermarkBack:
      Add(places, sample);
      ++sample.t_ns;
      sample.begin_ns = sample.t_ns;
      sample.high_watermark -= 1 + static_cast<std::int64_t>(places.Below(3));
      return sample.high_watermark >= 0 && Add(places, sample);
    case Anomaly::kStaleRead:
    case Anomaly::kAckAboveDurable: {
      const std::optional<Watermark> forgetful = Forgetful(places);
      return forgetful && Add(places, *forgetful);
    }
    case Anomaly::kWatermarkAboveDurable:
      ++sample.high_watermark;
      return Add(places, sample);
    case Anomaly::kTrimmedUnasked:
      sample.log_start = places.StartAllowed() + 1;
      return Add(places, sample);
    case Anomaly::kStartBack:
      --sample.log_start;
      return sample.log_start >= 0 && Add(places, sample);
    case Anomaly::kEpochReused:
      return AddLead(places, 0);
    case Anomaly::kEpochBack:
      return AddLead(places, 1);
    case Anomaly::kEpochUnannounced:
      return Unannounce(places);
    default:
      return std::nullopt;
  }
}

}  // namespace qalam::qa
