#include "broker/node/live_config.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/broker/metadata/memory_store.h"

namespace qalam {
namespace {

class LiveConfigTest : public testing::Test {
 protected:
  LiveConfigTest() { Start(); }
  ~LiveConfigTest() override { Stop(); }

  void Start(std::vector<RawSetting> settings = {}) {
    auto config = BrokerConfig::Build(std::move(settings));
    ASSERT_TRUE(config.ok()) << config.error().message();
    auto controller = Controller::Create(store_, SystemClock::Get(), config->settings().controller);
    ASSERT_TRUE(controller.ok()) << controller.error().message();
    controller_ = std::move(controller).value();
    auto with_dynamic = BrokerConfig::Build(config->raw(), controller_->dynamic_config());
    ASSERT_TRUE(with_dynamic.ok());
    live_ = std::make_unique<LiveConfig>(*controller_, std::move(with_dynamic).value());
    live_->OnChange([this](const BrokerConfig& config_now) {
      ++changes_;
      level_ = config_now.settings().log_level;
    });
    live_->OnAcceptRetentionClock([this] { ++accepted_; });
    controller_->Start();
  }
  void Stop() {
    controller_->Stop();
    controller_.reset();
    live_.reset();
  }
  Result<std::vector<ConfigEntry>> Set(ConfigChange change) {
    std::promise<Result<std::vector<ConfigEntry>>> promise;
    live_->Set(std::move(change), Reply<std::vector<ConfigEntry>>(
                                      [&](auto answer) { promise.set_value(std::move(answer)); }));
    return promise.get_future().get();
  }
  void CreateTopic(const std::string& name, std::map<std::string, std::string> config = {}) {
    std::promise<bool> done;
    controller_->CreateTopic(
        {name, 1, 1, std::move(config), false},
        Controller::TopicReply([&](auto answer) { done.set_value(answer.ok()); }));
    ASSERT_TRUE(done.get_future().get());
  }

  MemoryStore store_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<LiveConfig> live_;
  int changes_ = 0;
  int accepted_ = 0;
  std::string level_;
};

TEST_F(LiveConfigTest, AChangeReachesTheTopicsAndIsKept) {
  CreateTopic("orders");
  const auto set = Set({{{"log.retention.ms", "1h"}, {"qalam.log.level", "warn"}}, {}, false});
  ASSERT_TRUE(set.ok()) << set.error().message();
  ASSERT_EQ(set->size(), 2u);
  EXPECT_EQ((*set)[0].key, "log.retention.ms");
  EXPECT_EQ((*set)[0].value, "3600000");
  EXPECT_EQ((*set)[0].source, ConfigEntry::Source::kDynamic);
  EXPECT_EQ(controller_->image()->topics.at("orders")->config.retention_ms, 3'600'000);
  EXPECT_EQ(level_, "warn");
  Stop();
  Start();
  EXPECT_EQ((*live_->Get({"log.retention.ms"}))[0].value, "3600000");
  const auto unset = Set({{}, {"log.retention.ms"}, false});
  ASSERT_TRUE(unset.ok());
  EXPECT_EQ((*unset)[0].source, ConfigEntry::Source::kDefault);
  EXPECT_EQ((*live_->Get({"log.retention.ms"}))[0].value, "604800000");
}

TEST_F(LiveConfigTest, AllKeysAreListedWithTheirSource) {
  const auto all = live_->Get({});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->size(), BrokerConfigKeys().size());
  EXPECT_EQ(live_->Get({"log.retenton.ms"}).error().detail("nearest"), "log.retention.ms");
}

TEST_F(LiveConfigTest, WhatCannotBeIsRefusedAndNothingChanges) {
  CreateTopic("orders");
  const int writes = store_.writes;
  EXPECT_EQ(Set({{{"num.partitions", "3"}}, {}, false}).error().code(),
            ErrorCode::kInvalidConfig);  // Not dynamic.
  EXPECT_EQ(Set({{{"log.retenton.ms", "3"}}, {}, false}).error().detail("nearest"),
            "log.retention.ms");
  EXPECT_EQ(Set({{{"log.retention.ms", "soon"}}, {}, false}).error().code(),
            ErrorCode::kInvalidConfig);
  EXPECT_EQ(Set({{{"min.insync.replicas", "2"}}, {}, false}).error().code(),
            ErrorCode::kInvalidConfig);
  EXPECT_EQ(store_.writes, writes);
  EXPECT_EQ(changes_, 0);
}

TEST_F(LiveConfigTest, ValidateOnlyAnswersAndChangesNothing) {
  const int writes = store_.writes;
  const auto set = Set({{{"log.retention.ms", "1h"}}, {}, true});
  ASSERT_TRUE(set.ok());
  EXPECT_EQ((*set)[0].value, "3600000");
  EXPECT_EQ(store_.writes, writes);
  EXPECT_EQ((*live_->Get({"log.retention.ms"}))[0].value, "604800000");
}

TEST_F(LiveConfigTest, AStoreThatRefusesLeavesTheOldSettingsInForce) {
  CreateTopic("orders");
  store_.fail_next = Error(ErrorCode::kNoSpace, "full");
  EXPECT_EQ(Set({{{"log.retention.ms", "1h"}}, {}, false}).error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ((*live_->Get({"log.retention.ms"}))[0].value, "604800000");
  ASSERT_TRUE(Set({{{"qalam.log.level", "warn"}}, {}, false}).ok());  // The way back is done.
  EXPECT_EQ(controller_->image()->topics.at("orders")->config.retention_ms, 604'800'000);
}

TEST_F(LiveConfigTest, AcceptingTheRetentionClockActsOnceAndIsNotKept) {
  ASSERT_TRUE(Set({{{"qalam.retention.clock", "accept"}}, {}, false}).ok());
  EXPECT_EQ(accepted_, 1);
  EXPECT_EQ((*live_->Get({"qalam.retention.clock"}))[0].value, "guard");
  EXPECT_TRUE(controller_->dynamic_config().empty());
  ASSERT_TRUE(Set({{{"log.retention.ms", "1h"}}, {}, false}).ok());
  EXPECT_EQ(accepted_, 1);
}

TEST_F(LiveConfigTest, ReloadingTakesWhatIsDynamicAndLeavesTheRest) {
  Stop();
  Start({{"num.partitions", "2", "q.toml"}, {"log.retention.ms", "1000", "q.toml"}});
  ASSERT_TRUE(live_
                  ->Reload({{"num.partitions", "5", "q.toml"},
                            {"log.retention.ms", "2000", "q.toml"},
                            {"qalam.log.level", "error", "q.toml"}})
                  .ok());
  ASSERT_TRUE(Set({{}, {"qalam.flush"}, false}).ok());  // Behind it in the queue.
  EXPECT_EQ((*live_->Get({"log.retention.ms"}))[0].value, "2000");
  EXPECT_EQ((*live_->Get({"num.partitions"}))[0].value, "2");
  EXPECT_EQ(level_, "error");
  EXPECT_EQ(live_->Reload({{"nonsense.key", "5", "q.toml"}}).error().code(),
            ErrorCode::kInvalidConfig);
  EXPECT_EQ((*live_->Get({"log.retention.ms"}))[0].value, "2000");
}

TEST_F(LiveConfigTest, ManyChangesAtOnceAreMadeOneAfterTheOther) {
  std::vector<std::future<bool>> done;
  for (int i = 1; i <= 20; ++i) {
    auto promise = std::make_shared<std::promise<bool>>();
    done.push_back(promise->get_future());
    const std::string key = i % 2 == 0 ? "log.retention.ms" : "log.segment.delete.delay.ms";
    live_->Set({{{key, std::to_string(i)}}, {}, false},
               Reply<std::vector<ConfigEntry>>(
                   [promise](const auto& answer) { promise->set_value(answer.ok()); }));
  }
  for (auto& one : done) EXPECT_TRUE(one.get());
  EXPECT_EQ((*live_->Get({"log.retention.ms"}))[0].value, "20");
  EXPECT_EQ((*live_->Get({"log.segment.delete.delay.ms"}))[0].value, "19");
  EXPECT_EQ(controller_->dynamic_config().size(), 2u);
}

}  // namespace
}  // namespace qalam
