#include "client/cluster_client.h"

#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "client/connection_pool.h"
#include "client/event_thread.h"
#include "qalam/v1/log.grpc.pb.h"
#include "qalam/v1/topic.grpc.pb.h"

namespace qalam::abi0 {
namespace {

constexpr int kReadAttemptsMax = 4;

using Clock = std::chrono::system_clock;  // gRPC's deadlines.

// An asynchronous call that keeps what it needs until its answer came.
template <typename Request, typename Response>
class PendingCall final : public EventThread::Event {
 public:
  using Done = std::function<void(const grpc::Status&)>;
  // `prepare` of `stub`, such as PrepareAsyncFetch; then `done`, on the EventThread.
  template <typename Stub, typename Prepare>
  static void Start(std::shared_ptr<PendingCall> call, Stub&& stub, Prepare prepare, Done done) {
    PendingCall& started = *call;
    started.done_ = std::move(done);
    started.reader_ = (stub.*prepare)(&started.context, started.request, started.events->queue());
    started.self_ = std::move(call);
    started.reader_->StartCall();
    EventThread::Event* const tag = &started;
    started.reader_->Finish(&started.response, &started.status_, tag);
  }

  const std::shared_ptr<EventThread> events = EventThread::Shared();
  grpc::ClientContext context;
  Request request;
  Response response;
  Connection connection;

 private:
  void OnEvent(bool /*ok*/) override {
    const auto self = std::move(self_);
    std::exchange(done_, nullptr)(status_);
  }

  std::shared_ptr<PendingCall> self_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
  grpc::Status status_;
  Done done_;
};

using DescribeTopicCall = PendingCall<v1::DescribeTopicRequest, v1::DescribeTopicResponse>;
using FetchCall = PendingCall<v1::FetchRequest, v1::FetchResponse>;
using ListOffsetsCall = PendingCall<v1::ListOffsetsRequest, v1::ListOffsetsResponse>;
using InitProducerCall = PendingCall<v1::InitProducerRequest, v1::InitProducerResponse>;

}  // namespace

ClusterClient::ClusterClient(ClientOptions options)
    : options_(std::move(options)),
      connections_(std::make_shared<ConnectionPool>(options_.bootstrap, options_.connect_timeout)) {
}

ClusterClient::ClusterClient(ClientOptions options, std::shared_ptr<Connections> connections)
    : options_(std::move(options)), connections_(std::move(connections)) {}

void ClusterClient::Add(std::weak_ptr<Waiting> waiting) {
  MutexLock lock(mutex_);
  std::erase_if(waiting_, [](const auto& other) { return other.expired(); });
  waiting_.push_back(std::move(waiting));
}

void ClusterClient::TryNow() {
  std::vector<std::weak_ptr<Waiting>> all;
  {
    MutexLock lock(mutex_);
    all = waiting_;
  }
  for (const auto& weak : all) {
    if (const auto waiting = weak.lock()) waiting->TryNow();
  }
}

Connection ClusterClient::ConnectionFor(const TopicPartition& partition) {
  if (const auto leader = metadata_.leader_address(partition)) return connections_->To(*leader);
  return connections_->Any();
}

void ClusterClient::Learn(const TopicPartition& partition, const std::string& address,
                          const Error& error) {
  if (error.Is("NOT_LEADER")) {
    const auto leader = error.details().find("leader_address");
    if (leader != error.details().end() && CheckAddress(leader->second).ok()) {
      metadata_.SetLeaderAddress(partition, leader->second);
    } else {
      metadata_.ForgetLeader(partition);
    }
  } else if (error.Is("UNREACHABLE") || error.Is("SHUTTING_DOWN")) {
    metadata_.ForgetLeader(partition);
    connections_->ReportUnreachable(address);
  } else if (error.Is("UNKNOWN_TOPIC") || error.Is("UNKNOWN_PARTITION")) {
    metadata_.ForgetTopic(partition.topic);
  }
}

Status ClusterClient::Repeat(std::chrono::milliseconds timeout, const CallKind& kind,
                             const Attempt& attempt) {
  if (forked()) return ErrorFromCore(ForkedError());
  const auto deadline = Clock::now() + timeout;
  RetryPolicy retry(connections_->retry());
  for (int tries = 1;; ++tries) {
    const Connection connection = connections_->Any();
    grpc::ClientContext context;
    context.set_deadline(deadline);
    const grpc::Status status = attempt(connection, context);
    if (status.ok()) return {};
    if (IsNoAnswer(status)) {
      return kind.change ? UnansweredChange(connection.address, timeout, kind.what, kind.way_out)
                         : Unanswered(connection.address, timeout);
    }
    Error error = ErrorFromGrpc(status, connection.address);
    // Not retriable: somebody is there, but no broker.
    const bool unreachable =
        error.retriable() && (error.Is("UNREACHABLE") || error.Is("SHUTTING_DOWN"));
    if (unreachable) connections_->ReportUnreachable(connection.address);
    // A connection that was never made carried nothing: another address may be asked for a change,
    // too.
    const bool never_connected =
        unreachable && connection.channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE;
    // Definitely not carried out; whoever takes the broker's place can be asked for it.
    const bool not_done = never_connected || error.Is("SHUTTING_DOWN");
    if (unreachable && (!kind.change || not_done) &&
        connections_->AwaitSuccessor(connection, deadline)) {
      continue;
    }
    const auto addresses = static_cast<int>(connections_->addresses_count());
    const bool again = kind.change ? never_connected && tries < addresses
                                   : unreachable && tries < std::max(kReadAttemptsMax, addresses);
    if (!again) return error;
    const auto delay = tries < addresses ? std::chrono::nanoseconds(0) : retry.NextDelay();
    if (Clock::now() + delay >= deadline) return error;
    std::this_thread::sleep_for(delay);
  }
}

void ClusterClient::FindPartitionsCount(const std::string& topic,
                                        std::function<void(Result<std::int32_t>)> answer) {
  if (const auto known = metadata_.partitions_count(topic)) {
    answer(*known);
    return;
  }
  AskPartitionsCount(topic, /*may_touch=*/true, std::move(answer));
}

void ClusterClient::AskPartitionsCount(const std::string& topic, bool may_touch,
                                       std::function<void(Result<std::int32_t>)> answer) {
  auto call = std::make_shared<DescribeTopicCall>();
  call->connection = connections_->Any();
  call->request.set_name(topic);
  call->context.set_deadline(Clock::now() + options_.request_timeout);
  const auto on_answer = [self = shared_from_this(), call, topic, may_touch,
                          answer = std::move(answer)](const grpc::Status& status) {
    if (!status.ok()) {
      const Error error = self->FailedCall(status, call->connection.address);
      if (may_touch && error.Is("UNKNOWN_TOPIC")) {
        self->TouchTopic(topic, error, answer);
      } else {
        answer(error);
      }
      return;
    }
    const std::int32_t count = call->response.topic().partitions_count();
    if (count < 1) {
      answer(Error("UNKNOWN", "the broker says that topic \"" + topic + "\" has " +
                                  std::to_string(count) + " partitions"));
      return;
    }
    self->metadata_.SetPartitionsCount(topic, count);
    answer(count);
  };
  DescribeTopicCall::Start(call, v1::TopicService::Stub(call->connection.channel),
                           &v1::TopicService::Stub::PrepareAsyncDescribeTopic, on_answer);
}

void ClusterClient::TouchTopic(const std::string& topic, const Error& unknown,
                               std::function<void(Result<std::int32_t>)> answer) {
  auto call = std::make_shared<FetchCall>();
  call->connection = connections_->Any();
  call->request.set_topic(topic);
  call->request.set_max_bytes(1);
  call->request.set_client_id(options_.client_id);
  call->context.set_deadline(Clock::now() + options_.request_timeout);
  FetchCall::Start(call, v1::LogService::Stub(call->connection.channel),
                   &v1::LogService::Stub::PrepareAsyncFetch,
                   [self = shared_from_this(), topic, unknown,
                    answer = std::move(answer)](const grpc::Status& status) {
                     if (status.ok()) {
                       self->AskPartitionsCount(topic, /*may_touch=*/false, answer);
                     } else {
                       answer(unknown);
                     }
                   });
}

void ClusterClient::ListOffsets(std::shared_ptr<const v1::ListOffsetsRequest> request,
                                std::function<void(Result<v1::ListOffsetsResponse>)> answer) {
  auto call = std::make_shared<ListOffsetsCall>();
  call->connection = connections_->Any();
  call->request = *request;
  call->context.set_deadline(Clock::now() + options_.request_timeout);
  ListOffsetsCall::Start(
      call, v1::LogService::Stub(call->connection.channel),
      &v1::LogService::Stub::PrepareAsyncListOffsets,
      [self = shared_from_this(), call, answer = std::move(answer)](const grpc::Status& status) {
        if (status.ok()) {
          answer(std::move(call->response));
        } else {
          answer(self->FailedCall(status, call->connection.address));
        }
      });
}

Error ClusterClient::FailedCall(const grpc::Status& status, const std::string& address) {
  if (IsNoAnswer(status)) return Unanswered(address, options_.request_timeout);
  Error error = ErrorFromGrpc(status, address);
  if (error.Is("UNREACHABLE")) connections_->ReportUnreachable(address);
  return error;
}

void ClusterClient::InitProducer(std::function<void(Result<ProducerIdentity>)> answer) {
  auto call = std::make_shared<InitProducerCall>();
  call->connection = connections_->Any();
  call->request.set_client_id(options_.client_id);
  call->context.set_deadline(Clock::now() + options_.request_timeout);
  InitProducerCall::Start(
      call, v1::LogService::Stub(call->connection.channel),
      &v1::LogService::Stub::PrepareAsyncInitProducer,
      [self = shared_from_this(), call, answer = std::move(answer)](const grpc::Status& status) {
        if (!status.ok()) {
          answer(self->FailedCall(status, call->connection.address));
          return;
        }
        answer(ProducerIdentity{call->response.producer_id(),
                                static_cast<std::int16_t>(call->response.producer_epoch())});
      });
}

}  // namespace qalam::abi0
