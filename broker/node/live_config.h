#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/api/config_service.h"
#include "broker/metadata/controller.h"
#include "broker/node/broker_config.h"
#include "common/mutex.h"
#include "common/published.h"
#include "common/unique_function.h"

namespace qalam {

// The settings of a running broker. What is changed here is kept in the metadata, above every file,
// variable and option, and takes effect before it is answered. Changes are made one at a time, in
// the order in which they came. Thread: any, after the On... callbacks are set.
class LiveConfig final : public ConfigService {
 public:
  LiveConfig(Controller& controller, BrokerConfig config);

  Result<std::vector<ConfigEntry>> Get(const std::vector<std::string>& keys) const override;
  // Errors: kInvalidConfig (unknown, not dynamic, not allowed, or some topic can't have it),
  // kOverloaded, kShuttingDown, those of the store.
  void Set(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) override;

  // New contents of files and environment: what is dynamic takes effect, for the rest a restart is
  // needed, which the log says. Errors: kInvalidConfig; nothing is then changed.
  Status Reload(std::vector<RawSetting> settings);

  std::shared_ptr<const BrokerConfig> current() const { return config_.Load(); }
  // Called with new settings after a change, on the controller's thread. Must not block.
  void OnChange(UniqueFunction<void(const BrokerConfig&)> callback);
  // qalam.retention.clock=accept: acts once and is not kept.
  void OnAcceptRetentionClock(UniqueFunction<void()> callback);

 private:
  struct Pending {
    std::vector<RawSetting> settings;  // Of a Reload.
    bool reload = false;
    ConfigChange change;
    Reply<std::vector<ConfigEntry>> reply;
  };

  void Enqueue(Pending pending);
  void RunNext();  // Starts what is first in line, if nothing is under way.
  void Finish(std::shared_ptr<Pending> pending, Result<BrokerConfig> outcome);
  Result<BrokerConfig> Changed(const Pending& pending) const;
  std::vector<ConfigEntry> Answer(const Pending& pending, const BrokerConfig& config) const;

  Controller& controller_;
  Published<BrokerConfig> config_;
  UniqueFunction<void(const BrokerConfig&)> on_change_;
  UniqueFunction<void()> on_accept_;
  Mutex mutex_;
  bool busy_ QALAM_GUARDED_BY(mutex_) = false;
  std::deque<Pending> queue_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
