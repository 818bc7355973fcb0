#include "tests/qa/checker/spoil.h"

namespace qalam::qa {
namespace {

using Foundlings = std::vector<Found>;

// A place in the middle of a list: something is before and after it.
std::optional<std::ptrdiff_t> Middle(Places& places, const Foundlings& found) {
  if (found.size() < 3) return std::nullopt;
  return static_cast<std::ptrdiff_t>(1 + places.Below(found.size() - 2));
}

bool LoseRead(Places& places, Readback& readback, bool rewrite) {
  const Read* const read = places.Pick(places.partition().reads, [&](const Read& each) {
    return each.found.offset >= readback.log_start;
  });
  const Send* const other = places.Pick(places.partition().sends);
  if (read == nullptr || other->record == read->found.record) return false;
  const auto at = readback.found.begin() + (read->found.offset - readback.log_start);
  if (rewrite) {
    at->record = other->record;
    at->digest = other->digest;
  } else {
    readback.found.erase(at);
  }
  return true;
}

bool Disagree(Places& places, Readback& readback) {
  if (places.partition().readbacks.size() < 2 || readback.found.size() < 2) return false;
  Found* const a = places.Pick(
      readback.found, [&](const Found& each) { return each.offset >= places.StartAllowed(); });
  Found* const b = places.Pick(readback.found);
  if (a == nullptr || a->record == b->record) return false;
  std::swap(a->record, b->record);
  std::swap(a->digest, b->digest);
  return true;
}

// Two sends of one producer that are both in the log had their sequences the other way round.
bool SwapSequences(Places& places) {
  auto& sends = places.partition().sends;
  const auto fits = [&](const Send& send) { return send.idempotent && places.InLog(send.record); };
  Send* const a = places.Pick(sends, fits);
  if (a == nullptr) return false;
  Send* const b = places.Pick(sends, [&](const Send& send) {
    return fits(send) && send.producer == a->producer && send.seq != a->seq;
  });
  if (b == nullptr) return false;
  std::swap(a->seq, b->seq);
  return true;
}

bool EndBelowWatermark(Places& places, Readback& readback) {
  Watermark sample = places.LastSample();
  sample.t_ns = readback.begin_ns - 1;
  sample.begin_ns = sample.t_ns;
  if (sample.t_ns < 0 || readback.found.empty()) return false;
  readback.found.pop_back();
  --readback.log_end;
  places.partition().watermarks.push_back(sample);
  return true;
}

}  // namespace

std::optional<bool> SpoilReadback(Anomaly anomaly, Places& places) {
  Readback& readback = *places.Pick(places.partition().readbacks);
  Foundlings& found = readback.found;
  const std::optional<std::ptrdiff_t> middle = Middle(places, found);
  if (!middle) return false;
  const auto at = found.begin() + *middle;
  switch (anomaly) {
    case Anomaly::kGap:
      found.erase(at);
      return true;
    case Anomaly::kOverlap:
      if (places.Below(2) == 0) {
        std::iter_swap(at, at + 1);
      } else {
        found.insert(at, Found(*at));
      }
      return true;
    case Anomaly::kOutsideBounds:
      places.Below(2) == 0 ? --readback.log_end : ++readback.log_start;
      return true;
    case Anomaly::kEndBelowWatermark:
      return EndBelowWatermark(places, readback);
    case Anomaly::kReadLost:
      return LoseRead(places, readback, false);
    case Anomaly::kReadRewritten:
      return LoseRead(places, readback, true);
    case Anomaly::kReadbacksDisagree:
      return Disagree(places, readback);
    case Anomaly::kProducerOrder:
      return SwapSequences(places);
    case Anomaly::kLogEpochBack:
      at->epoch = (at - 1)->epoch - 1;
      return at->epoch >= 0;
    case Anomaly::kAppendTimeBack:
      places.history().plan.append_time_ascends = true;
      at->append_ms = (at - 1)->append_ms - 1;
      return at->append_ms >= 0;
    default:
      return std::nullopt;
  }
}

}  // namespace qalam::qa
