#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/local_broker.h"
#include "common/check.h"
#include "common/posix_file_system.h"
#include "common/record/batch_builder.h"
#include "common/record/batch_view.h"
#include "tests/broker/metadata/memory_store.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_directory.h"

namespace qalam {

inline const TopicPartition kEvents{"events", 0};

// Knows no settings. Thread: any.
class NoConfig final : public ConfigService {
 public:
  Result<std::vector<ConfigEntry>> Get(const std::vector<std::string>&) const override {
    return std::vector<ConfigEntry>();
  }
  void Set(ConfigChange, Reply<std::vector<ConfigEntry>> reply) override {
    reply(std::vector<ConfigEntry>());
  }
};

// A question whose answer is waited for.
template <typename T>
class Question {
 public:
  Reply<T> reply() {
    return Reply<T>(
        [promise = promise_](Result<T> answer) { promise->set_value(std::move(answer)); });
  }
  Result<T> Wait() {
    auto future = promise_->get_future();
    QALAM_CHECK(future.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
    return future.get();
  }

 private:
  std::shared_ptr<std::promise<Result<T>>> promise_ = std::make_shared<std::promise<Result<T>>>();
};

// A LocalBroker over a directory of its own, on real files and threads, that can be stopped, killed
// and started again. Thread: one, but the broker's own methods any.
class BrokerBench {
 public:
  BrokerBench() {
    options.log_directory = directory.File("log");
    options.version = "test";
    options.writer_threads = 2;
  }
  ~BrokerBench() {
    if (broker) Stop();
  }

  Status Start() {
    fs.StopAtChange(0);
    ControllerOptions controller_options;
    controller_options.cluster_id = "cluster";
    auto made = Controller::Create(store, SystemClock::Get(), controller_options);
    QALAM_CHECK(made.ok());
    controller = std::move(made).value();
    controller->Start();
    broker = LocalBroker::Create(fs, SystemClock::Get(), *controller, config, options);
    const Status started = broker->Start();
    if (!started.ok()) {
      broker.reset();
      controller->Stop();
    }
    return started;
  }
  bool Stop(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const bool clean = stopped_ || broker->Stop(patience);
    stopped_ = false;
    broker.reset();
    controller->Stop();
    controller.reset();
    return clean;
  }
  // The broker is still there, and refuses everything, as for front ends that stop after it.
  void StopBroker() {
    broker->Stop(std::chrono::seconds(20));
    stopped_ = true;
  }
  // As SIGKILL: from here on nothing reaches the files.
  void Kill() {
    fs.StopAtChange(1);
    Stop(std::chrono::milliseconds(0));
  }

  Result<TopicInfo> Create(const std::string& name, std::int32_t partitions = 1,
                           ConfigMap settings = {}) {
    Question<TopicInfo> question;
    CreateTopicRequest request;
    request.name = name;
    request.partitions_count = partitions;
    request.config = std::move(settings);
    broker->CreateTopic(std::move(request), question.reply());
    return question.Wait();
  }
  Result<Unit> Delete(const std::string& name) {
    Question<Unit> question;
    broker->DeleteTopic(name, false, question.reply());
    return question.Wait();
  }
  static AppendRequest Request(const TopicPartition& partition,
                               const std::vector<std::string>& values) {
    AppendRequest request;
    request.partition = partition;
    for (const std::string& value : values) {
      PlainRecord record;
      const BytesView bytes = AsBytes(value);
      record.value = Bytes(bytes.begin(), bytes.end());
      request.records.push_back(std::move(record));
    }
    return request;
  }
  Result<AppendResult> Append(AppendRequest request) {
    Question<AppendResult> question;
    broker->Append(std::move(request), question.reply());
    return question.Wait();
  }
  Result<AppendResult> Append(const TopicPartition& partition,
                              const std::vector<std::string>& values) {
    return Append(Request(partition, values));
  }
  Result<FetchResult> Fetch(const TopicPartition& partition, Offset offset,
                            std::chrono::milliseconds wait = std::chrono::milliseconds(0)) {
    Question<FetchResult> question;
    FetchRequest request;
    request.partition = partition;
    request.offset = offset;
    request.wait_max = wait;
    broker->Fetch(request, question.reply());
    return question.Wait();
  }
  Result<std::unique_ptr<ProduceSession>> OpenProduce(const TopicPartition& partition,
                                                      Acks acks = Acks::kAll) {
    Question<std::unique_ptr<ProduceSession>> question;
    broker->OpenProduce(partition, acks, nullptr, question.reply());
    return question.Wait();
  }
  Result<std::unique_ptr<TailSession>> OpenTail(const TopicPartition& partition, Offset from) {
    Question<std::unique_ptr<TailSession>> question;
    broker->OpenTail(partition, from, 1 << 20, question.reply());
    return question.Wait();
  }
  Result<std::vector<OffsetAnswer>> ListOffsets(const std::string& topic,
                                                std::vector<OffsetQuery> queries) {
    Question<std::vector<OffsetAnswer>> question;
    broker->ListOffsets(topic, std::move(queries), question.reply());
    return question.Wait();
  }
  Result<std::vector<EpochStart>> ListEpochs(const TopicPartition& partition) {
    Question<std::vector<EpochStart>> question;
    broker->ListEpochs(partition, question.reply());
    return question.Wait();
  }
  Result<Page<PartitionInfo>> ListPartitions(PageRequest page = {}) {
    Question<Page<PartitionInfo>> question;
    broker->ListPartitions(std::move(page), question.reply());
    return question.Wait();
  }
  Result<ClusterInfo> Cluster() {
    Question<ClusterInfo> question;
    broker->DescribeCluster(question.reply());
    return question.Wait();
  }
  // All records from `from` up to the high watermark.
  std::vector<std::pair<Offset, std::string>> ReadAll(const TopicPartition& partition,
                                                      Offset from = 0) {
    std::vector<std::pair<Offset, std::string>> records;
    while (true) {
      auto fetched = Fetch(partition, from);
      QALAM_CHECK(fetched.ok());
      if (fetched->batches.empty()) return records;
      AddRecords(*fetched, from, records);
      from = fetched->next_offset;
    }
  }
  static void AddRecords(const FetchResult& fetched, Offset from,
                         std::vector<std::pair<Offset, std::string>>& records) {
    for (const SharedSlice& slice : fetched.batches) {
      BatchCursor batches(slice.view());
      while (auto batch = std::move(batches.Next()).value()) {
        RecordCursor cursor(batch->header, batch->records());
        while (auto record = std::move(cursor.Next()).value()) {
          if (record->offset >= from) {
            records.emplace_back(record->offset, std::string(AsText(*record->value)));
          }
        }
      }
    }
  }
  static SharedSlice Batch(const std::vector<std::string>& values,
                           ProducerId producer = kNoProducerId, std::int32_t sequence = 0) {
    BatchBuilder builder;
    for (const std::string& value : values) {
      builder.Add(SystemClock::Get().NowMs(), std::nullopt, AsBytes(value));
    }
    BatchBuilder::Trailer trailer;
    if (producer >= 0) {
      trailer.producer_id = producer;
      trailer.producer_epoch = 0;
      trailer.base_sequence = sequence;
    }
    return SharedSlice::Own(builder.Finish(trailer));
  }
  // Hands it in, waiting for room.
  static void Submit(ProduceSession& session, ProduceBatch batch) {
    while (!session.TrySubmit(batch)) {
      Question<Unit> room;
      session.OnRoom([reply = room.reply()]() mutable { reply(Unit{}); });
      QALAM_CHECK(room.Wait().ok());
    }
  }

  TempDirectory directory;
  FaultFileSystem fs{PosixFileSystem::Get()};
  MemoryStore store;
  NoConfig config;
  LocalBrokerOptions options;
  std::unique_ptr<Controller> controller;
  std::unique_ptr<LocalBroker> broker;

 private:
  bool stopped_ = false;
};

}  // namespace qalam
