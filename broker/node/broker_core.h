#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/local_broker.h"
#include "broker/metadata/controller.h"
#include "broker/metadata/metadata_store.h"
#include "broker/node/broker_config.h"
#include "broker/node/data_directory.h"
#include "broker/node/live_config.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"
#include "common/unique_function.h"

namespace qalam {

struct BrokerCoreOptions {
  BrokerConfig config;
  bool adopt_copy = false;
  bool allow_network_file_system = false;
  std::string version;
  std::string directory_id = {};  // As DataDirectoryOptions'.
};

// A whole broker without any listener: the data directory, its metadata, the controller, and the
// partitions. For broker_process, which adds the listeners, and for embedding.
// Thread: Start and Stop from one; broker() from any.
class BrokerCore {
 public:
  // Takes the directory, loads the metadata, raises the epochs, opens what must be opened. Errors:
  // those of DataDirectory, OpenMetadata, Controller::Create, LocalBroker::Start; what was started
  // is then stopped again.
  static Result<std::unique_ptr<BrokerCore>> Start(FileSystem& fs, const Clock& clock,
                                                   BrokerCoreOptions options);
  ~BrokerCore();  // Stopped.

  Broker& broker() { return *broker_; }
  LiveConfig& config() { return *config_; }
  const DataDirectory& directory() const { return directory_; }
  // As LocalBroker's.
  void OnLogFailure(UniqueFunction<void(const Error&)> callback);
  std::vector<std::string> DescribeQueues() { return broker_->DescribeQueues(); }
  void SetAddress(std::string address) { broker_->SetAddress(std::move(address)); }

  // Partitions first, the metadata last. False if `patience` passed before all was clean.
  bool Stop(std::chrono::milliseconds patience);

 private:
  explicit BrokerCore(DataDirectory directory) : directory_(std::move(directory)) {}

  // In the order of their making.
  DataDirectory directory_;
  std::unique_ptr<MetadataStore> store_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<LiveConfig> config_;
  std::unique_ptr<LocalBroker> broker_;
  bool running_ = false;
};

}  // namespace qalam
