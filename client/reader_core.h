#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cluster_client.h"
#include "client/record_decoder.h"
#include "client/retry_policy.h"
#include "client/tail_stream.h"
#include "common/mutex.h"
#include "qalam/reader.h"

namespace qalam::abi0 {

// What is behind a Reader: per partition where it stands, its Tail stream, and when to try again.
// Has no thread of its own: everything happens inside Next; the EventThread only fills the streams.
// Thread: the reader's, except Wakeup.
class ReaderCore {
 public:
  ReaderCore(std::shared_ptr<ClusterClient> cluster, std::vector<TopicPartition> partitions,
             From from, ReaderOptions options);
  ~ReaderCore();

  Result<Batch> Next(std::chrono::milliseconds timeout);
  bool forked() const { return cluster_->forked(); }
  bool done() const { return done_count_ == parts_.size(); }
  Status Seek(const TopicPartition& partition, From from);
  void Wakeup() { room_->Wakeup(); }
  std::vector<ReaderPosition> positions() const;
  std::size_t buffered_bytes() const { return room_->bytes(); }

  static Batch MakeBatch(std::unique_ptr<Batch::Storage> storage) {
    return Batch(std::move(storage));
  }

 private:
  // The answer to the questions of one topic's partitions, when it comes.
  struct Lookup {
    Mutex mutex;
    std::optional<Result<v1::ListOffsetsResponse>> answer QALAM_GUARDED_BY(mutex);
  };
  struct Part {
    Part(TopicPartition where, From start, RetryOptions patience)
        : partition(std::move(where)), from(start), retry(patience) {}
    TopicPartition partition;
    From from;
    std::optional<std::int64_t> position;  // Next offset to return.
    bool until_known = false;
    std::optional<std::int64_t> end_offset;  // As seen at the start, if that matters.
    std::optional<std::int64_t> until_offset;
    std::optional<std::int64_t> until_time_ms;
    std::int64_t high_watermark = -1;
    std::int64_t log_start_offset = -1;
    std::int32_t leader_epoch = -1;
    bool done = false;

    std::shared_ptr<Lookup> lookup;
    int lookup_at = 0;  // Its first question in the lookup.
    std::shared_ptr<TailStream> stream;
    std::optional<RecordDecoder> decoder;  // Of the message that is being taken; counted in room_.
    TailMessage message;                   // What it said besides.
    std::string address;
    bool reached = false;  // The broker has answered at least once.
    bool waiting = true;   // For retry_at, then to be connected.
    TimePoint retry_at{};
    std::optional<TimePoint> lost_since;
    std::optional<Error> error;  // To be returned by the next look.
    RetryPolicy retry;
  };

  std::optional<Result<Batch>> LookAt(std::size_t index);
  std::optional<Result<Batch>> Receive(Part& part, TailPart message);
  std::optional<Result<Batch>> Decode(Part& part, std::unique_ptr<Batch::Storage> storage);
  void DropStream(Part& part);
  void DropDecoder(Part& part);
  void Connect();  // What waits and is due.
  void AskOffsets(const std::vector<std::size_t>& indexes);
  bool AsksEnd(const Part& part) const;
  std::optional<std::int64_t> AsksUntilTime(const Part& part) const;  // For its offset.
  std::optional<Error> TakeOffsets(Part& part, const Result<v1::ListOffsetsResponse>& answer);
  void StartStream(std::size_t index);
  std::optional<Error> OnFailure(Part& part, const Error& error);
  void RetryLater(Part& part);
  void Finish(Part& part);

  const std::shared_ptr<ClusterClient> cluster_;
  const ReaderOptions options_;
  const std::shared_ptr<ReceiveRoom> room_;
  const std::shared_ptr<StoragePool> pool_;
  std::vector<Part> parts_;
  std::size_t done_count_ = 0;
  TimePoint connect_at_{};  // Earliest retry_at of what waits; max() when nothing does.
};

}  // namespace qalam::abi0
