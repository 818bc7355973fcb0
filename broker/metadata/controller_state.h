#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/metadata/cluster_image.h"
#include "broker/metadata/controller.h"
#include "broker/metadata/metadata_store.h"
#include "common/result.h"

namespace qalam {

// What one decision changes: first in the store, all or nothing, then in the state.
struct ControllerPlan {
  std::vector<MetadataStore::Change> changes;
  std::vector<std::shared_ptr<const TopicImage>> topics;  // New, or in place of the old.
  std::vector<std::string> deleted_topics;
  std::optional<std::map<std::string, std::string>> dynamic_config;
  std::optional<ProducerId> next_producer_id;
  std::optional<std::string> cluster_id;
};

// What the controller knows and decides. Each question answers with a plan and changes nothing; the
// caller writes plan.changes to the store and, if that worked, calls Apply.
// Pure: no clock, no disk, no randomness. Thread: whoever owns it (Controller).
//   Invariant: the state is what Load() makes of the store's entries at revision().
class ControllerState {
 public:
  // Errors: kMetadataDamaged, kUnsupportedFormat, kWrongNode, kInvalidConfig (see Controller).
  static Result<ControllerState> Load(ControllerOptions options,
                                      const std::vector<MetadataStore::Entry>& entries);

  // A new leader epoch for everything this node leads, and the cluster's id in a new store.
  ControllerPlan StartPlan() const;
  Result<ControllerPlan> CreateTopic(const Controller::NewTopic& topic, const Uuid& id) const;
  Result<ControllerPlan> DeleteTopic(std::string_view name) const;
  Result<ControllerPlan> AlterTopic(const std::string& name,
                                    const Controller::ConfigChange& change) const;
  ControllerPlan ChangeDynamicConfig(const Controller::ConfigChange& change) const;
  ControllerPlan TakeProducerIds() const;  // [next_producer_id() before, and after).
  // Changes no entry of the store: defaults are not kept there. Errors: kInvalidConfig.
  Status SetTopicDefaults(const TopicConfig& defaults);

  void Apply(const ControllerPlan& plan, std::uint64_t revision);

  ProducerId next_producer_id() const { return next_producer_id_; }
  const std::map<std::string, std::string>& dynamic_config() const { return dynamic_config_; }
  std::shared_ptr<const TopicImage> topic(std::string_view name) const;  // Null: none.
  std::shared_ptr<const ClusterImage> MakeImage() const;

 private:
  struct Topic {
    std::shared_ptr<const TopicImage> image;
    std::uint64_t revision = 0;
    std::vector<std::uint64_t> partition_revisions;
  };

  explicit ControllerState(ControllerOptions options) : options_(std::move(options)) {}
  Result<const Topic*> Find(std::string_view name) const;  // kUnknownTopic, naming the nearest.
  Status CheckConfig(const TopicConfig& config, std::int32_t replicas) const;

  ControllerOptions options_;
  std::uint64_t revision_ = 0;
  std::string cluster_id_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::map<std::string, std::string> clash_names_;  // '.' as '_' -> the topic that has it.
  std::int64_t partitions_count_ = 0;
  std::map<std::string, std::string> dynamic_config_;
  std::map<std::string, std::uint64_t> dynamic_config_revisions_;
  ProducerId next_producer_id_ = 0;
  std::uint64_t producer_revision_ = 0;
};

}  // namespace qalam
