#include "tests/qa/checker/spoil.h"

namespace qalam::qa {
namespace {

bool Refuse(Places& places) {
  Outcome* const ack = places.PickAck();
  if (ack == nullptr) return false;
  *ack = {.t_ns = ack->t_ns, .kind = OutcomeKind::kRefuse, .record = ack->record};
  return true;
}

// The log has a record a second time, at its end, in every read-back.
bool Double(Places& places) {
  const Found* const found = places.PickFound();
  if (found == nullptr) return false;
  const Send* const send = places.FindSend(found->record);
  if (send == nullptr || !send->idempotent) return false;
  Found copy = *found;
  for (Readback& readback : places.partition().readbacks) {
    copy.offset = readback.log_end++;
    copy.epoch = readback.found.back().epoch;
    copy.append_ms = readback.found.back().append_ms;
    readback.found.push_back(copy);
  }
  return true;
}

bool BeforeSent(Places& places) {
  Read* const read = places.Pick(places.partition().reads);
  if (read == nullptr) return false;
  Send* const send = places.FindSend(read->found.record);
  read->t_ns = send->t_ns - 1;
  read->begin_ns = read->t_ns;
  return read->t_ns >= 0;
}

}  // namespace

std::optional<bool> SpoilContent(Anomaly anomaly, Places& places) {
  Found* const seen = places.PickSeen();
  if (seen == nullptr) return false;
  switch (anomaly) {
    case Anomaly::kTorn:
      seen->record = std::nullopt;
      return true;
    case Anomaly::kPhantom:
      if (places.Below(4) == 0) return BeforeSent(places);
      seen->record = "ghost";
      return true;
    case Anomaly::kCorrupted:
      seen->digest += "0";
      return true;
    case Anomaly::kRefusedPresent:
      return Refuse(places);
    case Anomaly::kDoubled:
      return Double(places);
    default:
      return std::nullopt;
  }
}

}  // namespace qalam::qa
