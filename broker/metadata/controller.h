#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/metadata/cluster_image.h"
#include "broker/metadata/metadata_store.h"
#include "common/clock.h"
#include "common/published.h"
#include "common/reply.h"

namespace qalam {

struct ControllerOptions {
  NodeId node_id = 1;
  std::string cluster_id;      // Of the data directory; must be the store's, a new store takes it.
  TopicConfig topic_defaults;  // Broker-wide defaults for topics.
  std::int32_t num_partitions = 1;    // Of a topic that doesn't say.
  std::int32_t topics_max = 100'000;  // Bounds.
  std::int32_t partitions_max = 100'000;
  std::int32_t producer_id_block = 1000;
  std::uint32_t message_bytes_max = 8u << 20;  // No topic's max.message.bytes may be larger.
  std::size_t mailbox_commands_max = 4096;
};

// The one that changes metadata: topics, leaders and their epochs, producer-id blocks, dynamic
// settings. One thread, one queue; every change is in the store before it is in the image and
// before it is answered. Thread: its own; all methods may be called from any thread.
class Controller {
 public:
  struct NewTopic {
    std::string name;
    std::int32_t partitions_count = 0;    // 0: num_partitions.
    std::int32_t replication_factor = 0;  // 0: 1.
    std::map<std::string, std::string> config;
    bool validate_only = false;
  };
  struct ConfigChange {
    std::map<std::string, std::string> set;
    std::vector<std::string> unset;
    bool validate_only = false;
  };
  using TopicReply = Reply<std::shared_ptr<const TopicImage>>;

  // Loads the image and raises the leader epoch of every partition that this node leads, in one
  // synced batch. Errors: kMetadataDamaged, kUnsupportedFormat, kWrongNode (a store of another
  // cluster), kInvalidConfig (defaults that a topic can't have), kIo, kNoSpace.
  static Result<std::unique_ptr<Controller>> Create(MetadataStore& store, const Clock& clock,
                                                    ControllerOptions options);
  virtual ~Controller() = default;  // Stopped, or never started.
  virtual void Start() = 0;
  virtual void Stop() = 0;  // What waits in the queue is answered kShuttingDown.

  // Errors: kInvalidTopicName, kTopicExists, kTopicNameClash, kInvalidPartitions, kInvalidConfig,
  // kOverloaded. A validated topic that was only checked comes back with a nil id.
  virtual void CreateTopic(NewTopic topic, TopicReply reply) = 0;
  virtual void DeleteTopic(std::string name, bool validate_only, TopicReply reply) = 0;
  virtual void AlterTopic(std::string name, ConfigChange change, TopicReply reply) = 0;
  // A fresh producer id; a block at a time is taken from the store, so most calls touch no disk.
  virtual void NextProducerId(Reply<ProducerId> reply) = 0;
  // Dynamic broker settings, as text, kept over restarts. The caller has validated them.
  virtual void SetDynamicConfig(ConfigChange change,
                                Reply<std::map<std::string, std::string>> reply) = 0;
  virtual std::map<std::string, std::string> dynamic_config() const = 0;
  // New broker-wide topic defaults (a dynamic setting changed): recomputes every topic's config.
  virtual void SetTopicDefaults(TopicConfig defaults, Reply<Unit> reply) = 0;

  virtual std::shared_ptr<const ClusterImage> image() const = 0;
};

}  // namespace qalam
