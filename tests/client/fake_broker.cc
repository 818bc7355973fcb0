#include "tests/client/fake_broker.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>
#include <utility>

#include "common/record/batch_builder.h"
#include "common/record/batch_view.h"

namespace qalam::abi0 {
namespace {

using std::chrono::milliseconds;

grpc::Status Rich(grpc::StatusCode code, const std::string& word, const std::string& message) {
  v1::ErrorInfo info;
  info.set_reason(word);
  info.set_domain("qalam");
  (*info.mutable_metadata())["from"] = "fake";
  v1::RpcStatus status;
  status.set_code(code);
  status.set_message(message);
  auto* detail = status.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  detail->set_value(info.SerializeAsString());
  return {code, message, status.SerializeAsString()};
}

grpc::Status UnknownTopic(const std::string& name) {
  return Rich(grpc::StatusCode::NOT_FOUND, "UNKNOWN_TOPIC", "no topic named \"" + name + "\"");
}

}  // namespace

class FakeBroker::LogServiceImpl final : public v1::LogService::Service {
 public:
  explicit LogServiceImpl(FakeBroker& broker) : broker_(broker) {}
  grpc::Status Produce(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::ProduceResponse, v1::ProduceRequest>* stream) override {
    return broker_.Produce(context, stream);
  }
  grpc::Status Tail(grpc::ServerContext* context, const v1::TailRequest* request,
                    grpc::ServerWriter<v1::TailResponse>* writer) override {
    return broker_.Tail(context, *request, writer);
  }
  grpc::Status InitProducer(grpc::ServerContext*, const v1::InitProducerRequest*,
                            v1::InitProducerResponse* response) override {
    response->set_producer_id(broker_.next_producer_id_++);
    return grpc::Status::OK;
  }
  grpc::Status Fetch(grpc::ServerContext*, const v1::FetchRequest* request,
                     v1::FetchResponse*) override {
    if (broker_.auto_create_ == 0) return UnknownTopic(request->topic());
    broker_.CreateTopic(request->topic(), broker_.auto_create_);
    return grpc::Status::OK;
  }
  grpc::Status ListOffsets(grpc::ServerContext*, const v1::ListOffsetsRequest* request,
                           v1::ListOffsetsResponse* response) override {
    std::lock_guard lock(broker_.mutex_);
    for (const auto& query : request->queries()) {
      auto& result = *response->add_results();
      result.set_partition(query.partition());
      result.set_timestamp_ms(-1);
      Partition* const partition = broker_.Find(request->topic(), query.partition());
      if (partition == nullptr) {
        if (broker_.topics_.count(request->topic()) == 0) return UnknownTopic(request->topic());
        result.mutable_error()->set_reason("UNKNOWN_PARTITION");
        continue;
      }
      if (query.at_case() == v1::ListOffsetsRequest::Query::kEarliest) {
        result.set_offset(partition->start);
      } else if (query.at_case() == v1::ListOffsetsRequest::Query::kTimestampMs) {
        result.set_offset(partition->end);
        for (const StoredBatch& batch : partition->batches) {
          const BatchHeader header = BatchHeader::Decode(AsBytes(batch.bytes));
          if (header.max_timestamp < query.timestamp_ms()) continue;
          result.set_offset(batch.base_offset);
          break;
        }
      } else {
        result.set_offset(partition->end);
      }
    }
    return grpc::Status::OK;
  }

 private:
  FakeBroker& broker_;
};

class FakeBroker::TopicServiceImpl final : public v1::TopicService::Service {
 public:
  explicit TopicServiceImpl(FakeBroker& broker) : broker_(broker) {}
  grpc::Status DescribeTopic(grpc::ServerContext*, const v1::DescribeTopicRequest* request,
                             v1::DescribeTopicResponse* response) override {
    std::lock_guard lock(broker_.mutex_);
    const auto found = broker_.topics_.find(request->name());
    if (found == broker_.topics_.end()) return UnknownTopic(request->name());
    response->mutable_topic()->set_name(request->name());
    response->mutable_topic()->set_partitions_count(
        static_cast<std::int32_t>(found->second.size()));
    return grpc::Status::OK;
  }
  grpc::Status CreateTopic(grpc::ServerContext*, const v1::CreateTopicRequest* request,
                           v1::CreateTopicResponse* response) override {
    if (request->validate_only()) {
      return Rich(grpc::StatusCode::ALREADY_EXISTS, "TOPIC_EXISTS", "it exists");
    }
    broker_.CreateTopic(request->name(), std::max(request->partitions_count(), 1));
    response->mutable_topic()->set_name(request->name());
    response->mutable_topic()->set_partitions_count(std::max(request->partitions_count(), 1));
    for (const auto& [key, value] : request->config()) {
      (*response->mutable_topic()->mutable_config())[key] = value;
    }
    return grpc::Status::OK;
  }
  // One topic a page.
  grpc::Status ListTopics(grpc::ServerContext*, const v1::ListTopicsRequest* request,
                          v1::ListTopicsResponse* response) override {
    std::lock_guard lock(broker_.mutex_);
    auto next = broker_.topics_.upper_bound(request->page_token());
    if (next == broker_.topics_.end()) return grpc::Status::OK;
    response->add_topics()->set_name(next->first);
    if (std::next(next) != broker_.topics_.end()) response->set_next_page_token(next->first);
    return grpc::Status::OK;
  }
  grpc::Status DeleteTopic(grpc::ServerContext* context, const v1::DeleteTopicRequest*,
                           v1::DeleteTopicResponse*) override {
    // Never answers in time.
    std::unique_lock lock(broker_.mutex_);
    while (!context->IsCancelled() && !broker_.stopping_) {
      broker_.changed_.wait_for(lock, milliseconds(5));
    }
    return grpc::Status::CANCELLED;
  }

 private:
  FakeBroker& broker_;
};

FakeBroker::FakeBroker()
    : log_service_(std::make_unique<LogServiceImpl>(*this)),
      topic_service_(std::make_unique<TopicServiceImpl>(*this)) {
  Start();
}

FakeBroker::~FakeBroker() { Stop(); }

void FakeBroker::Start() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port_), grpc::InsecureServerCredentials(),
                           &port);
  builder.SetMaxReceiveMessageSize(16 << 20);
  builder.RegisterService(log_service_.get());
  builder.RegisterService(topic_service_.get());
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
  ASSERT_NE(port, 0);
  port_ = port;
}

void FakeBroker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_ = nullptr;
}

std::string FakeBroker::address() const { return "127.0.0.1:" + std::to_string(port_); }

Client FakeBroker::Connect(ClientOptions options) const {
  options.bootstrap = {address()};
  return Client::Connect(std::move(options)).Value();
}

void FakeBroker::CreateTopic(const std::string& name, std::int32_t partitions) {
  std::lock_guard lock(mutex_);
  auto& topic = topics_[name];
  topic.clear();
  for (std::int32_t i = 0; i < partitions; ++i) topic.push_back(std::make_unique<Partition>());
}

void FakeBroker::DeleteTopic(const std::string& name) {
  std::lock_guard lock(mutex_);
  topics_.erase(name);
}

void FakeBroker::OnBatch(std::function<Decision(const Incoming&)> decide) {
  std::lock_guard lock(mutex_);
  decide_ = std::move(decide);
}

void FakeBroker::HoldAnswers(bool hold) {
  std::lock_guard lock(mutex_);
  hold_answers_ = hold;
  changed_.notify_all();
}

void FakeBroker::ForgetProducers() {
  std::lock_guard lock(mutex_);
  for (auto& [name, partitions] : topics_) {
    for (auto& partition : partitions) partition->producers.clear();
  }
}

FakeBroker::Partition* FakeBroker::Find(const std::string& topic, std::int32_t partition) {
  const auto found = topics_.find(topic);
  if (found == topics_.end() || partition < 0 ||
      static_cast<std::size_t>(partition) >= found->second.size()) {
    return nullptr;
  }
  return found->second[static_cast<std::size_t>(partition)].get();
}

FakeBroker::Incoming FakeBroker::Look(const std::string& batch) {
  Incoming incoming;
  BatchCursor batches(AsBytes(batch));
  auto next = batches.Next();
  if (!next.ok() || !next.value()) return incoming;
  const BatchSpan& span = *next.value();
  incoming.producer_id = span.header.producer_id;
  incoming.base_sequence = span.header.base_sequence;
  incoming.bytes = span.bytes.size();
  Bytes scratch;
  const auto block = DecompressRecords(span, scratch, 1 << 24);
  if (!block.ok()) return incoming;
  RecordCursor records(span.header, block.value());
  auto record = records.Next();
  if (record.ok() && record.value() && record.value()->value) {
    incoming.first_value = std::string(AsText(*record.value()->value));
  }
  return incoming;
}

v1::ProduceResponse::Result FakeBroker::AppendBatch(Partition& partition,
                                                    const v1::ProduceRequest::Batch& batch) {
  v1::ProduceResponse::Result result;
  result.set_batch_id(batch.batch_id());
  result.set_base_offset(-1);
  result.set_append_time_ms(-1);
  const BytesView bytes = AsBytes(batch.batch());
  const auto refuse = [&result](const std::string& word) {
    result.mutable_error()->set_reason(word);
    result.mutable_error()->set_message("the fake refuses it");
    return result;
  };
  if (!CheckBatchCrc(bytes).ok()) return refuse("CORRUPT_BATCH");
  const BatchHeader header = BatchHeader::Decode(bytes);
  if (header.has_producer()) {
    auto& sequences = partition.producers[header.producer_id];
    if (const auto known = sequences.find(header.base_sequence); known != sequences.end()) {
      if (known->second.second != header.records_count) return refuse("OUT_OF_ORDER_SEQUENCE");
      result.set_base_offset(known->second.first);
      result.set_duplicate(true);
      result.set_durability(v1::DURABILITY_FSYNC);
      return result;
    }
    if (sequences.empty()) {
      partition.producers.erase(header.producer_id);
      if (header.base_sequence != 0) return refuse("UNKNOWN_PRODUCER");
    } else {
      const auto& last = *sequences.rbegin();
      if (header.base_sequence != last.first + last.second.second) {
        return refuse("OUT_OF_ORDER_SEQUENCE");
      }
    }
  }
  if (batch.has_expected_offset() && batch.expected_offset() != partition.end) {
    auto refused = refuse("UNEXPECTED_OFFSET");
    (*refused.mutable_error()->mutable_metadata())["log_end_offset"] =
        std::to_string(partition.end);
    return refused;
  }
  if (header.has_producer()) {
    partition.producers[header.producer_id][header.base_sequence] = {partition.end,
                                                                     header.records_count};
  }
  StoredBatch stored;
  stored.base_offset = partition.end;
  stored.records_count = header.records_count;
  stored.bytes = batch.batch();
  StampBatch(std::span<std::byte, kBatchHeaderBytes>(
                 reinterpret_cast<std::byte*>(stored.bytes.data()), kBatchHeaderBytes),
             stored.base_offset, 3);
  partition.end += header.records_count;
  partition.batches.push_back(std::move(stored));
  result.set_base_offset(partition.batches.back().base_offset);
  result.set_leader_epoch(3);
  result.set_durability(v1::DURABILITY_FSYNC);
  return result;
}

grpc::Status FakeBroker::Produce(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::ProduceResponse, v1::ProduceRequest>* stream) {
  v1::ProduceRequest request;
  if (!stream->Read(&request) || !request.has_open()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "the first message is not `open`"};
  }
  const v1::ProduceRequest::Open open = request.open();
  {
    std::lock_guard lock(mutex_);
    client_ids_.push_back(open.client_id());
    if (topics_.count(open.topic()) == 0) return UnknownTopic(open.topic());
    if (Find(open.topic(), open.partition()) == nullptr) {
      return Rich(grpc::StatusCode::NOT_FOUND, "UNKNOWN_PARTITION", "no such partition");
    }
  }
  // Answers are written by a thread of their own, so that they can be held back.
  std::deque<v1::ProduceResponse::Result> answers;
  bool reading_done = false;
  std::thread writer([&] {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait_for(lock, milliseconds(20), [&] {
        return reading_done || stopping_ || (!answers.empty() && !hold_answers_);
      });
      if (reading_done || stopping_) break;
      if (answers.empty() || hold_answers_) continue;
      v1::ProduceResponse response;
      for (auto& answer : answers) response.add_results()->Swap(&answer);
      answers.clear();
      lock.unlock();
      const bool written = stream->Write(response);
      lock.lock();
      if (!written) break;
    }
  });
  bool refusing = false;
  grpc::Status status = grpc::Status::OK;
  while (stream->Read(&request)) {
    std::lock_guard lock(mutex_);
    if (stopping_) break;
    if (request.has_restart()) {
      refusing = false;
      continue;
    }
    Incoming incoming = Look(request.batch().batch());
    incoming.topic = open.topic();
    incoming.partition = open.partition();
    incoming.number = ++batches_seen_;
    const Decision decision = decide_ ? decide_(incoming) : Decision{};
    v1::ProduceResponse::Result result;
    Partition* const partition = Find(open.topic(), open.partition());
    if (partition == nullptr) {
      status = UnknownTopic(open.topic());
      changed_.notify_all();
      break;
    }
    if (refusing) {
      result.set_batch_id(request.batch().batch_id());
      result.set_base_offset(-1);
      result.mutable_error()->set_reason("PRECEDING_FAILED");
    } else if (!decision.refusal.empty()) {
      result.set_batch_id(request.batch().batch_id());
      result.set_base_offset(-1);
      result.mutable_error()->set_reason(decision.refusal);
      result.mutable_error()->set_message("as the test said");
    } else if (decision.then == Then::kAppend || decision.then == Then::kAppendAndCut) {
      result = AppendBatch(*partition, request.batch());
    }
    changed_.notify_all();
    if (decision.then == Then::kCut || decision.then == Then::kAppendAndCut) {
      status = {grpc::StatusCode::UNAVAILABLE, "cut by the test"};
      break;
    }
    if (decision.then == Then::kSwallow) continue;
    refusing = refusing || result.has_error();
    answers.push_back(std::move(result));
  }
  {
    std::unique_lock lock(mutex_);
    if (status.ok() && !context->IsCancelled()) {  // Writes done: answer what is left.
      changed_.wait_for(lock, std::chrono::seconds(5),
                        [&] { return answers.empty() || stopping_; });
    }
    reading_done = true;
  }
  changed_.notify_all();
  writer.join();
  return status;
}

grpc::Status FakeBroker::Tail(grpc::ServerContext* context, const v1::TailRequest& request,
                              grpc::ServerWriter<v1::TailResponse>* writer) {
  ++tails_opened_;
  std::int64_t offset = request.offset();
  bool first = true;
  std::unique_lock lock(mutex_);
  const int generation = tail_generation_;
  while (!context->IsCancelled() && !stopping_ && generation == tail_generation_) {
    Partition* const partition = Find(request.topic(), request.partition());
    if (partition == nullptr) return UnknownTopic(request.topic());
    if (offset < partition->start || offset > partition->end) {
      return Rich(grpc::StatusCode::OUT_OF_RANGE, "OFFSET_OUT_OF_RANGE",
                  "offset " + std::to_string(offset) + " is not in the log");
    }
    v1::TailResponse response;
    const std::int64_t before = offset;
    int batches = 0;
    for (const StoredBatch& batch : partition->batches) {
      if (batch.base_offset + batch.records_count <= offset) continue;
      if (batches++ == tail_batches_max_) break;
      response.mutable_batches()->append(batch.bytes);
      offset = batch.base_offset + batch.records_count;
    }
    if (batches <= tail_batches_max_) offset = partition->end;
    response.set_next_offset(offset);
    response.set_high_watermark(partition->end);
    response.set_log_start_offset(partition->start);
    response.set_leader_epoch(3);
    if (offset == before && !first) {
      changed_.wait_for(lock, milliseconds(10));
      continue;
    }
    first = false;
    lock.unlock();
    const bool written = writer->Write(response);
    tail_bytes_sent_ += static_cast<std::int64_t>(response.ByteSizeLong());
    lock.lock();
    changed_.notify_all();
    if (!written) break;
  }
  return {grpc::StatusCode::UNAVAILABLE, "the tail ends"};
}

void FakeBroker::Append(const std::string& topic, std::int32_t partition, const std::string& prefix,
                        int count, std::int64_t timestamp_ms, int codec) {
  BatchBuilder builder;
  for (int i = 0; i < count; ++i) {
    const std::string value = prefix + std::to_string(i);
    builder.Add(timestamp_ms, AsBytes("k"), AsBytes(value));
  }
  BatchBuilder::Trailer trailer;
  trailer.compression = static_cast<CompressionType>(codec);
  const Bytes batch = builder.Finish(trailer);
  AppendRaw(topic, partition, std::string(AsText(batch)), count);
}

void FakeBroker::AppendRaw(const std::string& topic, std::int32_t partition, std::string batch,
                           std::int32_t records_count) {
  std::lock_guard lock(mutex_);
  Partition* const found = Find(topic, partition);
  ASSERT_NE(found, nullptr);
  StampBatch(std::span<std::byte, kBatchHeaderBytes>(reinterpret_cast<std::byte*>(batch.data()),
                                                     kBatchHeaderBytes),
             found->end, 3);
  found->batches.push_back({found->end, records_count, std::move(batch)});
  found->end += records_count;
  changed_.notify_all();
}

void FakeBroker::AddHole(const std::string& topic, std::int32_t partition, std::int64_t offsets) {
  std::lock_guard lock(mutex_);
  Partition* const found = Find(topic, partition);
  ASSERT_NE(found, nullptr);
  found->end += offsets;
  changed_.notify_all();
}

void FakeBroker::Trim(const std::string& topic, std::int32_t partition, std::int64_t before) {
  std::lock_guard lock(mutex_);
  Partition* const found = Find(topic, partition);
  ASSERT_NE(found, nullptr);
  found->start = before;
  std::erase_if(found->batches, [before](const StoredBatch& batch) {
    return batch.base_offset + batch.records_count <= before;
  });
}

void FakeBroker::CutTails() {
  std::lock_guard lock(mutex_);
  ++tail_generation_;
  changed_.notify_all();
}

std::vector<FakeBroker::StoredRecord> FakeBroker::Records(const std::string& topic,
                                                          std::int32_t partition) const {
  std::vector<StoredRecord> records;
  for (const StoredBatch& batch : Batches(topic, partition)) {
    BatchCursor batches(AsBytes(batch.bytes));
    const BatchSpan span = *batches.Next().value();
    Bytes scratch;
    const auto block = DecompressRecords(span, scratch, 1 << 24);
    RecordCursor cursor(span.header, block.value());
    while (true) {
      auto next = cursor.Next();
      if (!next.ok() || !next.value()) break;
      const auto text = [](const std::optional<BytesView>& bytes) {
        return bytes ? std::string(AsText(*bytes)) : std::string("(null)");
      };
      records.push_back({text(next.value()->key), text(next.value()->value)});
    }
  }
  return records;
}

std::vector<FakeBroker::StoredBatch> FakeBroker::Batches(const std::string& topic,
                                                         std::int32_t partition) const {
  std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return {};
  return found->second.at(static_cast<std::size_t>(partition))->batches;
}

std::vector<std::string> FakeBroker::client_ids() const {
  std::lock_guard lock(mutex_);
  return client_ids_;
}

bool FakeBroker::WaitUntil(const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    std::unique_lock lock(mutex_);
    if (std::chrono::steady_clock::now() >= end) return false;
    changed_.wait_for(lock, milliseconds(5));
  }
  return true;
}

}  // namespace qalam::abi0
