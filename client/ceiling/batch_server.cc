#include "client/ceiling/batch_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <array>
#include <chrono>
#include <utility>

#include "common/byte_order.h"
#include "common/mutex.h"

namespace qalam::cli {
namespace {

constexpr int kMessageBytesMax = 16 << 20;

// One stream. Thread: gRPC's and the writer; a lock keeps them apart.
class ServerStream final : public grpc::ServerGenericBidiReactor,
                           public BatchSource,
                           public std::enable_shared_from_this<ServerStream> {
 public:
  explicit ServerStream(const BatchServer::Take& take) : take_(take) {}

  // Once it is owned by a shared_ptr. It then keeps itself until OnDone.
  void Start() {
    self_ = shared_from_this();
    StartRead(&incoming_);
  }

  void Acknowledge(std::uint64_t batches_count) override {
    MutexLock lock(mutex_);
    safe_count_ += batches_count;
    SendTotal();
  }

  void OnReadDone(bool ok) override {
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
    take_(std::move(batch));
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) no_more_ = true;
    FinishIfIdle();
    SendTotal();
  }

  void OnDone() override { const std::shared_ptr<ServerStream> last = std::move(self_); }

 private:
  // Totals that become known while one is on its way share the next. gRPC never runs a reaction
  // inside of Start* or Finish, so the lock may be held.
  void SendTotal() QALAM_REQUIRES(mutex_) {
    if (writing_ || no_more_ || told_count_ == safe_count_) return;
    writing_ = true;
    told_count_ = safe_count_;
    std::array<std::byte, sizeof told_count_> total;
    StoreBig64(total.data(), told_count_);
    const grpc::Slice slice(total.data(), total.size());
    outgoing_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&outgoing_);
  }
  void FinishIfIdle() QALAM_REQUIRES(mutex_) {
    if (!no_more_ || writing_ || std::exchange(finished_, true)) return;
    Finish(grpc::Status::OK);
  }

  const BatchServer::Take& take_;
  std::shared_ptr<ServerStream> self_;  // From Start to OnDone.
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  Mutex mutex_;
  std::uint64_t safe_count_ QALAM_GUARDED_BY(mutex_) = 0;
  std::uint64_t told_count_ QALAM_GUARDED_BY(mutex_) = 0;
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  bool no_more_ QALAM_GUARDED_BY(mutex_) = false;  // Nothing more is read or written.
  bool finished_ QALAM_GUARDED_BY(mutex_) = false;
};

class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(BatchServer::Take take) : take_(std::move(take)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* /*context*/) override {
    const auto stream = std::make_shared<ServerStream>(take_);
    stream->Start();
    return stream.get();
  }

 private:
  const BatchServer::Take take_;
};

class GrpcBatchServer final : public BatchServer {
 public:
  explicit GrpcBatchServer(Take take) : service_(std::move(take)) {}
  ~GrpcBatchServer() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
  }

  Status Listen() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    // Windows and frames stay gRPC's own, which it adapts: fixed ones of 1 MiB give less than half.
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0)
      return Error(ErrorCode::kPortInUse, "no port of 127.0.0.1 could be listened on");
    address_ = "127.0.0.1:" + std::to_string(port);
    return OkStatus();
  }
  const std::string& address() const override { return address_; }

 private:
  Service service_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<BatchServer>> BatchServer::Start(Take take) {
  auto server = std::make_unique<GrpcBatchServer>(std::move(take));
  QALAM_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<BatchServer>(std::move(server));
}

}  // namespace qalam::cli
