#include "broker/rpc/log_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "broker/rpc/produce_reactor.h"
#include "broker/rpc/tail_reactor.h"
#include "broker/wire/log_codec.h"

namespace qalam {
namespace {

// A long poll is answered, empty, so much before the client's deadline would end it in an error.
constexpr std::chrono::milliseconds kFetchMargin{50};

// How long the caller goes on waiting; not longer than `cap`, never negative. gRPC's clients round
// the timeout they send up, to three digits at worst: a hundredth less is safely within.
std::chrono::nanoseconds TimeLeft(std::chrono::system_clock::time_point deadline,
                                  std::chrono::nanoseconds cap) {
  const auto now = std::chrono::system_clock::now();
  if (deadline <= now) return std::chrono::nanoseconds(0);
  if (deadline >= now + cap) return cap;
  return (deadline - now) / 100 * 99;
}

}  // namespace

void LogService::AddTo(MethodTable& methods) {
  methods.emplace("/qalam.v1.LogService/Produce",
                  [this](IncomingCall& call) { ProduceReactor::Start(rpc_, call); });
  methods.emplace("/qalam.v1.LogService/Tail", [this](IncomingCall& call) {
    std::make_shared<TailReactor>(rpc_, call)->Start();
  });
  AddUnary(methods, "/qalam.v1.LogService/Fetch", *this, &LogService::Fetch);
  AddUnary(methods, "/qalam.v1.LogService/Append", *this, &LogService::Append);
  AddUnary(methods, "/qalam.v1.LogService/ListOffsets", *this, &LogService::ListOffsets);
  AddUnary(methods, "/qalam.v1.LogService/InitProducer", *this, &LogService::InitProducer);
}

void LogService::Fetch(UnaryCallPtr call, const v1::FetchRequest& request) {
  FetchRequest fetch = FromProto(request);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      TimeLeft(call->deadline(), rpc_.options.unary_deadline_max));
  fetch.wait_max =
      std::min(fetch.wait_max, std::max(left - kFetchMargin, std::chrono::milliseconds(0)));
  rpc_.broker.Fetch(std::move(fetch),
                    Reply<FetchResult>([call = std::move(call)](Result<FetchResult> result) {
                      if (result.ok()) {
                        call->Answer(ToByteBuffer(EncodeFetchResult(*result)));
                      } else {
                        call->Fail(result.error());
                      }
                    }));
}

void LogService::Append(UnaryCallPtr call, const v1::AppendRequest& request) {
  auto append = FromProto(request);
  if (!append.ok()) {
    call->Fail(append.error());
    return;
  }
  auto origin = std::make_shared<Origin>(request.client_id(), "grpc", call->peer());
  origin->trace = call->trace();
  append->origin = std::move(origin);
  append->received_at = rpc_.clock.Now();
  append->deadline =
      append->received_at + TimeLeft(call->deadline(), rpc_.options.unary_deadline_max);
  rpc_.broker.Append(std::move(append).value(),
                     AnsweredBy(rpc_.answers, AnswerTo<v1::AppendResponse, AppendResult>(
                                                  std::move(call), [](const AppendResult& result,
                                                                      v1::AppendResponse& out) {
                                                    ToProto(result, out);
                                                  })));
}

void LogService::ListOffsets(UnaryCallPtr call, const v1::ListOffsetsRequest& request) {
  auto queries = FromProto(request);
  if (!queries.ok()) {
    call->Fail(queries.error());
    return;
  }
  rpc_.broker.ListOffsets(
      request.topic(), std::move(queries).value(),
      AnswerTo<v1::ListOffsetsResponse, std::vector<OffsetAnswer>>(
          std::move(call), [](const std::vector<OffsetAnswer>& answers,
                              v1::ListOffsetsResponse& out) { ToProto(answers, out); }));
}

void LogService::InitProducer(UnaryCallPtr call, const v1::InitProducerRequest& /*request*/) {
  rpc_.broker.InitProducer(AnswerTo<v1::InitProducerResponse, ProducerIdentity>(
      std::move(call), [](const ProducerIdentity& producer, v1::InitProducerResponse& out) {
        out.set_producer_id(producer.producer_id);
        out.set_producer_epoch(producer.producer_epoch);
      }));
}

}  // namespace qalam
