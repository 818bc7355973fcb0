#pragma once

#include <grpcpp/server.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "qalam/client.h"
#include "qalam/v1/log.grpc.pb.h"
#include "qalam/v1/topic.grpc.pb.h"

namespace qalam::abi0 {

// A broker in this process, in memory, that speaks LogService and TopicService over a real socket
// and can be told to misbehave. Keeps its logs over Stop and Start, as a restarted broker does.
// Thread: any.
class FakeBroker {
 public:
  struct StoredBatch {
    std::int64_t base_offset = 0;
    std::int32_t records_count = 0;
    std::string bytes;
  };
  struct StoredRecord {
    std::string key;
    std::string value;
  };
  // A batch as it came in, before it is looked at.
  struct Incoming {
    std::string topic;
    std::int32_t partition = 0;
    int number = 0;  // Since the broker was made, counted from 1.
    std::string first_value;
    std::int64_t producer_id = -1;
    std::int32_t base_sequence = -1;
    std::size_t bytes = 0;
  };
  enum class Then {
    kAppend,
    kAppendAndCut,  // Written, then the stream ends without an answer.
    kCut,           // Not written, the stream ends.
    kSwallow,       // Not written, no answer, the stream stays.
  };
  struct Decision {
    Then then = Then::kAppend;
    std::string refusal;  // A word: refuse instead.
  };

  FakeBroker();
  ~FakeBroker();

  void Start();
  // Ends every stream at once.
  void Stop();
  std::string address() const;
  Client Connect(ClientOptions options = {}) const;

  void CreateTopic(const std::string& name, std::int32_t partitions);
  void DeleteTopic(const std::string& name);
  // Called for every batch, in order per stream.
  void OnBatch(std::function<Decision(const Incoming&)> decide);
  // While held, batches are written but their answers wait.
  void HoldAnswers(bool hold);
  // Forgets who sent what, as if its producers had expired.
  void ForgetProducers();
  // Appends `count` records with values PREFIX0, PREFIX1, ... as one batch, as a producer elsewhere
  // would.
  void Append(const std::string& topic, std::int32_t partition, const std::string& prefix,
              int count, std::int64_t timestamp_ms = 0, int codec = 0);
  void AppendRaw(const std::string& topic, std::int32_t partition, std::string batch,
                 std::int32_t records_count);
  // Offsets at the end that no record has, as compaction leaves them.
  void AddHole(const std::string& topic, std::int32_t partition, std::int64_t offsets);
  void Trim(const std::string& topic, std::int32_t partition, std::int64_t before);
  // Ends every Tail stream now running.
  void CutTails();
  // Tail sends at most this many batches per message.
  void set_tail_batches_max(int batches) { tail_batches_max_ = batches; }

  // Fetch creates a missing topic with this many partitions, as a broker in dev mode does. 0: it
  // does not.
  void set_auto_create(std::int32_t partitions) { auto_create_ = partitions; }

  std::vector<StoredRecord> Records(const std::string& topic, std::int32_t partition) const;
  std::vector<StoredBatch> Batches(const std::string& topic, std::int32_t partition) const;
  int batches_seen() const { return batches_seen_; }
  int tails_opened() const { return tails_opened_; }
  std::int64_t tail_bytes_sent() const { return tail_bytes_sent_; }
  std::vector<std::string> client_ids() const;
  int producers_made() const { return static_cast<int>(next_producer_id_) - 1; }

  // Waits for `condition`, looking whenever something happened. False after ten seconds.
  bool WaitUntil(const std::function<bool()>& condition) const;

 private:
  struct Partition {
    std::vector<StoredBatch> batches;
    std::int64_t start = 0;
    std::int64_t end = 0;
    // Producer -> base sequence -> (base offset, records).
    std::map<std::int64_t, std::map<std::int32_t, std::pair<std::int64_t, std::int32_t>>> producers;
  };
  class LogServiceImpl;
  class TopicServiceImpl;

  grpc::Status Produce(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::ProduceResponse, v1::ProduceRequest>* stream);
  grpc::Status Tail(grpc::ServerContext* context, const v1::TailRequest& request,
                    grpc::ServerWriter<v1::TailResponse>* writer);
  v1::ProduceResponse::Result AppendBatch(Partition& partition,
                                          const v1::ProduceRequest::Batch& batch);
  Partition* Find(const std::string& topic, std::int32_t partition);
  static Incoming Look(const std::string& batch);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::vector<std::unique_ptr<Partition>>> topics_;
  std::function<Decision(const Incoming&)> decide_;
  bool hold_answers_ = false;
  std::vector<std::string> client_ids_;
  int tail_generation_ = 0;
  std::atomic<int> tail_batches_max_{4};
  std::atomic<std::int32_t> auto_create_{0};
  std::atomic<int> batches_seen_{0};
  std::atomic<int> tails_opened_{0};
  std::atomic<std::int64_t> tail_bytes_sent_{0};
  std::atomic<std::int64_t> next_producer_id_{1};
  std::unique_ptr<LogServiceImpl> log_service_;
  std::unique_ptr<TopicServiceImpl> topic_service_;
  std::unique_ptr<grpc::Server> server_;
  bool stopping_ = false;
  int port_ = 0;
};

}  // namespace qalam::abi0
