#include "client/ceiling/load_stream.h"

#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "client/connection_pool.h"
#include "client/stream.h"
#include "common/byte_order.h"
#include "common/mutex.h"
#include "common/record/batch_builder.h"

namespace qalam::cli {
namespace {

using LoadClock = std::chrono::steady_clock;

constexpr const char* kMethod = "/qalam.Ceiling/Write";
constexpr std::chrono::milliseconds kConnectTimeout(5'000);

// Builders whose batch the connection has done with, to be used again. Thread: any.
class BuilderPool {
 public:
  std::unique_ptr<BatchBuilder> Take() {
    MutexLock lock(mutex_);
    if (free_.empty()) return std::make_unique<BatchBuilder>();
    std::unique_ptr<BatchBuilder> builder = std::move(free_.back());
    free_.pop_back();
    return builder;
  }
  void Give(std::unique_ptr<BatchBuilder> builder) {
    builder->Clear();
    MutexLock lock(mutex_);
    free_.push_back(std::move(builder));
  }

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<BatchBuilder>> free_ QALAM_GUARDED_BY(mutex_);
};

// What a slice under way holds on to.
struct Lease {
  std::shared_ptr<BuilderPool> pool;
  std::unique_ptr<BatchBuilder> builder;
};

struct Encoded {
  grpc::ByteBuffer message;
  std::uint64_t records_count = 0;
};

// Makes batches as a producer does, of records that differ. Thread: one at a time.
class Encoder {
 public:
  explicit Encoder(const LoadOptions& options)
      : options_(options), value_(options.value_bytes, std::byte{'x'}) {}

  Encoded Next() {
    std::unique_ptr<BatchBuilder> builder = pool_->Take();
    const TimestampMs now{std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count()};
    const std::size_t record_bytes_max = BatchBuilder::RecordBytesMax(0, value_.size());
    do {
      if (value_.size() >= sizeof number_) std::memcpy(value_.data(), &number_, sizeof number_);
      ++number_;
      builder->Add(now, std::nullopt, BytesView(value_));
    } while (builder->size_bytes() + record_bytes_max <= options_.batch_bytes);
    Encoded encoded;
    encoded.records_count = static_cast<std::uint64_t>(builder->records_count());
    const BytesView bytes = builder->FinishInPlace({});
    const grpc::Slice slice(
        const_cast<std::byte*>(bytes.data()), bytes.size(),
        [](void* memory) {
          const std::unique_ptr<Lease> lease(static_cast<Lease*>(memory));
          lease->pool->Give(std::move(lease->builder));
        },
        new Lease{pool_, std::move(builder)});
    encoded.message = grpc::ByteBuffer(&slice, 1);
    return encoded;
  }

 private:
  const LoadOptions options_;
  const std::shared_ptr<BuilderPool> pool_ = std::make_shared<BuilderPool>();
  Bytes value_;
  std::uint64_t number_ = 0;
};

// What happens on the connection. Thread: gRPC's and the owner; a lock keeps them apart.
class LoadState final : public abi0::Stream::Listener {
 public:
  LoadState(const LoadOptions& options, LoadStream::Acked acked)
      : in_flight_max_(options.in_flight), acked_(std::move(acked)), encoder_(options) {}

  void Begin(std::shared_ptr<abi0::Stream> stream) {
    stream_ = std::move(stream);
    stream_->Read();
    SendNext();
  }

  Status Drain(std::chrono::milliseconds timeout) {
    const auto end = LoadClock::now() + timeout;
    MutexLock lock(mutex_);
    stopping_ = true;
    while (!closed_ && (writing_ || !under_way_.empty())) {
      const auto left = end - LoadClock::now();
      if (left.count() <= 0) {
        return Error(ErrorCode::kTimedOut,
                     std::to_string(under_way_.size()) + " batches were not acknowledged in time");
      }
      changed_.WaitFor(mutex_, left);
    }
    if (closed_) return Error(ErrorCode::kUnreachable, "the connection broke: " + closed_why_);
    return OkStatus();
  }

  void Close() {
    stream_->Cancel();
    MutexLock lock(mutex_);
    stopping_ = true;
    while (!closed_) changed_.Wait(mutex_);
  }

  void OnWritten() override {
    {
      MutexLock lock(mutex_);
      writing_ = false;
      if (stopping_) changed_.NotifyAll();
    }
    SendNext();
  }

  void OnMessage(grpc::ByteBuffer message) override {
    const auto now = LoadClock::now();
    grpc::Slice slice;
    if (!message.DumpToSingleSlice(&slice).ok() || slice.size() != sizeof acknowledged_count_)
      return stream_->Cancel();
    const std::uint64_t total = LoadBig64(reinterpret_cast<const std::byte*>(slice.begin()));
    {
      MutexLock lock(mutex_);
      for (; acknowledged_count_ < total && !under_way_.empty(); ++acknowledged_count_) {
        const Sent& sent = under_way_.front();
        acked_(sent.records_count, now - sent.at);
        under_way_.pop_front();
      }
      if (stopping_) changed_.NotifyAll();
    }
    stream_->Read();
    SendNext();
  }

  void OnClosed(const grpc::Status& status) override {
    MutexLock lock(mutex_);
    closed_ = true;
    closed_why_ = status.ok() ? "the server ended it" : status.error_message();
    changed_.NotifyAll();
  }

 private:
  struct Sent {
    std::uint64_t records_count;
    LoadClock::time_point at;
  };

  // Whoever sets `writing_` encodes and writes, without the lock.
  void SendNext() {
    {
      MutexLock lock(mutex_);
      if (writing_ || stopping_ || closed_ || under_way_.size() >= in_flight_max_) return;
      writing_ = true;
    }
    Encoded encoded = encoder_.Next();
    {
      MutexLock lock(mutex_);
      under_way_.push_back({encoded.records_count, LoadClock::now()});
    }
    stream_->Write(std::move(encoded.message));
  }

  const std::size_t in_flight_max_;
  const LoadStream::Acked acked_;
  Encoder encoder_;  // Of whoever set `writing_`.
  std::shared_ptr<abi0::Stream> stream_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Sent> under_way_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t acknowledged_count_ QALAM_GUARDED_BY(mutex_) = 0;
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  bool stopping_ QALAM_GUARDED_BY(mutex_) = false;
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
  std::string closed_why_ QALAM_GUARDED_BY(mutex_);
};

class GrpcLoadStream final : public LoadStream {
 public:
  GrpcLoadStream(const std::string& address, const LoadOptions& options, Acked acked)
      : connection_({address}, kConnectTimeout),
        state_(std::make_shared<LoadState>(options, std::move(acked))) {
    state_->Begin(abi0::Stream::Start(connection_.Any().channel, kMethod, state_));
  }
  ~GrpcLoadStream() override { state_->Close(); }
  Status Drain(std::chrono::milliseconds timeout) override { return state_->Drain(timeout); }

 private:
  abi0::ConnectionPool connection_;  // Of this stream alone.
  const std::shared_ptr<LoadState> state_;
};

}  // namespace

std::unique_ptr<LoadStream> LoadStream::Start(const std::string& address,
                                              const LoadOptions& options, Acked acked) {
  return std::make_unique<GrpcLoadStream>(address, options, std::move(acked));
}

}  // namespace qalam::cli
