#include "broker/partition/decision_ring.h"

#include <algorithm>

namespace qalam {
namespace {

constexpr std::size_t kTextsMax = 2;

}  // namespace

RingShape RingShape::Of(std::size_t bytes) {
  const std::size_t blocks = std::max(bytes / RingShape::kBlockBytes, kBlocksMin);
  RingShape shape;
  shape.origins = std::clamp<std::size_t>(blocks / 16, 1, 8);
  shape.refusals = blocks / 8;
  shape.decisions = blocks - shape.origins - shape.refusals;
  return shape;
}

DecisionRing::DecisionRing(std::int32_t writer, std::uint32_t run, const RingShape& shape)
    : writer_(static_cast<std::uint8_t>(writer)),
      run_(run),
      shape_(shape),
      decisions_(shape.decisions * RingShape::kBlockEntries),
      refusals_(shape.refusals * RingShape::kBlockEntries),
      origins_(shape.origins * RingShape::kBlockEntries) {}

void DecisionRing::Add(const RefusalDecision& refusal, std::string_view text) {
  refusals_.Append(ToEntry(refusal));
  for (std::size_t i = 0; i < kTextsMax && !text.empty(); ++i) {
    TextDecision part;
    part.writer = writer_;
    part.run = run_;
    part.bytes = static_cast<std::uint8_t>(std::min(text.size(), TextDecision::kTextBytes));
    std::copy_n(text.begin(), part.bytes, part.text.begin());
    text.remove_prefix(part.bytes);
    refusals_.Append(ToEntry(part));
  }
}

void DecisionRing::Restore(const RingEntry& entry) {
  decisions_.Append(entry);
  const auto head = FromEntry<GroupDecision>(entry);
  // New numbers are none that an old entry has.
  if (head.head.kind == EntryKind::kGroup) {
    last_group_ = std::max(last_group_, head.number);
  } else if (head.head.kind == EntryKind::kBatch) {
    last_group_ = std::max(last_group_, FromEntry<BatchDecision>(entry).group);
  }
}

TimestampMs DecisionRing::refusals_whole_since() const {
  // The oldest that is still there, once others have been lost.
  for (std::uint64_t at = refusals_.first(); at > 0 && at < refusals_.end(); ++at) {
    RingEntry entry;
    if (!refusals_.Read(at, entry) || KindOf(entry) != EntryKind::kRefusal) continue;
    return std::max(whole_since_, FromEntry<RefusalDecision>(entry).at_ms);
  }
  return whole_since_;
}

}  // namespace qalam
