#include "broker/rpc/owner_client.h"

#include <errno.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <utility>

#include "broker/rpc/status_map.h"
#include "broker/wire/owner_codec.h"
#include "broker/wire/topic_codec.h"
#include "common/socket_path.h"
#include "qalam/v1/owner.grpc.pb.h"

namespace qalam {
namespace {

constexpr const char* kSocketName = "qalam.sock";
constexpr int kKeepAliveMs = 20'000;

Error NobodyAt(const std::string& directory, std::string_view what, std::string reason) {
  return Error(ErrorCode::kUnreachable, "the owner of " + directory + " " + std::string(what))
      .With("path", directory)
      .With("reason", std::move(reason));
}

// Who listens at `path`: the kernel says, so that nothing is said to a process of another user.
Result<ucred> WhoListens(const std::string& directory, const std::string& path) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return NobodyAt(directory, std::strerror(errno), "absent");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int failed =
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
          ? 0
          : errno;
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known =
      failed == 0 && ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  ::close(descriptor);
  switch (failed) {
    case 0:
      break;
    case ENOENT:
    case ENOTDIR:
      return NobodyAt(directory, "has no socket there", "absent");
    case EACCES:
    case EPERM:
      return Error(ErrorCode::kPermissionDenied,
                   "the socket of the owner of " + directory + " is another user's");
    case EAGAIN:
      return NobodyAt(directory, "accepts no connection: its queue is full", "silent");
    default:
      return NobodyAt(directory, std::string("is gone: ") + std::strerror(failed), "refused");
  }
  if (!known) return NobodyAt(directory, "is gone", "refused");
  if (peer.uid != ::geteuid() && peer.uid != 0 && ::geteuid() != 0) {
    return Error(ErrorCode::kPermissionDenied, "the owner of " + directory + " runs as user " +
                                                   std::to_string(peer.uid) + ", not as " +
                                                   std::to_string(::geteuid()));
  }
  return peer;
}

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void SetDeadline(grpc::ClientContext& context, std::chrono::milliseconds timeout) {
  context.set_deadline(std::chrono::system_clock::now() + timeout);
}

class GrpcOwnerClient final : public OwnerClient {
 public:
  GrpcOwnerClient(std::string directory, SocketPath path)
      : directory_(std::move(directory)),
        path_(std::move(path)),
        address_("unix:" + path_.text()),
        stub_(ChannelTo(address_)) {}

  Status Hello(std::int32_t pid) {
    grpc::ClientContext context;
    SetDeadline(context, kHelloTimeout);
    v1::DescribeOwnerResponse response;
    const grpc::Status status =
        stub_.DescribeOwner(&context, v1::DescribeOwnerRequest(), &response);
    if (status.ok()) {
      hello_ = FromProto(response.owner());
      return OkStatus();
    }
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return NobodyAt(directory_,
                      "(process " + std::to_string(pid) + ") does not answer; is it stopped?",
                      "silent")
          .With("pid", pid);
    }
    const Error error = FromGrpcStatus(status);
    if (error.code() == ErrorCode::kPermissionDenied) return error;
    return NobodyAt(directory_, "is gone: " + error.message(), "refused");
  }

  const OwnerInfo& hello() const override { return hello_; }
  const std::string& address() const override { return address_; }

  Result<OwnerInfo> HandOver(std::int32_t successor_pid,
                             std::chrono::milliseconds timeout) override {
    grpc::ClientContext context;
    SetDeadline(context, timeout);
    v1::HandOverRequest request;
    request.set_successor_pid(successor_pid);
    v1::HandOverResponse response;
    const grpc::Status status = stub_.HandOver(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return FromProto(response.owner());
  }

  Result<JoinResult> Join(const JoinRequest& join, std::chrono::milliseconds timeout) override {
    grpc::ClientContext context;
    SetDeadline(context, timeout);
    v1::JoinOwnerRequest request;
    for (const std::string& listener : join.listeners) request.add_listeners(listener);
    request.mutable_set()->insert(join.set.begin(), join.set.end());
    v1::JoinOwnerResponse response;
    const grpc::Status status = stub_.JoinOwner(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    JoinResult result;
    result.owner = FromProto(response.owner());
    result.addresses = {response.addresses().begin(), response.addresses().end()};
    for (const v1::ConfigEntry& entry : response.config()) {
      result.config.push_back({entry.key(), entry.value(), ConfigEntry::Source::kDynamic,
                               entry.dynamic(), entry.description()});
    }
    return result;
  }

  Result<OwnerInfo> NextNews(bool may_own) override {
    if (!attending_) {
      v1::AttendOwnerRequest request;
      request.set_pid(::getpid());
      request.set_may_own(may_own);
      attending_ = stub_.AttendOwner(&attend_context_, request);
    }
    v1::AttendOwnerResponse response;
    if (attending_->Read(&response)) return FromProto(response.owner());
    const grpc::Status status = attending_->Finish();
    if (status.ok()) return Error(ErrorCode::kUnreachable, "the owner ended the stream");
    return FromGrpcStatus(status);
  }
  void Cancel() override { attend_context_.TryCancel(); }

 private:
  const std::string directory_;
  const SocketPath path_;
  const std::string address_;
  v1::OwnerService::Stub stub_;
  OwnerInfo hello_;
  grpc::ClientContext attend_context_;
  std::unique_ptr<grpc::ClientReader<v1::AttendOwnerResponse>> attending_;
};

}  // namespace

Result<std::unique_ptr<OwnerClient>> OwnerClient::Connect(const std::string& directory) {
  Result<SocketPath> path = SocketPath::Of(directory, kSocketName);
  if (!path.ok()) return NobodyAt(directory, "has no socket there", "absent");
  QALAM_ASSIGN_OR_RETURN(const ucred listener, WhoListens(directory, path->text()));
  auto client = std::make_unique<GrpcOwnerClient>(directory, std::move(path).value());
  QALAM_RETURN_IF_ERROR(client->Hello(listener.pid));
  return std::unique_ptr<OwnerClient>(std::move(client));
}

}  // namespace qalam
