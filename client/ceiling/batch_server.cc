#include "client/ceiling/batch_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <array>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "common/byte_order.h"
#include "common/mutex.h"

namespace qalam::cli {
namespace {

constexpr int kMessageBytesMax = 16 << 20;

// What gRPC is given as the tag of an operation.
class Event {
 public:
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~Event() = default;
};

// What the streams of one server share. Thread: any.
class Shared {
 public:
  explicit Shared(BatchServer::Take to_take) : take(std::move(to_take)) {}
  void Join() {
    MutexLock lock(mutex_);
    ++streams_count_;
  }
  void Leave() {
    MutexLock lock(mutex_);
    if (--streams_count_ == 0) empty_.NotifyAll();
  }
  // Until no stream needs the queue any more.
  void WaitUntilEmpty() {
    MutexLock lock(mutex_);
    while (streams_count_ > 0) empty_.Wait(mutex_);
  }

  const BatchServer::Take take;
  grpc::AsyncGenericService service;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;

 private:
  Mutex mutex_;
  CondVar empty_;
  std::size_t streams_count_ QALAM_GUARDED_BY(mutex_) = 0;
};

// One stream, from before it comes until gRPC is done with it. Thread: the queue's and the writer;
// a lock keeps them apart.
class ServerStream final : public BatchSource, public std::enable_shared_from_this<ServerStream> {
 public:
  explicit ServerStream(Shared& shared) : shared_(shared), call_(&context_) {}

  // Once it is owned by a shared_ptr. It then keeps itself until OnFinished.
  void Await() {
    self_ = shared_from_this();
    shared_.Join();
    Event* const tag = &arrived_;
    shared_.service.RequestCall(&context_, &call_, shared_.queue.get(), shared_.queue.get(), tag);
  }

  // Answered by whoever made it safe.
  void Acknowledge(std::uint64_t batches_count) override {
    MutexLock lock(mutex_);
    safe_count_ += batches_count;
    SendTotal();
  }

 private:
  struct Operation final : Event {
    Operation(ServerStream& of, void (ServerStream::*then)(bool)) : stream(of), on_done(then) {}
    void OnEvent(bool ok) override { (stream.*on_done)(ok); }
    ServerStream& stream;
    void (ServerStream::*const on_done)(bool ok);
  };

  void OnArrived(bool ok) {
    if (!ok) {  // The server stops.
      Leave();
      return;
    }
    std::make_shared<ServerStream>(shared_)->Await();
    Read();
  }
  void Read() {
    Event* const tag = &read_;
    call_.Read(&incoming_, tag);
  }
  void OnRead(bool ok) {
    if (!ok) {
      MutexLock lock(mutex_);
      no_more_ = true;
      FinishIfIdle();
      return;
    }
    // Small slices hold their bytes themselves: views are taken once these stay where they are.
    const auto slices = std::make_shared<std::vector<grpc::Slice>>();
    (void)incoming_.Dump(slices.get());
    incoming_.Clear();
    ArrivedBatch batch;
    batch.parts.reserve(slices->size());
    for (const grpc::Slice& slice : *slices)
      batch.parts.push_back({reinterpret_cast<const std::byte*>(slice.begin()), slice.size()});
    batch.bytes = slices;
    batch.source = self_;
    shared_.take(std::move(batch));
    Read();
  }
  void OnWritten(bool ok) {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) broken_ = true;  // The read that is under way ends the stream.
    FinishIfIdle();
    SendTotal();
  }
  void OnFinished(bool /*ok*/) { Leave(); }
  void Leave() {
    const std::shared_ptr<ServerStream> last = std::move(self_);
    shared_.Leave();
  }

  // Totals that become known while one is on its way share the next. No event of an operation comes
  // inside of it, so the lock may be held.
  void SendTotal() QALAM_REQUIRES(mutex_) {
    if (writing_ || no_more_ || broken_ || told_count_ == safe_count_) return;
    writing_ = true;
    told_count_ = safe_count_;
    std::array<std::byte, sizeof told_count_> total;
    StoreBig64(total.data(), told_count_);
    const grpc::Slice slice(total.data(), total.size());
    Event* const tag = &write_;
    call_.Write(grpc::ByteBuffer(&slice, 1), tag);
  }
  void FinishIfIdle() QALAM_REQUIRES(mutex_) {
    if (!no_more_ || writing_ || std::exchange(finished_, true)) return;
    Event* const tag = &finish_;
    call_.Finish(grpc::Status::OK, tag);
  }

  Shared& shared_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter call_;
  std::shared_ptr<ServerStream> self_;  // From Await to OnFinished.
  grpc::ByteBuffer incoming_;
  Operation arrived_{*this, &ServerStream::OnArrived};
  Operation read_{*this, &ServerStream::OnRead};
  Operation write_{*this, &ServerStream::OnWritten};
  Operation finish_{*this, &ServerStream::OnFinished};
  Mutex mutex_;
  std::uint64_t safe_count_ QALAM_GUARDED_BY(mutex_) = 0;
  std::uint64_t told_count_ QALAM_GUARDED_BY(mutex_) = 0;
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  bool broken_ QALAM_GUARDED_BY(mutex_) = false;   // Nothing more is written,
  bool no_more_ QALAM_GUARDED_BY(mutex_) = false;  // nor read.
  bool finished_ QALAM_GUARDED_BY(mutex_) = false;
};

// One completion queue and one thread: what the broker does, and the fastest there is on two
// processors (gRPC's own callback threads hand polling to each other with every event).
class GrpcBatchServer final : public BatchServer {
 public:
  explicit GrpcBatchServer(Take take) : shared_(std::move(take)) {}
  ~GrpcBatchServer() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    shared_.WaitUntilEmpty();
    if (shared_.queue) shared_.queue->Shutdown();
    if (thread_.joinable()) thread_.join();
  }

  Status Listen() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    // Windows and frames stay gRPC's own, which it adapts: fixed ones of 1 MiB give less than half.
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterAsyncGenericService(&shared_.service);
    shared_.queue = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0)
      return Error(ErrorCode::kPortInUse, "no port of 127.0.0.1 could be listened on");
    address_ = "127.0.0.1:" + std::to_string(port);
    std::make_shared<ServerStream>(shared_)->Await();
    thread_ = std::thread([this] { Run(); });
    return OkStatus();
  }
  const std::string& address() const override { return address_; }

 private:
  void Run() {
    void* tag = nullptr;
    bool ok = false;
    while (shared_.queue->Next(&tag, &ok)) static_cast<Event*>(tag)->OnEvent(ok);
  }

  Shared shared_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<BatchServer>> BatchServer::Start(Take take) {
  auto server = std::make_unique<GrpcBatchServer>(std::move(take));
  QALAM_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<BatchServer>(std::move(server));
}

}  // namespace qalam::cli
