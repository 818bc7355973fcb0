#include "broker/rpc/rpc_server.h"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "broker/api/answer_thread.h"
#include "broker/io/live_connections.h"
#include "broker/rpc/call_dispatcher.h"
#include "broker/rpc/cluster_service.h"
#include "broker/rpc/health_service.h"
#include "broker/rpc/log_service.h"
#include "broker/rpc/observe_service.h"
#include "broker/rpc/owner_service.h"
#include "broker/rpc/reflection_service.h"
#include "broker/rpc/rpc_context.h"
#include "broker/rpc/stream_registry.h"
#include "broker/rpc/topic_service.h"
#include "common/check.h"
#include "common/logging.h"
#include "common/mutex.h"
#include "qalam/v1/cluster.grpc.pb.h"
#include "qalam/v1/log.grpc.pb.h"
#include "qalam/v1/observe.grpc.pb.h"
#include "qalam/v1/topic.grpc.pb.h"

namespace qalam {
namespace {

constexpr int kFrameBytesMax = 1 << 20;  // A batch should arrive in as few pieces as can be.
constexpr int kStreamWindowBytes = 1 << 20;
constexpr int kPingsFloorMs = 5'000;  // A client that pings more often is cut off,
constexpr int kPingStrikesMax = 2;    // after so many.

int Milliseconds(std::chrono::milliseconds time) {
  return static_cast<int>(std::min<std::int64_t>(time.count(), std::numeric_limits<int>::max()));
}

// gRPC and protobuf would write to stderr in formats of their own, as often as a peer likes.
void TakeOverLogs() {
  gpr_set_log_function([](gpr_log_func_args* args) {
    const auto level =
        args->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug;
    Logger("grpc").log(level, "{}", args->message);
  });
  google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel /*level*/, const char* /*file*/, int /*line*/,
         const std::string& message) { Logger("grpc").debug("protobuf: {}", message); });
}

// Debian's build of Abseil looks for deadlocks with every lock that gRPC takes, which small
// messages feel.
void SkipDeadlockSearch() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

void SetLimits(const RpcOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  builder.SetMaxSendMessageSize(-1);  // Answers are bounded by what the broker puts into them.
  grpc::ResourceQuota quota("qalam");
  quota.Resize(options.memory_bytes_max);
  builder.SetResourceQuota(quota);
  // Batches are compressed by their senders; a compressed message could only be a bomb.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  const std::pair<const char*, int> arguments[] = {
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, options.streams_max},
      {GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max},
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(options.handshake)},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(options.connection_idle)},
      {GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive)},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive)},
      {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
      {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingsFloorMs},
      {GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikesMax},
      {GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax},
      {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes},
      {GRPC_ARG_HTTP2_BDP_PROBE, 0},  // Or windows would grow beyond that.
      {GRPC_ARG_ENABLE_CHANNELZ, 0},
      {GRPC_ARG_ALLOW_REUSEPORT, 0},
  };
  for (const auto& [name, value] : arguments) builder.AddChannelArgument(name, value);
}

// 0: one for every two processors, as of the writers.
int ThreadsCount(const RpcOptions& options) {
  if (options.threads_count > 0) return options.threads_count;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

class GrpcServer final : public RpcServer {
 public:
  GrpcServer(Broker& broker, const RpcOptions& options, Ownership* ownership)
      : options_(options),
        connections_(options.connections_max),
        streams_(options.open_streams_max),
        log_service_(Context(broker)),
        topic_service_(broker),
        cluster_service_(broker),
        observe_service_(Context(broker)),
        questions_(options.open_streams_max),
        health_(questions_, Ours()),
        reflection_(questions_, Described()) {
    if (ownership != nullptr) owner_service_.emplace(*ownership, questions_);
  }
  ~GrpcServer() override { Stop(std::chrono::milliseconds(0)); }

  Status Start() {
    TakeOverLogs();
    SkipDeadlockSearch();
    grpc::EnableDefaultHealthCheckService(false);  // It brings polling threads of its own.
    grpc::ServerBuilder builder;
    acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        grpc::InsecureServerCredentials());
    SetLimits(options_, builder);
    calls_ = std::make_unique<CallDispatcher>(Methods(), ThreadsCount(options_), builder);
    server_ = builder.BuildAndStart();
    if (!server_) return Error(ErrorCode::kUnknown, "the gRPC server did not start");
    calls_->Start();
    return OkStatus();
  }

  void HandOver(int descriptor) override {
    // With the lock, so that gRPC is not shutting down meanwhile: it would leak the descriptor.
    MutexLock lock(mutex_);
    if (stopped_ || !connections_.Admit(descriptor)) {
      ::close(descriptor);
      if (!stopped_ && !full_) {
        Logger("rpc").warn("connections refused max={}", options_.connections_max);
      }
      full_ = !stopped_;
      return;
    }
    full_ = false;
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = -1;
    connection.fd = descriptor;
    acceptor_->HandleNewConnection(&connection);
  }

  void SetServing(bool serving) override { health_.SetServing(serving); }
  StreamRegistry& streams() override { return streams_; }

  void Stop(std::chrono::milliseconds patience) override {
    {
      MutexLock lock(mutex_);
      if (stopped_) return;
      stopped_ = true;
    }
    if (server_) {
      const auto deadline = std::chrono::system_clock::now() + patience;
      SetServing(false);
      questions_.DrainAll(std::chrono::milliseconds(0));
      if (!streams_.DrainAll(patience)) {
        Logger("rpc").warn("streams cut off after patience_ms={} streams={}", patience.count(),
                           streams_.size());
      }
      calls_->TakeNoMore();
      server_->Shutdown(deadline);
      calls_->Stop();
    }
    answers_.Stop();
  }

 private:
  RpcContext Context(Broker& broker) {
    return {broker, options_, streams_, answers_, SystemClock::Get()};
  }
  static std::vector<std::string> Ours() {
    return {v1::LogService::service_full_name(), v1::TopicService::service_full_name(),
            v1::ClusterService::service_full_name(), v1::ObserveService::service_full_name()};
  }
  static std::vector<std::string> Described() {
    std::vector<std::string> services = Ours();
    services.push_back("grpc.health.v1.Health");
    return services;
  }
  MethodTable Methods() {
    MethodTable methods;
    log_service_.AddTo(methods);
    topic_service_.AddTo(methods);
    cluster_service_.AddTo(methods);
    observe_service_.AddTo(methods);
    health_.AddTo(methods);
    if (options_.reflection) reflection_.AddTo(methods);
    if (owner_service_) owner_service_->AddTo(methods);
    return methods;
  }

  const RpcOptions options_;
  LiveConnections connections_;
  StreamRegistry streams_;
  AnswerThread answers_;
  LogService log_service_;
  TopicService topic_service_;
  ClusterService cluster_service_;
  ObserveService observe_service_;
  // Of health, reflection and those who attend the owner: the others' limit is not theirs.
  StreamRegistry questions_;
  HealthService health_;
  ReflectionService reflection_;
  std::optional<OwnerService> owner_service_;
  std::unique_ptr<CallDispatcher> calls_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  Mutex mutex_;
  bool stopped_ QALAM_GUARDED_BY(mutex_) = false;
  bool full_ QALAM_GUARDED_BY(mutex_) = false;  // The last connection was refused: said once.
};

}  // namespace

Result<std::unique_ptr<RpcServer>> RpcServer::Create(Broker& broker, const RpcOptions& options,
                                                     Ownership* ownership) {
  auto server = std::make_unique<GrpcServer>(broker, options, ownership);
  QALAM_RETURN_IF_ERROR(server->Start());
  return std::unique_ptr<RpcServer>(std::move(server));
}

}  // namespace qalam
