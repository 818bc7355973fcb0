#include <set>
#include <string>

#include "broker/metadata/controller_state.h"
#include "broker/metadata/metadata_records.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace qalam::fuzz {
namespace {

constexpr std::size_t kEntriesMax = 32;

void DecodeEntry(const MetadataStore::Entry& entry) {
  const std::string_view key = entry.key;
  if (key.starts_with(kTopicPrefix)) {
    const auto topic = DecodeTopic(key, entry.value);
    if (!topic.ok()) return;
    const auto again = DecodeTopic(TopicKey(topic->name), EncodeTopic(*topic));
    QALAM_CHECK(again.ok() && EncodeTopic(*again) == EncodeTopic(*topic));
  } else if (key.starts_with(kPartitionPrefix)) {
    const auto partition = DecodePartition(key, entry.value);
    if (!partition.ok()) return;
    const auto again = DecodePartition(PartitionKey(partition->topic, partition->partition),
                                       EncodePartition(partition->image));
    QALAM_CHECK(again.ok() && again->image.leader_epoch == partition->image.leader_epoch);
  } else {
    (void)DecodeNumber(key, entry.value);
  }
}

// key part | value part, again and again: what the store holds
void RunMetadata(BytesView input) {
  FuzzInput in(input);
  std::vector<MetadataStore::Entry> entries;
  std::set<std::string> keys;
  while (!in.empty() && entries.size() < kEntriesMax) {
    MetadataStore::Entry entry;
    entry.key = std::string(AsText(in.Part()));
    entry.value = std::string(AsText(in.Part()));
    entry.revision = entries.size() + 1;
    DecodeEntry(entry);
    if (keys.insert(entry.key).second) entries.push_back(std::move(entry));
  }
  ControllerOptions options;
  options.cluster_id = "cluster";
  auto state = ControllerState::Load(options, entries);
  if (!state.ok()) return;
  state->Apply(state->StartPlan(), 100);
  state->Apply(state->TakeProducerIds(), 101);
  const auto created = state->CreateTopic(
      {.name = "new.topic", .partitions_count = 2, .config = {}}, Uuid::Random());
  if (created.ok()) state->Apply(*created, 102);
  const auto image = state->MakeImage();
  for (const auto& [name, topic] : image->topics) {
    QALAM_CHECK(topic->name == name && !topic->partitions.empty());
  }
}

}  // namespace

const FuzzTarget kMetadataTarget = {"metadata", RunMetadata, nullptr};

}  // namespace qalam::fuzz
