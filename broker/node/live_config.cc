#include "broker/node/live_config.h"

#include <optional>
#include <utility>

#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::size_t kPendingMax = 100;
constexpr std::string_view kRetentionClock = "qalam.retention.clock";

spdlog::logger& NodeLog() {
  static spdlog::logger& log = Logger("node");
  return log;
}

Status CheckDynamic(const std::string& key) {
  const BrokerConfigKey* const row = FindBrokerConfigKey(key);
  if (row == nullptr) return UnknownBrokerConfigKey(key, "");
  if (row->dynamic) return OkStatus();
  return Error(ErrorCode::kInvalidConfig,
               key +
                   " can't be changed while the broker runs; set it in the configuration file "
                   "and restart")
      .With("key", key);
}

}  // namespace

LiveConfig::LiveConfig(Controller& controller, BrokerConfig config)
    : controller_(controller), config_(std::make_shared<const BrokerConfig>(std::move(config))) {}

void LiveConfig::OnChange(UniqueFunction<void(const BrokerConfig&)> callback) {
  on_change_ = std::move(callback);
}

void LiveConfig::OnAcceptRetentionClock(UniqueFunction<void()> callback) {
  on_accept_ = std::move(callback);
}

Result<std::vector<ConfigEntry>> LiveConfig::Get(const std::vector<std::string>& keys) const {
  const auto config = config_.Load();
  std::vector<ConfigEntry> entries;
  if (keys.empty()) {
    for (const BrokerConfigKey& key : BrokerConfigKeys()) entries.push_back(config->Entry(key));
    return entries;
  }
  for (const std::string& key : keys) {
    const BrokerConfigKey* const row = FindBrokerConfigKey(key);
    if (row == nullptr) return UnknownBrokerConfigKey(key, "");
    entries.push_back(config->Entry(*row));
  }
  return entries;
}

void LiveConfig::Set(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) {
  for (const auto& [key, value] : change.set) {
    if (const Status status = CheckDynamic(key); !status.ok()) return reply(status.error());
  }
  for (const std::string& key : change.unset) {
    if (const Status status = CheckDynamic(key); !status.ok()) return reply(status.error());
  }
  Pending pending;
  pending.change = std::move(change);
  pending.reply = std::move(reply);
  Enqueue(std::move(pending));
}

Status LiveConfig::Reload(std::vector<RawSetting> settings) {
  QALAM_ASSIGN_OR_RETURN(const BrokerConfig loaded,
                         BrokerConfig::Build(settings, config_.Load()->dynamic()));
  const auto now = config_.Load();
  std::vector<RawSetting> kept;
  for (const RawSetting& raw : now->raw()) {
    if (!FindBrokerConfigKey(raw.key)->dynamic) kept.push_back(raw);
  }
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    if (key.dynamic || loaded.Value(key.key) == now->Value(key.key)) continue;
    NodeLog().warn("setting needs a restart key={} running={} configured={}", key.key,
                   now->Value(key.key), loaded.Value(key.key));
  }
  for (RawSetting& raw : settings) {
    if (FindBrokerConfigKey(raw.key)->dynamic) kept.push_back(std::move(raw));
  }
  Pending pending;
  pending.settings = std::move(kept);
  pending.reload = true;
  pending.reply = Reply<std::vector<ConfigEntry>>([](const auto& outcome) {
    if (outcome.ok()) {
      NodeLog().info("configuration reloaded");
    } else {
      NodeLog().error("configuration not reloaded error=\"{}\"", outcome.error().ToString());
    }
  });
  Enqueue(std::move(pending));
  return OkStatus();
}

void LiveConfig::Enqueue(Pending pending) {
  {
    MutexLock lock(mutex_);
    if (queue_.size() < kPendingMax) {
      queue_.push_back(std::move(pending));
    }
  }
  if (pending.reply.pending()) {
    return pending.reply(
        Error(ErrorCode::kOverloaded, "too many changes of settings at once; nothing was changed"));
  }
  RunNext();
}

Result<BrokerConfig> LiveConfig::Changed(const Pending& pending) const {
  const auto now = config_.Load();
  if (pending.reload) return BrokerConfig::Build(pending.settings, now->dynamic());
  auto dynamic = now->dynamic();
  for (const std::string& key : pending.change.unset) dynamic.erase(key);
  for (const auto& [key, value] : pending.change.set) dynamic[key] = value;
  return BrokerConfig::Build(now->raw(), std::move(dynamic));
}

std::vector<ConfigEntry> LiveConfig::Answer(const Pending& pending,
                                            const BrokerConfig& config) const {
  std::vector<ConfigEntry> entries;
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    bool asked = pending.change.set.contains(std::string(key.key));
    for (const std::string& unset : pending.change.unset) asked = asked || unset == key.key;
    if (asked) entries.push_back(config.Entry(key));
  }
  return entries;
}

void LiveConfig::RunNext() {
  auto pending = std::make_shared<Pending>();
  {
    MutexLock lock(mutex_);
    if (busy_ || queue_.empty()) return;
    busy_ = true;
    *pending = std::move(queue_.front());
    queue_.pop_front();
  }
  Result<BrokerConfig> changed = Changed(*pending);
  if (!changed.ok() || pending->change.validate_only) {
    return Finish(std::move(pending), std::move(changed));
  }
  // Acting, not keeping: the next jump of the clock must be noticed again.
  const auto clock = pending->change.set.find(std::string(kRetentionClock));
  const bool accept = clock != pending->change.set.end() && clock->second == "accept";
  Controller::ConfigChange kept{pending->change.set, pending->change.unset, false};
  if (accept) {
    kept.set.erase(std::string(kRetentionClock));
    kept.unset.emplace_back(kRetentionClock);
    auto dynamic = changed->dynamic();
    dynamic.erase(std::string(kRetentionClock));
    changed = BrokerConfig::Build(changed->raw(), std::move(dynamic));
    if (!changed.ok()) return Finish(std::move(pending), std::move(changed));
  }
  // First what may be refused because of a topic, then what is kept.
  const TopicConfig defaults = changed->settings().controller.topic_defaults;
  controller_.SetTopicDefaults(
      defaults, Reply<Unit>([this, pending, kept = std::move(kept), accept,
                             next = std::move(changed).value()](Result<Unit> set) mutable {
        if (!set.ok()) return Finish(std::move(pending), set.error());
        controller_.SetDynamicConfig(
            std::move(kept),
            Reply<std::map<std::string, std::string>>(
                [this, pending, accept, next = std::move(next)](const auto& stored) mutable {
                  if (!stored.ok()) {
                    const auto before = config_.Load();
                    controller_.SetTopicDefaults(before->settings().controller.topic_defaults,
                                                 Reply<Unit>([](const auto&) {}));
                    return Finish(std::move(pending), stored.error());
                  }
                  if (accept && on_accept_) on_accept_();
                  Finish(std::move(pending), std::move(next));
                }));
      }));
}

void LiveConfig::Finish(std::shared_ptr<Pending> pending, Result<BrokerConfig> outcome) {
  Result<std::vector<ConfigEntry>> answer = std::vector<ConfigEntry>();
  if (!outcome.ok()) {
    answer = outcome.error();
  } else {
    answer = Answer(*pending, *outcome);
    if (!pending->change.validate_only) {
      auto next = std::make_shared<const BrokerConfig>(std::move(outcome).value());
      config_.Store(next);
      if (on_change_) on_change_(*next);
      for (const ConfigEntry& entry : *answer) {
        NodeLog().info("setting changed key={} value={}", entry.key, entry.value);
      }
    }
  }
  {
    MutexLock lock(mutex_);
    busy_ = false;
  }
  pending->reply(std::move(answer));
  RunNext();
}

}  // namespace qalam
