#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "broker/api/broker.h"

namespace qalam {

// A Broker that keeps what it is asked and answers when the test says so. Thread: any.
class FakeBroker final : public Broker {
 public:
  struct Batch {
    TopicPartition partition;
    std::optional<Offset> expected_offset;
    std::string bytes;
    Reply<AppendResult> reply;
  };
  struct Opened {
    TopicPartition partition;
    Acks acks = Acks::kAll;
    Origin origin;
  };

  // --- What the test says.
  void SetRoom(std::size_t batches);  // For so many more; then every session is full.
  void SetRoomComesAtOnce(bool at_once);
  void RefuseToOpen(std::optional<Error> error);
  void HoldOpens(bool hold);  // OpenProduce waits for ReleaseOpens.
  void ReleaseOpens();
  void HoldAppends();  // They wait for ReleaseAppends.
  void ReleaseAppends();
  void AnswerBatch(std::size_t index, Result<AppendResult> result);
  // Every Tail question is answered at once with `bytes`, again and again.
  void TailFor(const std::string& topic, std::size_t bytes);
  // Answers the `index`th parked Tail question (of all sessions together).
  void AnswerTail(std::size_t index, Result<FetchResult> result);
  void FailNext(Error error);  // The next unary question.

  // --- What the test sees.
  bool WaitUntil(const std::function<bool()>& condition,
                 std::chrono::milliseconds patience = std::chrono::seconds(10));
  // What `f` answers under the lock.
  template <typename F>
  auto Locked(F f) const {
    std::lock_guard lock(mutex_);
    return f();
  }
  std::size_t batches() const {
    return Locked([&] { return batches_.size(); });
  }
  std::string batch_bytes(std::size_t i) const {
    return Locked([&] { return batches_[i].bytes; });
  }
  std::optional<Offset> expected_offset(std::size_t i) const {
    return Locked([&] { return batches_[i].expected_offset; });
  }
  std::size_t opens() const {
    return Locked([&] { return opens_.size(); });
  }
  Opened opened(std::size_t i) const {
    return Locked([&] { return opens_[i]; });
  }
  int attempts() const {
    return Locked([&] { return attempts_; });
  }
  int restarts() const {
    return Locked([&] { return restarts_; });
  }
  int sessions() const {
    return Locked([&] { return sessions_; });
  }  // Alive.
  int tails() const {
    return Locked([&] { return tails_; });
  }  // Alive.
  int tail_questions(const std::string& topic) const;
  std::size_t tails_parked() const {
    return Locked([&] { return parked_.size(); });
  }
  int tails_cancelled() const {
    return Locked([&] { return cancelled_; });
  }
  std::size_t appends_held() const {
    return Locked([&] { return held_appends_.size(); });
  }
  std::optional<AppendRequest> append() const {
    return Locked([&] { return append_; });
  }
  std::optional<FetchRequest> fetch() const {
    return Locked([&] { return fetch_; });
  }
  std::string last_call() const {
    return Locked([&] { return last_call_; });
  }

  // --- Broker.
  void OpenProduce(TopicPartition partition, Acks acks, std::shared_ptr<const Origin> origin,
                   Reply<std::unique_ptr<ProduceSession>> reply) override;
  void Append(AppendRequest request, Reply<AppendResult> reply) override;
  void Fetch(FetchRequest request, Reply<FetchResult> reply) override;
  void OpenTail(TopicPartition partition, Offset from, std::size_t bytes_max,
                Reply<std::unique_ptr<TailSession>> reply) override;
  void ListOffsets(std::string topic, std::vector<OffsetQuery> queries,
                   Reply<std::vector<OffsetAnswer>> reply) override;
  void ListEpochs(TopicPartition partition, Reply<std::vector<EpochStart>> reply) override;
  void InitProducer(Reply<ProducerIdentity> reply) override;
  void CreateTopic(CreateTopicRequest request, Reply<TopicInfo> reply) override;
  void DeleteTopic(std::string name, bool validate_only, Reply<Unit> reply) override;
  void DescribeTopic(std::string name, Reply<TopicDescription> reply) override;
  void ListTopics(PageRequest page, Reply<Page<TopicInfo>> reply) override;
  void AlterTopicConfig(std::string name, ConfigChange change,
                        Reply<std::vector<ConfigEntry>> reply) override;
  void TrimPartition(TopicPartition partition, Offset before, bool validate_only,
                     Reply<Offset> reply) override;
  void DescribeCluster(Reply<ClusterInfo> reply) override;
  void ReadFigures(Reply<BrokerFigures> reply) override;
  void ExplainRecord(TopicPartition partition, Offset offset, Reply<RecordStory> reply) override;
  void ListRefusals(TopicPartition partition, std::size_t limit, Reply<RefusalList> reply) override;
  void ListPartitions(PageRequest page, Reply<Page<PartitionInfo>> reply) override;
  void GetConfig(std::vector<std::string> keys, Reply<std::vector<ConfigEntry>> reply) override;
  void SetConfig(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) override;

 private:
  class Session;
  class Tail;
  struct Parked {
    Tail* tail = nullptr;
    Reply<FetchResult> reply;
  };

  // Notes the call; answers it with the error that FailNext left, if there is one.
  template <typename T>
  bool Failed(std::string call, Reply<T>& reply);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t room_ = SIZE_MAX;
  bool room_comes_at_once_ = false;
  std::optional<Error> refusal_;
  bool hold_opens_ = false;
  std::vector<std::function<void()>> held_opens_;
  std::vector<UniqueFunction<void()>> waiting_for_room_;
  std::deque<Batch> batches_;
  std::vector<Opened> opens_;
  int attempts_ = 0;
  int restarts_ = 0;
  int sessions_ = 0;
  int tails_ = 0;
  int cancelled_ = 0;
  std::vector<std::pair<std::string, std::size_t>> endless_;
  std::vector<std::pair<std::string, int>> questions_;
  std::vector<Parked> parked_;
  bool hold_appends_ = false;
  std::vector<UniqueFunction<void()>> held_appends_;
  std::optional<AppendRequest> append_;
  std::optional<FetchRequest> fetch_;
  std::optional<Error> fail_next_;
  std::string last_call_;
};

}  // namespace qalam
