#include "tests/broker/rpc/fake_broker.h"

#include <utility>

namespace qalam {

class FakeBroker::Session final : public ProduceSession {
 public:
  Session(FakeBroker& broker, TopicPartition partition)
      : broker_(broker), partition_(std::move(partition)) {
    std::lock_guard lock(broker_.mutex_);
    ++broker_.sessions_;
  }
  ~Session() override {
    std::lock_guard lock(broker_.mutex_);
    --broker_.sessions_;
    broker_.changed_.notify_all();
  }
  bool TrySubmit(ProduceBatch& batch) override {
    std::lock_guard lock(broker_.mutex_);
    broker_.changed_.notify_all();
    ++broker_.attempts_;
    if (broker_.room_ == 0) return false;
    --broker_.room_;
    broker_.batches_.push_back({partition_, batch.expected_offset,
                                std::string(AsText(batch.batch.view())), std::move(batch.reply)});
    return true;
  }
  void OnRoom(UniqueFunction<void()> callback) override {
    {
      std::lock_guard lock(broker_.mutex_);
      if (broker_.room_comes_at_once_) {
        broker_.room_ = 1;
      } else if (broker_.room_ == 0) {
        broker_.waiting_for_room_.push_back(std::move(callback));
        broker_.changed_.notify_all();
        return;
      }
    }
    callback();
  }
  void Restart() override {
    std::lock_guard lock(broker_.mutex_);
    ++broker_.restarts_;
    broker_.changed_.notify_all();
  }

 private:
  FakeBroker& broker_;
  const TopicPartition partition_;
};

class FakeBroker::Tail final : public TailSession {
 public:
  Tail(FakeBroker& broker, std::string topic, Offset from)
      : broker_(broker), topic_(std::move(topic)), next_(from) {
    std::lock_guard lock(broker_.mutex_);
    ++broker_.tails_;
    broker_.changed_.notify_all();
  }
  ~Tail() override {
    std::lock_guard lock(broker_.mutex_);
    --broker_.tails_;
    broker_.changed_.notify_all();
  }
  void Next(Reply<FetchResult> reply) override {
    std::size_t bytes = 0;
    FetchResult result;
    {
      std::lock_guard lock(broker_.mutex_);
      for (const auto& [topic, size] : broker_.endless_) {
        if (topic == topic_) bytes = size;
      }
      broker_.questions_.emplace_back(topic_, 1);
      broker_.changed_.notify_all();
      if (!first_ && bytes == 0) {
        broker_.parked_.push_back({this, std::move(reply)});
        return;
      }
      if (!first_) result.batches.push_back(SharedSlice::Own(Bytes(bytes, std::byte{'t'})));
      next_ += first_ ? 0 : 1;
      first_ = false;
      result.next_offset = next_;
    }
    reply(std::move(result));
  }
  void Cancel() override {
    std::vector<Reply<FetchResult>> replies;
    {
      std::lock_guard lock(broker_.mutex_);
      ++broker_.cancelled_;
      for (auto it = broker_.parked_.begin(); it != broker_.parked_.end();) {
        if (it->tail != this) {
          ++it;
          continue;
        }
        replies.push_back(std::move(it->reply));
        it = broker_.parked_.erase(it);
      }
      broker_.changed_.notify_all();
    }
    for (auto& reply : replies) reply(Error(ErrorCode::kCancelled, "cancelled"));
  }

 private:
  FakeBroker& broker_;
  const std::string topic_;
  Offset next_;
  bool first_ = true;
};

void FakeBroker::SetRoom(std::size_t batches) {
  std::vector<UniqueFunction<void()>> waiting;
  {
    std::lock_guard lock(mutex_);
    room_ = batches;
    if (room_ > 0) waiting.swap(waiting_for_room_);
  }
  for (auto& callback : waiting) callback();
}

void FakeBroker::SetRoomComesAtOnce(bool at_once) {
  std::lock_guard lock(mutex_);
  room_comes_at_once_ = at_once;
}

void FakeBroker::RefuseToOpen(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  refusal_ = std::move(error);
}

void FakeBroker::HoldOpens(bool hold) {
  std::lock_guard lock(mutex_);
  hold_opens_ = hold;
}

void FakeBroker::ReleaseOpens() {
  std::vector<std::function<void()>> held;
  {
    std::lock_guard lock(mutex_);
    held.swap(held_opens_);
  }
  for (auto& open : held) open();
}

void FakeBroker::AnswerBatch(std::size_t index, Result<AppendResult> result) {
  Reply<AppendResult> reply;
  {
    std::lock_guard lock(mutex_);
    reply = std::move(batches_[index].reply);
  }
  reply(std::move(result));
}

void FakeBroker::TailFor(const std::string& topic, std::size_t bytes) {
  std::lock_guard lock(mutex_);
  endless_.emplace_back(topic, bytes);
}

void FakeBroker::AnswerTail(std::size_t index, Result<FetchResult> result) {
  Reply<FetchResult> reply;
  {
    std::lock_guard lock(mutex_);
    reply = std::move(parked_[index].reply);
    parked_.erase(parked_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  reply(std::move(result));
}

void FakeBroker::FailNext(Error error) {
  std::lock_guard lock(mutex_);
  fail_next_ = std::move(error);
}

bool FakeBroker::WaitUntil(const std::function<bool()>& condition,
                           std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    std::unique_lock lock(mutex_);
    if (std::chrono::steady_clock::now() >= deadline) return false;
    changed_.wait_for(lock, std::chrono::milliseconds(5));
  }
  return true;
}

int FakeBroker::tail_questions(const std::string& topic) const {
  std::lock_guard lock(mutex_);
  int count = 0;
  for (const auto& [name, one] : questions_) count += name == topic ? one : 0;
  return count;
}

void FakeBroker::OpenProduce(TopicPartition partition, Acks acks,
                             std::shared_ptr<const Origin> origin,
                             Reply<std::unique_ptr<ProduceSession>> reply) {
  std::optional<Error> refusal;
  {
    std::lock_guard lock(mutex_);
    opens_.push_back({partition, acks, *origin});
    refusal = refusal_;
    changed_.notify_all();
    if (hold_opens_) {
      auto held = std::make_shared<Reply<std::unique_ptr<ProduceSession>>>(std::move(reply));
      held_opens_.push_back([this, partition, held] {
        (*held)(std::unique_ptr<ProduceSession>(std::make_unique<Session>(*this, partition)));
      });
      return;
    }
  }
  if (refusal) {
    reply(*refusal);
  } else {
    reply(std::unique_ptr<ProduceSession>(std::make_unique<Session>(*this, std::move(partition))));
  }
}

void FakeBroker::OpenTail(TopicPartition partition, Offset from, std::size_t bytes_max,
                          Reply<std::unique_ptr<TailSession>> reply) {
  if (Failed("OpenTail " + partition.ToString() + " " + std::to_string(from) + " " +
                 std::to_string(bytes_max),
             reply)) {
    return;
  }
  reply(std::unique_ptr<TailSession>(std::make_unique<Tail>(*this, partition.topic, from)));
}

template <typename T>
bool FakeBroker::Failed(std::string call, Reply<T>& reply) {
  std::optional<Error> error;
  {
    std::lock_guard lock(mutex_);
    last_call_ = std::move(call);
    error = std::exchange(fail_next_, std::nullopt);
    changed_.notify_all();
  }
  if (error) reply(*error);
  return error.has_value();
}

void FakeBroker::Append(AppendRequest request, Reply<AppendResult> reply) {
  {
    std::lock_guard lock(mutex_);
    append_ = request;
  }
  if (Failed("Append", reply)) return;
  AppendResult result;
  result.base_offset = 10;
  result.last_offset = 10 + static_cast<Offset>(request.records.size()) - 1;
  result.leader_epoch = 4;
  result.durability = Durability::kFsync;
  {
    std::lock_guard lock(mutex_);
    if (hold_appends_) {
      held_appends_.emplace_back([result, reply = std::move(reply)]() mutable { reply(result); });
      return;
    }
  }
  reply(result);
}

void FakeBroker::HoldAppends() {
  std::lock_guard lock(mutex_);
  hold_appends_ = true;
}

void FakeBroker::ReleaseAppends() {
  std::vector<UniqueFunction<void()>> held;
  {
    std::lock_guard lock(mutex_);
    hold_appends_ = false;
    held.swap(held_appends_);
  }
  for (auto& answer : held) answer();
}

void FakeBroker::Fetch(FetchRequest request, Reply<FetchResult> reply) {
  {
    std::lock_guard lock(mutex_);
    fetch_ = request;
  }
  if (Failed("Fetch", reply)) return;
  FetchResult result;
  result.batches = {SharedSlice::Copy(AsBytes("batch one,")),
                    SharedSlice::Own(Bytes(100'000, std::byte{'x'}))};
  result.next_offset = request.offset + 2;
  result.high_watermark = 50;
  result.log_start_offset = 1;
  result.leader_epoch = 4;
  reply(std::move(result));
}

void FakeBroker::ListOffsets(std::string topic, std::vector<OffsetQuery> queries,
                             Reply<std::vector<OffsetAnswer>> reply) {
  if (Failed("ListOffsets " + topic, reply)) return;
  std::vector<OffsetAnswer> answers;
  for (const OffsetQuery& query : queries) {
    OffsetAnswer answer;
    answer.partition = query.partition;
    answer.offset = 5;
    answers.push_back(std::move(answer));
  }
  reply(std::move(answers));
}

void FakeBroker::ListEpochs(TopicPartition partition, Reply<std::vector<EpochStart>> reply) {
  if (!Failed("ListEpochs " + partition.ToString(), reply)) reply(std::vector<EpochStart>{{1, 0}});
}

void FakeBroker::InitProducer(Reply<ProducerIdentity> reply) {
  if (!Failed("InitProducer", reply)) reply(ProducerIdentity{1000, 0});
}

void FakeBroker::CreateTopic(CreateTopicRequest request, Reply<TopicInfo> reply) {
  if (Failed("CreateTopic " + request.name + (request.validate_only ? " validate" : ""), reply))
    return;
  TopicInfo topic;
  topic.name = request.name;
  topic.partitions_count = request.partitions_count;
  topic.config = request.config;
  reply(std::move(topic));
}

void FakeBroker::DeleteTopic(std::string name, bool validate_only, Reply<Unit> reply) {
  if (!Failed("DeleteTopic " + name + (validate_only ? " validate" : ""), reply)) reply(Unit());
}

void FakeBroker::DescribeTopic(std::string name, Reply<TopicDescription> reply) {
  if (Failed("DescribeTopic " + name, reply)) return;
  TopicDescription description;
  description.topic.name = name;
  description.partitions.resize(2);
  description.config.push_back({"retention.ms", "1", ConfigEntry::Source::kTopic, true, ""});
  reply(std::move(description));
}

void FakeBroker::ListTopics(PageRequest page, Reply<Page<TopicInfo>> reply) {
  if (Failed("ListTopics " + std::to_string(page.size) + " " + page.token, reply)) return;
  Page<TopicInfo> topics;
  topics.items.resize(1);
  topics.items[0].name = "orders";
  topics.next_token = "next";
  reply(std::move(topics));
}

void FakeBroker::AlterTopicConfig(std::string name, ConfigChange change,
                                  Reply<std::vector<ConfigEntry>> reply) {
  if (Failed("AlterTopicConfig " + name + (change.validate_only ? " validate" : ""), reply)) return;
  std::vector<ConfigEntry> entries;
  for (const auto& [key, value] : change.set)
    entries.push_back({key, value, ConfigEntry::Source::kTopic, true, ""});
  for (const std::string& key : change.unset)
    entries.push_back({key, "", ConfigEntry::Source::kDefault, true, ""});
  reply(std::move(entries));
}

void FakeBroker::TrimPartition(TopicPartition partition, Offset before, bool validate_only,
                               Reply<Offset> reply) {
  if (!Failed("TrimPartition " + partition.ToString() + (validate_only ? " validate" : ""), reply))
    reply(before);
}

void FakeBroker::DescribeCluster(Reply<ClusterInfo> reply) {
  if (Failed("DescribeCluster", reply)) return;
  ClusterInfo cluster;
  cluster.cluster_id = "cluster";
  cluster.brokers.resize(1);
  cluster.brokers[0].address = "127.0.0.1:7420";
  reply(std::move(cluster));
}

void FakeBroker::ReadFigures(Reply<BrokerFigures> reply) {
  if (Failed("ReadFigures", reply)) return;
  BrokerFigures figures;
  figures.partitions.emplace_back();
  figures.partitions.back().partition = {"orders", 0};
  reply(std::move(figures));
}

void FakeBroker::ExplainRecord(TopicPartition partition, Offset offset, Reply<RecordStory> reply) {
  if (Failed("ExplainRecord " + partition.ToString() + "@" + std::to_string(offset), reply)) return;
  RecordStory story;
  story.partition = std::move(partition);
  story.offset = offset;
  story.batch.sender.client_id = "billing";
  story.batch.durability = Durability::kFsync;
  story.batch.group.emplace().closed = GroupClosed::kFull;
  story.lines = {"a line"};
  reply(std::move(story));
}

void FakeBroker::ListRefusals(TopicPartition partition, std::size_t limit,
                              Reply<RefusalList> reply) {
  if (Failed("ListRefusals " + partition.ToString() + " " + std::to_string(limit), reply)) return;
  RefusalList list;
  list.complete_since_ms = 5;
  list.refusals.resize(1);
  list.refusals[0].code = ErrorCode::kUnexpectedOffset;
  reply(std::move(list));
}

void FakeBroker::ListPartitions(PageRequest page, Reply<Page<PartitionInfo>> reply) {
  if (Failed("ListPartitions " + page.topic + " " + std::to_string(page.size) + " " + page.token,
             reply)) {
    return;
  }
  Page<PartitionInfo> partitions;
  partitions.items.resize(3);
  partitions.next_token = "more";
  reply(std::move(partitions));
}

void FakeBroker::GetConfig(std::vector<std::string> keys, Reply<std::vector<ConfigEntry>> reply) {
  if (Failed("GetConfig", reply)) return;
  std::vector<ConfigEntry> entries;
  for (const std::string& key : keys)
    entries.push_back({key, "value", ConfigEntry::Source::kBroker, true, ""});
  reply(std::move(entries));
}

void FakeBroker::SetConfig(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) {
  if (Failed(change.validate_only ? "SetConfig validate" : "SetConfig", reply)) return;
  std::vector<ConfigEntry> entries;
  for (const auto& [key, value] : change.set)
    entries.push_back({key, value, ConfigEntry::Source::kDynamic, true, ""});
  reply(std::move(entries));
}

}  // namespace qalam
