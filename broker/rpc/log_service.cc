#include "broker/rpc/log_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "broker/rpc/byte_buffers.h"
#include "broker/rpc/produce_reactor.h"
#include "broker/rpc/tail_reactor.h"
#include "broker/rpc/unary.h"
#include "broker/wire/log_codec.h"
#include "broker/wire/produce_codec.h"

namespace qalam {
namespace {

// A long poll is answered, empty, so much before the client's deadline would end it in an error.
constexpr std::chrono::milliseconds kFetchMargin{50};

// How long the caller goes on waiting; not longer than `cap`, never negative. gRPC's clients round
// the timeout they send up, to three digits at worst: a hundredth less is safely within.
std::chrono::nanoseconds TimeLeft(const grpc::CallbackServerContext& context,
                                  std::chrono::nanoseconds cap) {
  const auto now = std::chrono::system_clock::now();
  const auto deadline = context.deadline();
  if (deadline <= now) return std::chrono::nanoseconds(0);
  if (deadline >= now + cap) return cap;
  return (deadline - now) / 100 * 99;
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* LogServiceImpl::Produce(
    grpc::CallbackServerContext* context) {
  auto reactor = std::make_shared<ProduceReactor>(rpc_, context->peer());
  reactor->Start();
  return reactor.get();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* LogServiceImpl::Tail(
    grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* request) {
  auto reactor = std::make_shared<TailReactor>(rpc_);
  reactor->Start(*request);
  return reactor.get();
}

grpc::ServerUnaryReactor* LogServiceImpl::Fetch(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  v1::FetchRequest message;
  if (const Status parsed = ParseMessage(*request, message); !parsed.ok()) {
    reactor->Finish(ToGrpcStatus(parsed.error()));
    return reactor;
  }
  FetchRequest fetch = FromProto(message);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      TimeLeft(*context, rpc_.options.unary_deadline_max));
  fetch.wait_max =
      std::min(fetch.wait_max, std::max(left - kFetchMargin, std::chrono::milliseconds(0)));
  rpc_.broker.Fetch(std::move(fetch),
                    FinishWith<FetchResult>(reactor, response,
                                            [](const FetchResult& result, grpc::ByteBuffer& out) {
                                              out = ToByteBuffer(EncodeFetchResult(result));
                                            }));
  return reactor;
}

grpc::ServerUnaryReactor* LogServiceImpl::Append(grpc::CallbackServerContext* context,
                                                 const v1::AppendRequest* request,
                                                 v1::AppendResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  auto append = FromProto(*request);
  if (!append.ok()) {
    reactor->Finish(ToGrpcStatus(append.error()));
    return reactor;
  }
  append->origin =
      std::make_shared<const Origin>(Origin{request->client_id(), "grpc", context->peer()});
  append->deadline = rpc_.clock.Now() + TimeLeft(*context, rpc_.options.unary_deadline_max);
  rpc_.broker.Append(
      std::move(append).value(),
      AnsweredBy(rpc_.answers,
                 FinishWith<AppendResult>(reactor, response,
                                          [](const AppendResult& result, v1::AppendResponse& out) {
                                            ToProto(result, out);
                                          })));
  return reactor;
}

grpc::ServerUnaryReactor* LogServiceImpl::ListOffsets(grpc::CallbackServerContext* context,
                                                      const v1::ListOffsetsRequest* request,
                                                      v1::ListOffsetsResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  auto queries = FromProto(*request);
  if (!queries.ok()) {
    reactor->Finish(ToGrpcStatus(queries.error()));
    return reactor;
  }
  rpc_.broker.ListOffsets(request->topic(), std::move(queries).value(),
                          FinishWith<std::vector<OffsetAnswer>>(
                              reactor, response,
                              [](const std::vector<OffsetAnswer>& answers,
                                 v1::ListOffsetsResponse& out) { ToProto(answers, out); }));
  return reactor;
}

grpc::ServerUnaryReactor* LogServiceImpl::InitProducer(grpc::CallbackServerContext* context,
                                                       const v1::InitProducerRequest*,
                                                       v1::InitProducerResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  rpc_.broker.InitProducer(FinishWith<ProducerIdentity>(
      reactor, response, [](const ProducerIdentity& producer, v1::InitProducerResponse& out) {
        out.set_producer_id(producer.producer_id);
        out.set_producer_epoch(producer.producer_epoch);
      }));
  return reactor;
}

}  // namespace qalam
