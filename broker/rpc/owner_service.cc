#include "broker/rpc/owner_service.h"

#include <utility>

#include "broker/rpc/attend_reactor.h"
#include "broker/wire/owner_codec.h"
#include "broker/wire/topic_codec.h"

namespace qalam {
namespace {

// Over TCP anybody could end the owner.
bool Refused(UnaryCall& call) {
  if (IsUnixPeer(call.peer())) return false;
  call.Fail(NotOnThisSocket());
  return true;
}

}  // namespace

void OwnerService::AddTo(MethodTable& methods) {
  AddUnary(methods, "/qalam.v1.OwnerService/DescribeOwner", *this, &OwnerService::DescribeOwner);
  AddUnary(methods, "/qalam.v1.OwnerService/HandOver", *this, &OwnerService::HandOver);
  AddUnary(methods, "/qalam.v1.OwnerService/JoinOwner", *this, &OwnerService::JoinOwner);
  methods.emplace("/qalam.v1.OwnerService/AttendOwner", [this](IncomingCall& call) {
    std::make_shared<AttendReactor>(ownership_, streams_, call)->Start();
  });
}

void OwnerService::DescribeOwner(UnaryCallPtr call, const v1::DescribeOwnerRequest& /*request*/) {
  if (Refused(*call)) return;
  v1::DescribeOwnerResponse response;
  ToProto(ownership_.Describe(), *response.mutable_owner());
  call->Answer(response);
}

void OwnerService::HandOver(UnaryCallPtr call, const v1::HandOverRequest& request) {
  if (Refused(*call)) return;
  const Result<OwnerInfo> owner = ownership_.HandOver(request.successor_pid());
  if (!owner.ok()) {
    call->Fail(owner.error());
    return;
  }
  v1::HandOverResponse response;
  ToProto(*owner, *response.mutable_owner());
  call->Answer(response);
}

void OwnerService::JoinOwner(UnaryCallPtr call, const v1::JoinOwnerRequest& request) {
  if (Refused(*call)) return;
  JoinRequest join;
  join.listeners = {request.listeners().begin(), request.listeners().end()};
  join.set = {request.set().begin(), request.set().end()};
  ownership_.Join(std::move(join),
                  AnswerTo<v1::JoinOwnerResponse, JoinResult>(
                      std::move(call), [](const JoinResult& result, v1::JoinOwnerResponse& out) {
                        ToProto(result.owner, *out.mutable_owner());
                        for (const std::string& address : result.addresses)
                          out.add_addresses(address);
                        ConfigToProto(result.config, out);
                      }));
}

}  // namespace qalam
