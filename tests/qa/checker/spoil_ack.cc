#include "tests/qa/checker/spoil.h"

namespace qalam::qa {
namespace {

// The last record is gone everywhere, and the log ends before it; or one from anywhere.
bool Lose(Places& places) {
  const Outcome* const ack = places.PickAck();
  if (ack == nullptr || ack->offset < places.StartAllowed()) return false;
  for (Readback& readback : places.partition().readbacks) {
    std::erase_if(readback.found, [&](const Found& f) { return f.record == ack->record; });
    if (ack->offset + 1 == readback.log_end) --readback.log_end;
  }
  return true;
}

bool SwapOffsets(Places& places, std::pair<Outcome*, Outcome*> acks) {
  if (acks.first == nullptr || acks.second == nullptr || acks.first == acks.second) return false;
  std::swap(acks.first->offset, acks.second->offset);
  return places.InLog(acks.second->record);
}

bool Supersede(Places& places) {
  Outcome* const ack = places.PickAck();
  if (ack == nullptr) return false;
  const std::int64_t sent_ns = places.FindSend(ack->record)->t_ns;
  const auto& leads = places.partition().leads;
  if (leads.size() < 2 || leads[1].t_ns >= sent_ns) return false;
  ack->epoch = leads[0].epoch;
  return true;
}

// A leader began while the record was on its way, so nobody is superseded: only the log differs.
bool MismatchEpoch(Places& places) {
  Outcome* const ack = places.PickAck();
  Lead* const lead = places.Pick(places.partition().leads);
  if (ack == nullptr || lead == nullptr || lead->epoch == ack->epoch) return false;
  ack->epoch = lead->epoch;
  ack->duplicate = false;
  return true;
}

bool AnswerLate(Places& places) {
  Outcome* const outcome = places.Pick(places.partition().outcomes);
  if (outcome == nullptr) return false;
  const std::int64_t took_ns = outcome->t_ns - places.FindSend(outcome->record)->t_ns;
  if (took_ns < 1) return false;
  places.history().plan.answer_ms_max = (took_ns - 1) / 1'000'000;
  return true;
}

}  // namespace

std::optional<bool> SpoilAck(Anomaly anomaly, Places& places) {
  switch (anomaly) {
    case Anomaly::kLost:
      return Lose(places);
    case Anomaly::kMoved:
      return SwapOffsets(places, {places.PickAck(), places.PickAck()});
    case Anomaly::kOrderReversed:
      return SwapOffsets(places, places.PickAcksInOrder());
    case Anomaly::kAckOverlap: {
      Outcome* const a = places.PickAck();
      Outcome* const b = places.PickAck();
      if (a == nullptr || a == b) return false;
      a->offset = b->offset;
      return true;
    }
    case Anomaly::kSupersededAck:
      return Supersede(places);
    case Anomaly::kEpochMismatch:
      return MismatchEpoch(places);
    case Anomaly::kAnsweredLate:
      return AnswerLate(places);
    default:
      return std::nullopt;
  }
}

}  // namespace qalam::qa
