#include "broker/metadata/controller_state.h"

#include <algorithm>
#include <utility>

#include "broker/metadata/metadata_records.h"
#include "common/check.h"
#include "common/mutant.h"
#include "common/nearest_name.h"

namespace qalam {
namespace {

std::string ClashName(std::string_view name) {
  std::string clash(name);
  std::replace(clash.begin(), clash.end(), '.', '_');
  return clash;
}

Error InTopic(const std::string& topic, const Error& error) {
  return Error(error.code(), "topic \"" + topic + "\": " + error.message());
}

TopicRecord RecordOf(const TopicImage& image) {
  return {image.name, image.id, static_cast<std::int32_t>(image.partitions.size()),
          image.overrides};
}

}  // namespace

Result<ControllerState> ControllerState::Load(ControllerOptions options,
                                              const std::vector<MetadataStore::Entry>& entries) {
  ControllerState state(std::move(options));
  std::map<std::string, std::vector<std::pair<PartitionRecord, std::uint64_t>>> partitions;
  std::vector<std::pair<TopicRecord, std::uint64_t>> topics;
  for (const MetadataStore::Entry& entry : entries) {
    const std::string_view key = entry.key;
    state.revision_ = std::max(state.revision_, entry.revision);
    if (key == kClusterIdKey) {
      state.cluster_id_ = entry.value;
    } else if (key == kNextProducerIdKey) {
      QALAM_ASSIGN_OR_RETURN(state.next_producer_id_, DecodeNumber(key, entry.value));
      state.producer_revision_ = entry.revision;
    } else if (key.starts_with(kDynamicConfigPrefix)) {
      const std::string name(key.substr(kDynamicConfigPrefix.size()));
      state.dynamic_config_[name] = entry.value;
      state.dynamic_config_revisions_[name] = entry.revision;
    } else if (key.starts_with(kPartitionPrefix)) {
      QALAM_ASSIGN_OR_RETURN(PartitionRecord record, DecodePartition(key, entry.value));
      auto& of_topic = partitions[record.topic];
      of_topic.emplace_back(std::move(record), entry.revision);
    } else if (key.starts_with(kTopicPrefix)) {
      QALAM_ASSIGN_OR_RETURN(TopicRecord record, DecodeTopic(key, entry.value));
      topics.emplace_back(std::move(record), entry.revision);
    } else {
      return Error(ErrorCode::kUnsupportedFormat,
                   "metadata entry \"" + entry.key + "\" is of a kind this version doesn't know");
    }
  }
  if (!state.cluster_id_.empty() && !state.options_.cluster_id.empty() &&
      state.cluster_id_ != state.options_.cluster_id) {
    return Error(ErrorCode::kWrongNode, "the metadata is of cluster " + state.cluster_id_ +
                                            ", the data directory of cluster " +
                                            state.options_.cluster_id);
  }

  for (auto& [record, revision] : topics) {
    auto image = std::make_shared<TopicImage>();
    image->name = record.name;
    image->id = record.id;
    image->overrides = std::move(record.overrides);
    auto& of_topic = partitions[record.name];  // In order of number, as the keys are.
    const auto count = static_cast<std::size_t>(record.partitions_count);
    Topic topic{nullptr, revision, {}};
    for (auto& [partition, partition_revision] : of_topic) {
      if (partition.partition != static_cast<PartitionId>(image->partitions.size())) break;
      image->partitions.push_back(std::move(partition.image));
      topic.partition_revisions.push_back(partition_revision);
    }
    if (image->partitions.size() != count || of_topic.size() != count) {
      return Error(ErrorCode::kMetadataDamaged,
                   "topic \"" + record.name + "\" should have " + std::to_string(count) +
                       " partitions, but the metadata has " + std::to_string(of_topic.size()));
    }
    Result<TopicConfig> config = ApplyTopicConfig(state.options_.topic_defaults, image->overrides);
    if (!config.ok()) {
      return Error(ErrorCode::kUnsupportedFormat,
                   InTopic(record.name, config.error()).message() +
                       " (perhaps a newer version of Qalam wrote it)");
    }
    image->config = *config;
    const auto replicas = static_cast<std::int32_t>(image->partitions.front().replicas.size());
    if (const Status status = state.CheckConfig(image->config, replicas); !status.ok()) {
      return InTopic(record.name, status.error());
    }
    state.partitions_count_ += record.partitions_count;
    state.clash_names_[ClashName(record.name)] = record.name;
    partitions.erase(record.name);
    topic.image = std::move(image);
    state.topics_.emplace(record.name, std::move(topic));
  }
  for (const auto& [name, orphans] : partitions) {
    return Error(ErrorCode::kMetadataDamaged, "the metadata has " + std::to_string(orphans.size()) +
                                                  " partitions of topic \"" + name +
                                                  "\", but not the topic");
  }
  return state;
}

ControllerPlan ControllerState::StartPlan() const {
  ControllerPlan plan;
  if (cluster_id_.empty()) {
    plan.cluster_id = options_.cluster_id.empty() ? Uuid::Random().ToString() : options_.cluster_id;
    plan.changes.push_back({std::string(kClusterIdKey), plan.cluster_id, 0});
  }
  for (const auto& [name, topic] : topics_) {
    std::shared_ptr<TopicImage> raised;
    for (std::size_t p = 0; p < topic.image->partitions.size(); ++p) {
      if (topic.image->partitions[p].leader != options_.node_id) continue;
      if (!raised) raised = std::make_shared<TopicImage>(*topic.image);
      if (!MutantIs(Mutant::kSameEpoch)) ++raised->partitions[p].leader_epoch;
      plan.changes.push_back({PartitionKey(name, static_cast<PartitionId>(p)),
                              EncodePartition(raised->partitions[p]),
                              topic.partition_revisions[p]});
    }
    if (raised) plan.topics.push_back(std::move(raised));
  }
  return plan;
}

Status ControllerState::CheckConfig(const TopicConfig& config, std::int32_t replicas) const {
  if (config.min_insync_replicas > replicas) {
    return Error(ErrorCode::kInvalidConfig,
                 "min.insync.replicas=" + std::to_string(config.min_insync_replicas) +
                     " is more than the " + std::to_string(replicas) +
                     " replica(s) there are: nothing could ever be acknowledged")
        .With("key", "min.insync.replicas");
  }
  if (config.max_message_bytes > options_.message_bytes_max) {
    return Error(ErrorCode::kInvalidConfig,
                 "max.message.bytes=" + std::to_string(config.max_message_bytes) +
                     " is more than this broker accepts: " +
                     std::to_string(options_.message_bytes_max) +
                     " (qalam.group.bytes.max, qalam.rpc.message.bytes.max)")
        .With("key", "max.message.bytes");
  }
  return OkStatus();
}

Result<ControllerPlan> ControllerState::CreateTopic(const Controller::NewTopic& topic,
                                                    const Uuid& id) const {
  QALAM_RETURN_IF_ERROR(ValidateTopicName(topic.name));
  if (topics_.contains(topic.name)) {
    return Error(ErrorCode::kTopicExists, "topic \"" + topic.name + "\" exists already")
        .With("topic", topic.name);
  }
  if (const auto clash = clash_names_.find(ClashName(topic.name)); clash != clash_names_.end()) {
    return Error(ErrorCode::kTopicNameClash, "\"" + topic.name + "\" differs from topic \"" +
                                                 clash->second + "\" only in '.' and '_'")
        .With("topic", topic.name)
        .With("existing", clash->second);
  }
  const std::int32_t partitions =
      topic.partitions_count == 0 ? options_.num_partitions : topic.partitions_count;
  if (partitions < 1) {
    return Error(ErrorCode::kInvalidPartitions,
                 "a topic can't have " + std::to_string(partitions) + " partitions; at least 1");
  }
  if (partitions_count_ + partitions > options_.partitions_max) {
    return Error(ErrorCode::kInvalidPartitions,
                 std::to_string(partitions) + " more partitions on top of " +
                     std::to_string(partitions_count_) + " would be more than the " +
                     std::to_string(options_.partitions_max) +
                     " that this node may hold (qalam.partitions.max)");
  }
  if (std::cmp_greater_equal(topics_.size(), options_.topics_max)) {
    return Error(ErrorCode::kInvalidPartitions,
                 "this node holds " + std::to_string(topics_.size()) +
                     " topics already, as many as it may (qalam.topics.max)");
  }
  const std::int32_t replicas = topic.replication_factor == 0 ? 1 : topic.replication_factor;
  if (replicas != 1) {
    return Error(ErrorCode::kInvalidPartitions, "replication factor " + std::to_string(replicas) +
                                                    ": there is one node, so only 1 works");
  }
  QALAM_ASSIGN_OR_RETURN(const TopicConfig config,
                         ApplyTopicConfig(options_.topic_defaults, topic.config));
  QALAM_RETURN_IF_ERROR(CheckConfig(config, replicas));

  auto image = std::make_shared<TopicImage>();
  image->name = topic.name;
  image->id = id;
  image->overrides = topic.config;
  image->config = config;
  const PartitionImage first{options_.node_id, 0, {options_.node_id}, {options_.node_id}};
  image->partitions.assign(static_cast<std::size_t>(partitions), first);
  ControllerPlan plan;
  plan.changes.push_back({TopicKey(topic.name), EncodeTopic(RecordOf(*image)), 0});
  for (PartitionId p = 0; p < partitions; ++p) {
    plan.changes.push_back({PartitionKey(topic.name, p), EncodePartition(first), 0});
  }
  plan.topics.push_back(std::move(image));
  return plan;
}

Result<const ControllerState::Topic*> ControllerState::Find(std::string_view name) const {
  if (const auto found = topics_.find(name); found != topics_.end()) return &found->second;
  std::vector<std::string_view> names;
  constexpr std::size_t kNamesMax = 1000;  // A bound for the work that a typo causes.
  for (const auto& [existing, topic] : topics_) {
    if (names.size() == kNamesMax) break;
    names.push_back(existing);
  }
  const std::string shown(name.substr(0, 249));
  Error error =
      Error(ErrorCode::kUnknownTopic, "no topic named \"" + shown + "\"").With("topic", shown);
  if (const std::string_view nearest = NearestName(name, names); !nearest.empty()) {
    (void)std::move(error).With("nearest", std::string(nearest));
  }
  return error;
}

Result<ControllerPlan> ControllerState::DeleteTopic(std::string_view name) const {
  QALAM_ASSIGN_OR_RETURN(const Topic* const topic, Find(name));
  ControllerPlan plan;
  plan.changes.push_back({TopicKey(name), std::nullopt, topic->revision});
  for (std::size_t p = 0; p < topic->partition_revisions.size(); ++p) {
    plan.changes.push_back({PartitionKey(name, static_cast<PartitionId>(p)), std::nullopt,
                            topic->partition_revisions[p]});
  }
  plan.deleted_topics.emplace_back(name);
  return plan;
}

Result<ControllerPlan> ControllerState::AlterTopic(const std::string& name,
                                                   const Controller::ConfigChange& change) const {
  QALAM_ASSIGN_OR_RETURN(const Topic* const topic, Find(name));
  const auto known = TopicConfigKeys();
  auto image = std::make_shared<TopicImage>(*topic->image);
  for (const std::string& key : change.unset) {
    const auto has_key = [&](const TopicConfigKey& row) { return row.key == key; };
    if (std::none_of(known.begin(), known.end(), has_key)) return UnknownTopicConfigKey(key);
    image->overrides.erase(key);
  }
  for (const auto& [key, value] : change.set) image->overrides[key] = value;
  QALAM_ASSIGN_OR_RETURN(image->config,
                         ApplyTopicConfig(options_.topic_defaults, image->overrides));
  QALAM_RETURN_IF_ERROR(CheckConfig(
      image->config, static_cast<std::int32_t>(image->partitions.front().replicas.size())));
  ControllerPlan plan;
  plan.changes.push_back({TopicKey(name), EncodeTopic(RecordOf(*image)), topic->revision});
  plan.topics.push_back(std::move(image));
  return plan;
}

ControllerPlan ControllerState::ChangeDynamicConfig(const Controller::ConfigChange& change) const {
  ControllerPlan plan;
  auto config = dynamic_config_;
  const auto revision_of = [&](const std::string& key) -> std::uint64_t {
    const auto found = dynamic_config_revisions_.find(key);
    return found == dynamic_config_revisions_.end() ? 0 : found->second;
  };
  const auto change_key = [&](const std::string& key, std::optional<std::string> value) {
    plan.changes.push_back(
        {std::string(kDynamicConfigPrefix) + key, std::move(value), revision_of(key)});
  };
  for (const std::string& key : change.unset) {
    if (config.erase(key) > 0 && !change.set.contains(key)) change_key(key, std::nullopt);
  }
  for (const auto& [key, value] : change.set) {
    config[key] = value;
    change_key(key, value);
  }
  plan.dynamic_config = std::move(config);
  return plan;
}

ControllerPlan ControllerState::TakeProducerIds() const {
  ControllerPlan plan;
  plan.next_producer_id = next_producer_id_ + options_.producer_id_block;
  plan.changes.push_back({std::string(kNextProducerIdKey), std::to_string(*plan.next_producer_id),
                          producer_revision_});
  return plan;
}

Status ControllerState::SetTopicDefaults(const TopicConfig& defaults) {
  std::vector<std::shared_ptr<const TopicImage>> images;
  for (const auto& [name, topic] : topics_) {
    auto image = std::make_shared<TopicImage>(*topic.image);
    QALAM_ASSIGN_OR_RETURN(image->config, ApplyTopicConfig(defaults, image->overrides));
    const Status status = CheckConfig(
        image->config, static_cast<std::int32_t>(image->partitions.front().replicas.size()));
    if (!status.ok()) return InTopic(name, status.error());
    images.push_back(std::move(image));
  }
  for (auto& image : images) topics_.find(image->name)->second.image = image;
  options_.topic_defaults = defaults;
  return OkStatus();
}

void ControllerState::Apply(const ControllerPlan& plan, std::uint64_t revision) {
  revision_ = std::max(revision_, revision);
  if (plan.cluster_id) cluster_id_ = *plan.cluster_id;
  if (plan.next_producer_id) {
    next_producer_id_ = *plan.next_producer_id;
    producer_revision_ = revision;
  }
  for (const auto& image : plan.topics) {
    auto [at, is_new] = topics_.try_emplace(image->name);
    Topic& topic = at->second;
    if (is_new) {
      partitions_count_ += static_cast<std::int64_t>(image->partitions.size());
      clash_names_[ClashName(image->name)] = image->name;
      topic.partition_revisions.assign(image->partitions.size(), revision);
    }
    topic.image = image;
  }
  for (const std::string& name : plan.deleted_topics) {
    const auto topic = topics_.find(name);
    QALAM_CHECK(topic != topics_.end());
    partitions_count_ -= static_cast<std::int64_t>(topic->second.image->partitions.size());
    clash_names_.erase(ClashName(name));
    topics_.erase(topic);
  }
  if (plan.dynamic_config) dynamic_config_ = *plan.dynamic_config;

  // Every key that the plan wrote now has this revision.
  for (const MetadataStore::Change& change : plan.changes) {
    const std::string_view key = change.key;
    if (key.starts_with(kDynamicConfigPrefix)) {
      const std::string name(key.substr(kDynamicConfigPrefix.size()));
      if (change.value) {
        dynamic_config_revisions_[name] = revision;
      } else {
        dynamic_config_revisions_.erase(name);
      }
    } else if (key.starts_with(kTopicPrefix) && change.value) {
      topics_.find(key.substr(kTopicPrefix.size()))->second.revision = revision;
    } else if (key.starts_with(kPartitionPrefix) && change.value) {
      const std::string_view place = key.substr(kPartitionPrefix.size());
      const std::size_t slash = place.rfind('/');
      const auto number = DecodeNumber(key, place.substr(slash + 1));
      QALAM_CHECK(number.ok());
      const auto partition = static_cast<std::size_t>(*number);
      topics_.find(place.substr(0, slash))->second.partition_revisions[partition] = revision;
    }
  }
}

std::shared_ptr<const TopicImage> ControllerState::topic(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.image;
}

std::shared_ptr<const ClusterImage> ControllerState::MakeImage() const {
  auto image = std::make_shared<ClusterImage>();
  image->revision = revision_;
  image->cluster_id = cluster_id_;
  for (const auto& [name, topic] : topics_)
    image->topics.emplace_hint(image->topics.end(), name, topic.image);
  return image;
}

}  // namespace qalam
