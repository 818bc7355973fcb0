#include "tests/qa/checker/spoil.h"

namespace qalam::qa {
namespace {

// The reads of the session that a random read belongs to, by time.
std::vector<std::size_t> PickSession(Places& places) {
  std::vector<Read>& reads = places.partition().reads;
  std::vector<std::size_t> session;
  if (reads.empty()) return session;
  const std::string reader = places.Pick(reads)->reader;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    if (reads[i].reader == reader) session.push_back(i);
  }
  return session;
}

// Some read in the middle of a session never came.
bool Skip(Places& places) {
  const std::vector<std::size_t> session = PickSession(places);
  if (session.size() < 3) return false;
  std::vector<Read>& reads = places.partition().reads;
  const std::size_t at = 1 + places.Below(session.size() - 2);
  const Read& after = reads[session[at + 1]];
  if (after.found.offset <= places.StartAllowed()) return false;
  reads.erase(reads.begin() + static_cast<std::ptrdiff_t>(session[at]));
  return true;
}

// The reader gets a record again: the last one, or one from before.
bool Again(Places& places, std::size_t back) {
  const std::vector<std::size_t> session = PickSession(places);
  if (session.size() < back + 1) return false;
  std::vector<Read>& reads = places.partition().reads;
  const std::size_t at = back + places.Below(session.size() - back);
  Read again = reads[session[at]];
  again.found = reads[session[at - back]].found;
  reads.insert(reads.begin() + static_cast<std::ptrdiff_t>(session[at]) + 1, again);
  return true;
}

// Another reader sees a different record at an offset: at the same time, or after a new leader.
bool Differ(Places& places, bool after_lead) {
  PartitionHistory& partition = places.partition();
  const Read* const read = places.Pick(partition.reads);
  const Send* const other = places.Pick(partition.sends);
  if (read == nullptr || other->record == read->found.record) return false;
  Read different = *read;
  different.reader = "different";
  different.found.record = other->record;
  different.found.digest = other->digest;
  if (after_lead) {
    const bool last =
        std::none_of(partition.reads.begin(), partition.reads.end(), [&](const Read& each) {
          return each.found.offset == read->found.offset && each.t_ns > read->t_ns;
        });
    if (!last || partition.leads.back().t_ns <= read->t_ns) return false;
    different.t_ns = places.EndNs();
  }
  partition.reads.push_back(different);
  return true;
}

bool ReadAboveWatermark(Places& places) {
  Read* const read = places.Pick(places.partition().reads);
  if (read == nullptr) return false;
  read->high_watermark = read->found.offset;
  return true;
}

// A reader gets a record that was trimmed and known to be.
bool ReadBelowStart(Places& places) {
  PartitionHistory& partition = places.partition();
  const Readback& readback = partition.readbacks.front();
  if (readback.log_start == 0 || partition.reads.empty()) return false;
  const Read* const old = places.Pick(
      partition.reads, [&](const Read& read) { return read.found.offset < readback.log_start; });
  if (old == nullptr) return false;
  Read late = *old;
  late.reader = "late";
  late.t_ns = places.EndNs();
  late.begin_ns = late.t_ns;
  late.high_watermark = readback.log_end;
  partition.reads.push_back(late);
  return true;
}

}  // namespace

std::optional<bool> SpoilRead(Anomaly anomaly, Places& places) {
  switch (anomaly) {
    case Anomaly::kReaderGap:
      return Skip(places);
    case Anomaly::kReaderRepeat:
      return Again(places, 0);
    case Anomaly::kReaderBack:
      return Again(places, 1 + places.Below(3));
    case Anomaly::kTwoContents:
      return Differ(places, false);
    case Anomaly::kChangedAfterRestart:
      return Differ(places, true);
    case Anomaly::kReadAboveWatermark:
      return ReadAboveWatermark(places);
    case Anomaly::kServedBelowStart:
      return ReadBelowStart(places);
    default:
      return std::nullopt;
  }
}

}  // namespace qalam::qa
