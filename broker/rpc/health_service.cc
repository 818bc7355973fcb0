#include "broker/rpc/health_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "broker/rpc/status_map.h"

namespace qalam {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

namespace {

constexpr std::size_t kNameBytesMax = 200;  // Of a service, as of gRPC's own.

}  // namespace

// One Watch: tells the newest state that its client hasn't heard of yet.
class HealthService::Watch final : public CallHandler,
                                   public DrainableStream,
                                   public std::enable_shared_from_this<Watch> {
 public:
  Watch(HealthService& health, IncomingCall& incoming) : CallHandler(incoming), health_(health) {}

  void Start() {
    self_ = shared_from_this();
    if (!health_.streams_.Add(self_)) {
      End(Error(ErrorCode::kTooManyRequests, "the broker serves as many streams as it may"));
      return;
    }
    MutexLock lock(mutex_);  // So that it can't be drained and gone before.
    if (!finished_) call().Read(request_);
  }
  void Tell() {
    MutexLock lock(mutex_);
    if (writing_ || finished_) return;
    const HealthCheckResponse state = health_.StateOf(service_);
    if (told_ == state.status()) return;
    told_ = state.status();
    writing_ = true;
    outgoing_ = SerializedMessage(state);
    call().Write(outgoing_);
  }
  void Drain() override { End(Error(ErrorCode::kShuttingDown, "the broker is stopping")); }

  void OnReadDone(bool ok) override {
    HealthCheckRequest request;
    const bool sound = ok && ParseMessage(request_, request).ok();
    request_.Clear();
    if (!sound || request.service().size() > kNameBytesMax) {
      End(Error(ErrorCode::kInvalidArgument, "the call has no request that can be served"));
      return;
    }
    service_ = request.service();
    health_.Join(shared_from_this());
    Tell();
  }
  void OnWriteDone(bool ok) override {
    std::optional<Error> end;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      end = end_with_;
    }
    if (!ok && !end) end = Error(ErrorCode::kCancelled, "the call was cancelled");
    if (end) {
      End(*std::move(end));
    } else {
      Tell();
    }
  }
  void OnCancel() override { End(Error(ErrorCode::kCancelled, "the call was cancelled")); }
  void OnDone() override {
    health_.streams_.Remove(this);
    const auto last = std::move(self_);
  }

 private:
  void End(Error error) {
    MutexLock lock(mutex_);
    if (!end_with_) end_with_ = std::move(error);
    if (finished_ || writing_) return;
    finished_ = true;
    call().Finish(ToGrpcStatus(*end_with_));
  }

  HealthService& health_;
  std::shared_ptr<Watch> self_;  // From Start to OnDone.
  grpc::ByteBuffer request_;
  grpc::ByteBuffer outgoing_;
  std::string service_;  // Set before it joins.
  Mutex mutex_;
  int told_ QALAM_GUARDED_BY(mutex_) = -1;
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  bool finished_ QALAM_GUARDED_BY(mutex_) = false;
  std::optional<Error> end_with_ QALAM_GUARDED_BY(mutex_);
};

HealthService::HealthService(StreamRegistry& streams, std::vector<std::string> services)
    : streams_(streams), services_(services.begin(), services.end()) {}

void HealthService::AddTo(MethodTable& methods) {
  AddUnary(methods, "/grpc.health.v1.Health/Check", *this, &HealthService::Check);
  methods.emplace("/grpc.health.v1.Health/Watch",
                  [this](IncomingCall& call) { std::make_shared<Watch>(*this, call)->Start(); });
}

HealthCheckResponse HealthService::StateOf(const std::string& service) const {
  HealthCheckResponse response;
  MutexLock lock(mutex_);
  if (!service.empty() && services_.count(service) == 0) {
    response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
  } else {
    response.set_status(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  }
  return response;
}

void HealthService::Check(UnaryCallPtr call, const HealthCheckRequest& request) {
  const HealthCheckResponse response = StateOf(request.service());
  if (response.status() == HealthCheckResponse::SERVICE_UNKNOWN) {
    // Not one of our errors: the protocol's own.
    call->Finish({grpc::StatusCode::NOT_FOUND, "there is no such service"});
  } else {
    call->Answer(response);
  }
}

void HealthService::Join(const std::shared_ptr<Watch>& watch) {
  MutexLock lock(mutex_);
  std::erase_if(watches_, [](const auto& other) { return other.expired(); });
  watches_.push_back(watch);
}

void HealthService::SetServing(bool serving) {
  std::vector<std::weak_ptr<Watch>> watches;
  {
    MutexLock lock(mutex_);
    serving_ = serving;
    watches = watches_;
  }
  for (const auto& weak : watches) {
    if (const auto watch = weak.lock()) watch->Tell();
  }
}

}  // namespace qalam
