#include "broker/metadata/controller.h"

#include <gtest/gtest.h>

#include <future>
#include <set>
#include <string>

#include "broker/metadata/controller_state.h"
#include "broker/metadata/metadata_records.h"
#include "common/clock.h"
#include "tests/broker/metadata/memory_store.h"

namespace qalam {
namespace {

template <typename T>
class Answer {
 public:
  Reply<T> reply() {
    return Reply<T>([this](Result<T> result) { promise_.set_value(std::move(result)); });
  }
  Result<T> Get() { return future_.get(); }

 private:
  std::promise<Result<T>> promise_;
  std::future<Result<T>> future_ = promise_.get_future();
};
using Image = std::shared_ptr<const TopicImage>;

class ControllerTest : public testing::Test {
 protected:
  ~ControllerTest() override { Stop(); }

  Status Start(ControllerOptions options = {}) {
    auto made = Controller::Create(store_, SystemClock::Get(), std::move(options));
    if (!made.ok()) return made.error();
    controller_ = std::move(made).value();
    controller_->Start();
    return OkStatus();
  }
  void Stop() {
    if (controller_) controller_->Stop();
    controller_.reset();
  }
  Result<Image> Create(const std::string& name, std::int32_t partitions = 1,
                       std::map<std::string, std::string> config = {}, bool validate = false,
                       std::int32_t replicas = 0) {
    Answer<Image> answer;
    controller_->CreateTopic({name, partitions, replicas, std::move(config), validate},
                             answer.reply());
    return answer.Get();
  }
  Result<Image> Delete(const std::string& name, bool validate = false) {
    Answer<Image> answer;
    controller_->DeleteTopic(name, validate, answer.reply());
    return answer.Get();
  }
  Result<Image> Alter(const std::string& name, Controller::ConfigChange change) {
    Answer<Image> answer;
    controller_->AlterTopic(name, std::move(change), answer.reply());
    return answer.Get();
  }
  Result<ProducerId> NextProducerId() {
    Answer<ProducerId> answer;
    controller_->NextProducerId(answer.reply());
    return answer.Get();
  }
  Image Find(const std::string& name) {
    const auto image = controller_->image();
    const auto found = image->topics.find(name);
    return found == image->topics.end() ? nullptr : found->second;
  }

  MemoryStore store_;
  std::unique_ptr<Controller> controller_;
};

TEST_F(ControllerTest, ACreatedTopicIsInTheStoreAndTheImageBeforeTheAnswer) {
  ASSERT_TRUE(Start().ok());
  const auto created = Create("orders", 4, {{"retention.ms", "1d"}});
  ASSERT_TRUE(created.ok()) << created.error().message();
  EXPECT_FALSE((*created)->id.is_nil());
  EXPECT_EQ((*created)->partitions.size(), 4u);
  EXPECT_EQ((*created)->config.retention_ms, 86'400'000);
  ASSERT_NE(Find("orders"), nullptr);
  EXPECT_EQ(Find("orders")->id, (*created)->id);
  EXPECT_TRUE(store_.entries.contains("topic/orders"));
  EXPECT_TRUE(store_.entries.contains(PartitionKey("orders", 3)));
}

TEST_F(ControllerTest, ARestartKeepsTopicsAndRaisesEveryLeaderEpochInOneWrite) {
  ASSERT_TRUE(Start().ok());
  const Uuid id = (*Create("orders", 3, {{"segment.bytes", "1MiB"}}))->id;
  ASSERT_TRUE(Create("users", 1).ok());
  const std::string cluster_id = controller_->image()->cluster_id;
  for (Epoch epoch = 1; epoch <= 3; ++epoch) {
    Stop();
    store_.writes = 0;
    ASSERT_TRUE(Start().ok());
    EXPECT_EQ(store_.writes, 1);
    const auto orders = Find("orders");
    ASSERT_NE(orders, nullptr);
    EXPECT_EQ(orders->id, id);
    EXPECT_EQ(orders->config.segment_bytes, 1u << 20);
    for (const PartitionImage& partition : orders->partitions) {
      EXPECT_EQ(partition.leader_epoch, epoch);
      EXPECT_EQ(partition.leader, 1);
    }
    EXPECT_EQ(Find("users")->partitions.front().leader_epoch, epoch);
    EXPECT_EQ(controller_->image()->cluster_id, cluster_id);
  }
}

TEST_F(ControllerTest, NamesAreCheckedAndClashesFound) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Create("a.b").ok());
  EXPECT_EQ(Create("a.b").error().code(), ErrorCode::kTopicExists);
  const auto clash = Create("a_b");
  ASSERT_FALSE(clash.ok());
  EXPECT_EQ(clash.error().code(), ErrorCode::kTopicNameClash);
  EXPECT_EQ(clash.error().detail("existing"), "a.b");
  for (const std::string& name : {std::string(), std::string("."), std::string(".."),
                                  std::string("a/b"), std::string("a b"), std::string(250, 'x')}) {
    EXPECT_EQ(Create(name).error().code(), ErrorCode::kInvalidTopicName) << name;
  }
  EXPECT_TRUE(Create(std::string(249, 'x')).ok());
  ASSERT_TRUE(Delete("a.b").ok());
  EXPECT_TRUE(Create("a_b").ok());
}

TEST_F(ControllerTest, CountsThatCannotBeAreRefused) {
  ControllerOptions options;
  options.partitions_max = 10;
  options.num_partitions = 2;
  ASSERT_TRUE(Start(options).ok());
  EXPECT_EQ(Create("x", -1).error().code(), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(Create("x", 11).error().code(), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(Create("x", 1, {}, false, 3).error().code(), ErrorCode::kInvalidPartitions);
  const auto by_default = Create("x", 0);
  ASSERT_TRUE(by_default.ok());
  EXPECT_EQ((*by_default)->partitions.size(), 2u);
  EXPECT_TRUE(Create("y", 8).ok());
  EXPECT_EQ(Create("z", 1).error().code(), ErrorCode::kInvalidPartitions);
  ASSERT_TRUE(Delete("y").ok());
  EXPECT_TRUE(Create("z", 8).ok());
}

TEST_F(ControllerTest, MinInsyncReplicasAboveTheReplicasIsRefusedAtCreation) {
  ASSERT_TRUE(Start().ok());
  const auto created = Create("x", 1, {{"min.insync.replicas", "2"}});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_EQ(created.error().detail("key"), "min.insync.replicas");
  ASSERT_TRUE(Create("x").ok());
  EXPECT_EQ(Alter("x", {{{"min.insync.replicas", "2"}}, {}, false}).error().code(),
            ErrorCode::kInvalidConfig);
}

TEST_F(ControllerTest, MessagesLargerThanAGroupAreRefused) {
  ControllerOptions options;
  options.message_bytes_max = 2u << 20;
  ASSERT_TRUE(Start(options).ok());
  EXPECT_TRUE(Create("fits", 1, {{"max.message.bytes", "2MiB"}}).ok());
  EXPECT_EQ(Create("large", 1, {{"max.message.bytes", "3MiB"}}).error().code(),
            ErrorCode::kInvalidConfig);
}

TEST_F(ControllerTest, ValidateOnlyChangesNothing) {
  ASSERT_TRUE(Start().ok());
  const auto checked = Create("orders", 2, {}, true);
  ASSERT_TRUE(checked.ok());
  EXPECT_TRUE((*checked)->id.is_nil());
  EXPECT_EQ(Find("orders"), nullptr);
  ASSERT_TRUE(Create("orders", 2).ok());
  const auto writes = store_.writes;
  ASSERT_TRUE(Delete("orders", true).ok());
  const auto altered = Alter("orders", {{{"retention.ms", "1h"}}, {}, true});
  ASSERT_TRUE(altered.ok());
  EXPECT_EQ((*altered)->config.retention_ms, 3'600'000);
  EXPECT_EQ(store_.writes, writes);
  EXPECT_EQ(Find("orders")->config.retention_ms, TopicConfig{}.retention_ms);
}

TEST_F(ControllerTest, AlteringSetsAndUnsetsAndSurvivesARestart) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Create("orders", 1, {{"retention.ms", "1h"}, {"flush.ms", "5s"}}).ok());
  const auto altered = Alter("orders", {{{"segment.bytes", "8MiB"}}, {"retention.ms"}, false});
  ASSERT_TRUE(altered.ok()) << altered.error().message();
  Stop();
  ASSERT_TRUE(Start().ok());
  const auto topic = Find("orders");
  EXPECT_EQ(topic->overrides,
            (std::map<std::string, std::string>{{"flush.ms", "5s"}, {"segment.bytes", "8MiB"}}));
  EXPECT_EQ(topic->config.segment_bytes, 8u << 20);
  EXPECT_EQ(topic->config.retention_ms, TopicConfig{}.retention_ms);
  EXPECT_EQ(Alter("orders", {{}, {"retenton.ms"}, false}).error().detail("nearest"),
            "retention.ms");
  EXPECT_EQ(Alter("ordres", {{}, {}, false}).error().detail("nearest"), "orders");
}

TEST_F(ControllerTest, ProducerIdsAreNeverGivenTwiceOverRestartsAndABlockCostsOneWrite) {
  ControllerOptions options;
  options.producer_id_block = 10;
  std::set<ProducerId> seen;
  for (int start = 0; start < 3; ++start) {
    ASSERT_TRUE(Start(options).ok());
    const int writes = store_.writes;
    for (int i = 0; i < 25; ++i) {
      const auto id = NextProducerId();
      ASSERT_TRUE(id.ok());
      EXPECT_TRUE(seen.insert(*id).second) << *id;
    }
    EXPECT_EQ(store_.writes - writes, 3);
    Stop();
  }
}

TEST_F(ControllerTest, AStoreThatRefusesLeavesEverythingAsItWas) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Create("orders").ok());
  const auto before = controller_->image();
  store_.fail_next = Error(ErrorCode::kNoSpace, "full");
  EXPECT_EQ(Create("users").error().code(), ErrorCode::kNoSpace);
  store_.fail_next = Error(ErrorCode::kNoSpace, "full");
  EXPECT_EQ(Delete("orders").error().code(), ErrorCode::kNoSpace);
  store_.fail_next = Error(ErrorCode::kNoSpace, "full");
  EXPECT_EQ(NextProducerId().error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(controller_->image()->topics.size(), before->topics.size());
  EXPECT_TRUE(Create("users").ok());  // Healed: no conflict with what never happened.
  EXPECT_TRUE(Delete("orders").ok());
  EXPECT_TRUE(NextProducerId().ok());
}

TEST_F(ControllerTest, DynamicSettingsAreKept) {
  ASSERT_TRUE(Start().ok());
  Answer<std::map<std::string, std::string>> first;
  controller_->SetDynamicConfig({{{"a", "1"}, {"b", "2"}}, {}, false}, first.reply());
  ASSERT_TRUE(first.Get().ok());
  Answer<std::map<std::string, std::string>> second;
  controller_->SetDynamicConfig({{{"a", "3"}}, {"b"}, false}, second.reply());
  ASSERT_TRUE(second.Get().ok());
  Stop();
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(controller_->dynamic_config(), (std::map<std::string, std::string>{{"a", "3"}}));
}

TEST_F(ControllerTest, NewDefaultsReachTopicsThatDoNotSayOtherwise) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Create("own", 1, {{"retention.ms", "1h"}}).ok());
  ASSERT_TRUE(Create("default").ok());
  TopicConfig defaults;
  defaults.retention_ms = 42;
  Answer<Unit> answer;
  controller_->SetTopicDefaults(defaults, answer.reply());
  ASSERT_TRUE(answer.Get().ok());
  EXPECT_EQ(Find("own")->config.retention_ms, 3'600'000);
  EXPECT_EQ(Find("default")->config.retention_ms, 42);
  defaults.min_insync_replicas = 2;
  Answer<Unit> refused;
  controller_->SetTopicDefaults(defaults, refused.reply());
  EXPECT_EQ(refused.Get().error().code(), ErrorCode::kInvalidConfig);
  EXPECT_EQ(Find("default")->config.min_insync_replicas, 1);
}

TEST_F(ControllerTest, AStoreOfAnotherClusterIsRefused) {
  ControllerOptions options;
  options.cluster_id = "one";
  ASSERT_TRUE(Start(options).ok());
  Stop();
  options.cluster_id = "two";
  EXPECT_EQ(Start(options).error().code(), ErrorCode::kWrongNode);
}

TEST_F(ControllerTest, EntriesThatContradictEachOtherAreDamage) {
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(Create("orders", 3).ok());
  Stop();
  const auto intact = store_.entries;
  store_.entries.erase(PartitionKey("orders", 1));
  EXPECT_EQ(Start().error().code(), ErrorCode::kMetadataDamaged);
  store_.entries = intact;
  store_.entries.erase("topic/orders");
  EXPECT_EQ(Start().error().code(), ErrorCode::kMetadataDamaged);
  store_.entries = intact;
  store_.entries["from/the/future"] = {"from/the/future", "", 1};
  EXPECT_EQ(Start().error().code(), ErrorCode::kUnsupportedFormat);
  store_.entries = intact;
  EXPECT_TRUE(Start().ok());
}

TEST_F(ControllerTest, WhatWaitsWhenItStopsIsAnswered) {
  auto made = Controller::Create(store_, SystemClock::Get(), {});
  ASSERT_TRUE(made.ok());
  Answer<ProducerId> before_start;
  (*made)->NextProducerId(before_start.reply());
  (*made)->Stop();
  Answer<ProducerId> after_stop;
  (*made)->NextProducerId(after_stop.reply());
  made->reset();
  EXPECT_EQ(before_start.Get().error().code(), ErrorCode::kShuttingDown);
  EXPECT_EQ(after_stop.Get().error().code(), ErrorCode::kShuttingDown);
}

TEST_F(ControllerTest, AFullQueueIsRefusedAtOnce) {
  ControllerOptions options;
  options.mailbox_commands_max = 2;
  auto made = Controller::Create(store_, SystemClock::Get(), options);  // Not started: no drain.
  ASSERT_TRUE(made.ok());
  Answer<ProducerId> first;
  Answer<ProducerId> second;
  Answer<ProducerId> third;
  (*made)->NextProducerId(first.reply());
  (*made)->NextProducerId(second.reply());
  (*made)->NextProducerId(third.reply());
  EXPECT_EQ(third.Get().error().code(), ErrorCode::kOverloaded);
  made->reset();
  EXPECT_EQ(second.Get().error().code(), ErrorCode::kShuttingDown);
}

// The state after any sequence of plans is what loading the store gives.
TEST(ControllerStateTest, AppliedPlansAndALoadedStoreAgree) {
  MemoryStore store;
  auto loaded = ControllerState::Load({}, {});
  ASSERT_TRUE(loaded.ok());
  ControllerState state = std::move(loaded).value();
  const auto commit = [&](const ControllerPlan& plan) {
    const auto revision = store.CompareAndSet(plan.changes);
    ASSERT_TRUE(revision.ok()) << revision.error().message();
    state.Apply(plan, *revision);
  };
  commit(state.StartPlan());
  for (int i = 0; i < 20; ++i) {
    const std::string name = "t" + std::to_string(i);
    commit(*state.CreateTopic({name, 1 + i % 5, 1, {{"flush.ms", std::to_string(i + 1)}}, false},
                              Uuid::Random()));
    if (i % 3 == 0)
      commit(*state.AlterTopic(name, {{{"retention.ms", "5s"}}, {"flush.ms"}, false}));
    if (i % 4 == 0) commit(*state.DeleteTopic(name));
    if (i % 5 == 0) commit(state.TakeProducerIds());
    commit(state.ChangeDynamicConfig({{{"k" + std::to_string(i % 4), name}}, {"k1"}, false}));
    const auto again = ControllerState::Load({}, *store.List(""));
    ASSERT_TRUE(again.ok()) << again.error().message();
    const auto expected = again->MakeImage();
    const auto actual = state.MakeImage();
    ASSERT_EQ(actual->topics.size(), expected->topics.size());
    for (const auto& [topic, image] : expected->topics) {
      const auto& mine = actual->topics.at(topic);
      EXPECT_EQ(mine->id, image->id);
      EXPECT_EQ(mine->overrides, image->overrides);
      EXPECT_EQ(mine->partitions.size(), image->partitions.size());
      EXPECT_EQ(mine->config.retention_ms, image->config.retention_ms);
      EXPECT_EQ(mine->config.flush_ms, image->config.flush_ms);
    }
    EXPECT_EQ(state.next_producer_id(), again->next_producer_id());
    EXPECT_EQ(state.dynamic_config(), again->dynamic_config());
    EXPECT_EQ(actual->revision, store.revision);
  }
}

}  // namespace
}  // namespace qalam
