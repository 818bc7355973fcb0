#include "broker/node/broker_core.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "broker/metadata/metadata_records.h"
#include "broker/metadata/rocksdb_store.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::int32_t kWriterThreadsMax = 8;  // Chosen by ourselves; more only when told.

// The settings that are kept in the metadata. The controller reads them, too, but wants the
// defaults of topics, which depend on them, first.
Result<std::map<std::string, std::string>> StoredSettings(MetadataStore& store) {
  QALAM_ASSIGN_OR_RETURN(const auto entries, store.List(kDynamicConfigPrefix));
  std::map<std::string, std::string> settings;
  for (const MetadataStore::Entry& entry : entries) {
    std::string key = entry.key.substr(kDynamicConfigPrefix.size());
    if (FindBrokerConfigKey(key) == nullptr) {
      // A newer version knew it; refusing to start would leave no way to unset it.
      Logger("node").warn("dynamic setting ignored, unknown to this version key={} value={}", key,
                          entry.value);
      continue;
    }
    settings[std::move(key)] = entry.value;
  }
  return settings;
}

std::int32_t WriterThreads(std::int32_t configured) {
  if (configured > 0) return configured;
  const auto cores = static_cast<std::int32_t>(std::thread::hardware_concurrency());
  return std::clamp(cores / 2, 1, kWriterThreadsMax);
}

}  // namespace

Result<std::unique_ptr<BrokerCore>> BrokerCore::Start(FileSystem& fs, const Clock& clock,
                                                      BrokerCoreOptions options) {
  const BrokerSettings& given = options.config.settings();
  DataDirectoryOptions directory_options;
  directory_options.path = given.data_directory;
  directory_options.node_id = given.node_id;
  directory_options.adopt_copy = options.adopt_copy;
  directory_options.allow_network_file_system = options.allow_network_file_system;
  directory_options.directory_id = options.directory_id;
  QALAM_ASSIGN_OR_RETURN(DataDirectory directory, DataDirectory::Open(fs, directory_options));
  std::unique_ptr<BrokerCore> core(new BrokerCore(std::move(directory)));
  const MetaProperties& meta = core->directory_.meta();
  Logger("node").info("data directory opened path={} directory={} node={} owner_epoch={}",
                      core->directory_.path(), meta.directory_id, meta.node_id, meta.owner_epoch);

  QALAM_ASSIGN_OR_RETURN(core->store_, OpenMetadata(fs, core->directory_.path()));
  QALAM_ASSIGN_OR_RETURN(auto stored, StoredSettings(*core->store_));
  QALAM_ASSIGN_OR_RETURN(BrokerConfig config,
                         BrokerConfig::Build(options.config.raw(), std::move(stored)));
  const BrokerSettings settings = config.settings();

  ControllerOptions controller_options = settings.controller;
  controller_options.node_id = meta.node_id;
  controller_options.cluster_id = meta.cluster_id;
  QALAM_ASSIGN_OR_RETURN(core->controller_,
                         Controller::Create(*core->store_, clock, std::move(controller_options)));
  core->config_ = std::make_unique<LiveConfig>(*core->controller_, std::move(config));

  LocalBrokerOptions broker_options = settings.broker;
  broker_options.node_id = meta.node_id;
  broker_options.log_directory = core->directory_.log_path();
  broker_options.data_directory_id = meta.directory_id;
  broker_options.rings_directory = JoinPath(core->directory_.path(), "rings");
  broker_options.version = std::move(options.version);
  broker_options.writer_threads = WriterThreads(settings.broker.writer_threads);
  core->broker_ =
      LocalBroker::Create(fs, clock, *core->controller_, *core->config_, std::move(broker_options));

  core->config_->OnChange([core = core.get()](const BrokerConfig& now) {
    ConfigureLogging({now.settings().log_level, now.settings().log_format == "json"});
    core->broker_->RefreshTopics();
  });
  core->config_->OnAcceptRetentionClock(
      [core = core.get()] { core->broker_->AcceptRetentionClock(); });
  core->controller_->Start();
  core->running_ = true;
  if (const Status started = core->broker_->Start(); !started.ok()) {
    core->Stop(std::chrono::milliseconds(0));
    return started.error();
  }
  return core;
}

BrokerCore::~BrokerCore() { QALAM_CHECK(!running_); }

void BrokerCore::OnLogFailure(UniqueFunction<void(const Error&)> callback) {
  broker_->OnLogFailure(std::move(callback));
}

bool BrokerCore::Stop(std::chrono::milliseconds patience) {
  if (!running_) return true;
  const bool clean = broker_->Stop(patience);
  controller_->Stop();
  running_ = false;
  return clean;
}

}  // namespace qalam
