#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace qalam::bench {

using KafkaSettings = std::vector<std::pair<std::string, std::string>>;

struct KafkaDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
template <typename T>
using KafkaPtr = std::unique_ptr<T, KafkaDeleter>;

// One librdkafka producer for one topic. An error ends the program.
// Thread: Send and Poll from any; the report comes on the thread that polls.
class KafkaProducer {
 public:
  // Called for each acknowledged record with the opaque number given to Send.
  using OnAck = std::function<void(std::uint64_t opaque)>;

  KafkaProducer(const KafkaSettings& settings, const std::string& topic, OnAck on_ack);
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // False when its queue is full. Copies the value.
  bool TrySend(std::string& value, std::int32_t partition, std::uint64_t opaque);
  // Reports what has been acknowledged, waiting for up to `timeout_ms` if nothing has.
  void Poll(int timeout_ms);
  // Polls until all of `records` were acknowledged.
  void AwaitAcks(std::uint64_t records);
  std::uint64_t acked() const { return acked_.load(std::memory_order_acquire); }

 private:
  static void OnReport(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self);

  const OnAck on_ack_;
  std::atomic<std::uint64_t> acked_{0};
  KafkaPtr<rd_kafka_t> handle_;
  KafkaPtr<rd_kafka_topic_t> topic_;
};

// A librdkafka consumer of one partition, without a group. An error ends the program.
class KafkaConsumer {
 public:
  KafkaConsumer(const KafkaSettings& settings, const std::string& topic);
  ~KafkaConsumer();
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  // First offset and end of the partition.
  std::pair<std::int64_t, std::int64_t> Offsets();
  void Start(std::int64_t offset);
  // Calls `on_record(value, bytes)` for each record that is there, waiting for up to 100 ms for
  // one.
  template <typename OnRecord>
  void Take(OnRecord&& on_record) {
    // Asked for many, librdkafka would wait until it has that many.
    rd_kafka_message_t* const first = rd_kafka_consume_queue(queue_.get(), 100);
    if (first == nullptr) return;
    Use(first, on_record);
    const ssize_t more =
        rd_kafka_consume_batch_queue(queue_.get(), 0, messages_.data(), messages_.size());
    for (ssize_t i = 0; i < more; ++i) Use(messages_[static_cast<std::size_t>(i)], on_record);
  }

 private:
  template <typename OnRecord>
  static void Use(rd_kafka_message_t* message, OnRecord&& on_record) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      on_record(static_cast<const char*>(message->payload), message->len);
    rd_kafka_message_destroy(message);
  }

  const std::string name_;
  KafkaPtr<rd_kafka_t> handle_;
  KafkaPtr<rd_kafka_topic_t> topic_;
  KafkaPtr<rd_kafka_queue_t> queue_;
  std::vector<rd_kafka_message_t*> messages_;
};

// Makes a topic with settings of its own, or deletes one; waits for the broker's answer.
void CreateKafkaTopic(const std::string& brokers, const std::string& topic, int partitions,
                      const KafkaSettings& config);
void DeleteKafkaTopic(const std::string& brokers, const std::string& topic);

}  // namespace qalam::bench
