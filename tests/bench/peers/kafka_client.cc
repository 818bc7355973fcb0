#include "tests/bench/peers/kafka_client.h"

#include <array>

#include "tests/bench/peers/load_flags.h"

namespace qalam::bench {
namespace {

constexpr int kRequestTimeoutMs = 30'000;

rd_kafka_conf_t* NewConf(const KafkaSettings& settings) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  std::array<char, 512> why{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK)
      Fail(why.data());
  }
  return conf;
}

KafkaPtr<rd_kafka_t> NewHandle(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  std::array<char, 512> why{};
  KafkaPtr<rd_kafka_t> handle(rd_kafka_new(type, conf, why.data(), why.size()));
  if (!handle) Fail(why.data());
  return handle;
}

void Check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(what + ": " + rd_kafka_err2str(error));
}

// Connects, so that the first record does not pay for it.
void AwaitMetadata(rd_kafka_t* handle, rd_kafka_topic_t* topic) {
  const struct rd_kafka_metadata* metadata = nullptr;
  Check(rd_kafka_metadata(handle, 0, topic, &metadata, kRequestTimeoutMs), "metadata");
  rd_kafka_metadata_destroy(metadata);
}

// What the admin requests of this file share: one topic, one result.
void AwaitTopicResult(rd_kafka_queue_t* queue, const std::string& what) {
  rd_kafka_event_t* const event = rd_kafka_queue_poll(queue, kRequestTimeoutMs);
  if (event == nullptr) Fail(what + ": no answer");
  Check(rd_kafka_event_error(event), what);
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event))
    results = rd_kafka_CreateTopics_result_topics(created, &count);
  else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event))
    results = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  for (std::size_t i = 0; i < count; ++i) Check(rd_kafka_topic_result_error(results[i]), what);
  rd_kafka_event_destroy(event);
}

}  // namespace

KafkaProducer::KafkaProducer(const KafkaSettings& settings, const std::string& topic, OnAck on_ack)
    : on_ack_(std::move(on_ack)) {
  rd_kafka_conf_t* const conf = NewConf(settings);
  rd_kafka_conf_set_dr_msg_cb(conf, &KafkaProducer::OnReport);
  rd_kafka_conf_set_opaque(conf, this);
  handle_ = NewHandle(RD_KAFKA_PRODUCER, conf);
  topic_.reset(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
  AwaitMetadata(handle_.get(), topic_.get());
}

KafkaProducer::~KafkaProducer() { topic_.reset(); }

void KafkaProducer::OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  Check(message->err, "a record was not acknowledged");
  auto* const producer = static_cast<KafkaProducer*>(self);
  if (producer->on_ack_) producer->on_ack_(reinterpret_cast<std::uint64_t>(message->_private));
  // Only the polling thread adds.
  producer->acked_.store(producer->acked_.load(std::memory_order_relaxed) + 1,
                         std::memory_order_release);
}

bool KafkaProducer::TrySend(std::string& value, std::int32_t partition, std::uint64_t opaque) {
  if (rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, value.data(), value.size(),
                       nullptr, 0, reinterpret_cast<void*>(opaque)) == 0)
    return true;
  if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
    Check(rd_kafka_last_error(), "a record was refused");
  return false;
}

void KafkaProducer::Poll(int timeout_ms) { rd_kafka_poll(handle_.get(), timeout_ms); }

void KafkaProducer::AwaitAcks(std::uint64_t records) {
  while (acked() < records) Poll(100);
}

KafkaConsumer::KafkaConsumer(const KafkaSettings& settings, const std::string& topic)
    : name_(topic), messages_(4096) {
  handle_ = NewHandle(RD_KAFKA_CONSUMER, NewConf(settings));
  topic_.reset(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
  queue_.reset(rd_kafka_queue_new(handle_.get()));
  AwaitMetadata(handle_.get(), topic_.get());
}

KafkaConsumer::~KafkaConsumer() {
  rd_kafka_consume_stop(topic_.get(), 0);
  queue_.reset();
  topic_.reset();
}

std::pair<std::int64_t, std::int64_t> KafkaConsumer::Offsets() {
  std::int64_t first = 0;
  std::int64_t end = 0;
  Check(rd_kafka_query_watermark_offsets(handle_.get(), name_.c_str(), 0, &first, &end,
                                         kRequestTimeoutMs),
        "offsets");
  return {first, end};
}

void KafkaConsumer::Start(std::int64_t offset) {
  if (rd_kafka_consume_start_queue(topic_.get(), 0, offset, queue_.get()) != 0)
    Check(rd_kafka_last_error(), "cannot start to read");
}

void CreateKafkaTopic(const std::string& brokers, const std::string& topic, int partitions,
                      const KafkaSettings& config) {
  const auto handle = NewHandle(RD_KAFKA_PRODUCER, NewConf({{"bootstrap.servers", brokers}}));
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle.get()));
  std::array<char, 512> why{};
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why.data(), why.size());
  if (wanted == nullptr) Fail(why.data());
  for (const auto& [name, value] : config)
    Check(rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str()), name);
  rd_kafka_CreateTopics(handle.get(), &wanted, 1, nullptr, queue.get());
  AwaitTopicResult(queue.get(), "create " + topic);
  rd_kafka_NewTopic_destroy(wanted);
}

void DeleteKafkaTopic(const std::string& brokers, const std::string& topic) {
  const auto handle = NewHandle(RD_KAFKA_PRODUCER, NewConf({{"bootstrap.servers", brokers}}));
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle.get()));
  rd_kafka_DeleteTopic_t* unwanted = rd_kafka_DeleteTopic_new(topic.c_str());
  rd_kafka_DeleteTopics(handle.get(), &unwanted, 1, nullptr, queue.get());
  AwaitTopicResult(queue.get(), "delete " + topic);
  rd_kafka_DeleteTopic_destroy(unwanted);
}

}  // namespace qalam::bench
