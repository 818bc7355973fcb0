#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "broker/api/story_search.h"
#include "broker/api/story_text.h"
#include "broker/partition/ring_file.h"
#include "broker/partition/ring_file_format.h"
#include "common/check.h"
#include "common/crc32c.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/memory_file_system.h"

namespace qalam::fuzz {
namespace {

constexpr const char* kPath = "/rings/writer-0.ring";

DecisionRingList RingsOf(MemoryFileSystem& fs) {
  DecisionRingList rings;
  rings.push_back(std::make_unique<DecisionRing>(0, 1, RingShape::Of(0)));
  const auto restored = RestoreRing(fs, kPath, *rings.front());
  if (!restored.ok()) rings.clear();
  return rings;
}

// Asks about the partition of every entry, taken for a Decision.
template <typename Decision, typename Ask>
void AskOfEach(const EntryRing& ring, Ask ask) {
  for (std::uint64_t at = ring.first(); at < ring.end(); ++at) {
    RingEntry entry;
    QALAM_CHECK(ring.Read(at, entry));
    const auto decision = FromEntry<Decision>(entry);
    StoryQuestion question;
    question.topic_id.bytes = decision.head.topic_id;
    question.partition = {"orders", decision.head.partition};
    question.now = std::chrono::seconds(1);
    ask(question, decision);
  }
}

void TellAll(const DecisionRingList& rings) {
  AskOfEach<BatchDecision>(
      rings.front()->decisions(), [&](const StoryQuestion& question, const BatchDecision& batch) {
        const Offset offset = batch.base_offset;
        const auto found = FindBatch(rings, question, offset);
        if (!found) return;
        QALAM_CHECK(found->base_offset <= offset && offset <= found->last_offset);
        QALAM_CHECK(!StoryLines({question.partition, offset, *found, {}}).empty());
      });
  AskOfEach<RefusalDecision>(rings.front()->refusals(),
                             [&](const StoryQuestion& question, const RefusalDecision&) {
                               QALAM_CHECK(FindRefusals(rings, question, 10).refusals.size() <= 10);
                             });
}

// The input is the file.
void RunRing(BytesView input) {
  MemoryFileSystem fs;
  QALAM_CHECK(fs.CreateDirectory("/rings").ok());
  fs.SetContent(kPath, Bytes(input.begin(), input.end()));
  const DecisionRingList rings = RingsOf(fs);
  if (rings.empty()) return;
  TellAll(rings);
  // What was taken over is written as it is, and read again.
  const std::uint64_t count = rings.front()->decisions().end() - rings.front()->decisions().first();
  QALAM_CHECK(RingFile(fs, kPath, *rings.front()).Write().ok());
  const DecisionRingList again = RingsOf(fs);
  QALAM_CHECK(!again.empty());
  QALAM_CHECK(again.front()->decisions().end() - again.front()->decisions().first() <= count);
}

// The header and every block get the checksums and the id that they need.
void RepairRing(std::span<std::byte> input, std::uint64_t random) {
  using ring_file::kBlockBytes;
  if (input.size() < kBlockBytes) return;
  ring_file::Header header;
  std::memcpy(&header, input.data(), sizeof header);
  header.magic = ring_file::kMagic;
  header.version = ring_file::kVersion;
  header.entry_bytes = RingEntry::kBytes;
  if (random % 4 != 0) {  // As many blocks as there are.
    header.decisions = 1 + static_cast<std::uint32_t>(random / 4 % 2);
    header.refusals = header.origins = 1;
  }
  std::memcpy(input.data(), &header, sizeof header);
  header.crc = Crc32c(BytesView(input).first(offsetof(ring_file::Header, crc)));
  std::memcpy(input.data(), &header, sizeof header);
  for (std::size_t at = kBlockBytes; at + kBlockBytes <= input.size(); at += kBlockBytes) {
    const auto block = input.subspan(at, kBlockBytes);
    ring_file::BlockHead head;
    std::memcpy(&head, block.data(), sizeof head);
    head.id = header.id;
    head.count %= RingShape::kBlockEntries + 1;
    head.first -= head.first % RingShape::kBlockEntries;
    std::memcpy(block.data(), &head, sizeof head);
    head.crc = Crc32c(block.subspan(sizeof head.crc));
    std::memcpy(block.data(), &head, sizeof head);
  }
}

}  // namespace

const FuzzTarget kRingTarget = {"ring", RunRing, RepairRing};

}  // namespace qalam::fuzz
