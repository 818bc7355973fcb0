#include "broker/rpc/observe_service.h"

#include <utility>

#include "broker/wire/figures_codec.h"
#include "broker/wire/observe_codec.h"

namespace qalam {

void ObserveService::AddTo(MethodTable& methods) {
  AddUnary(methods, "/qalam.v1.ObserveService/ReadFigures", *this, &ObserveService::ReadFigures);
  AddUnary(methods, "/qalam.v1.ObserveService/ListStreams", *this, &ObserveService::ListStreams);
  AddUnary(methods, "/qalam.v1.ObserveService/ExplainRecord", *this,
           &ObserveService::ExplainRecord);
  AddUnary(methods, "/qalam.v1.ObserveService/ListRefusals", *this, &ObserveService::ListRefusals);
}

void ObserveService::ReadFigures(UnaryCallPtr call, const v1::ReadFiguresRequest& request) {
  rpc_.broker.ReadFigures(AnswerTo<v1::ReadFiguresResponse, BrokerFigures>(
      std::move(call), [writers_only = request.writers_only()](const BrokerFigures& figures,
                                                               v1::ReadFiguresResponse& out) {
        ToProto(figures, writers_only, out);
      }));
}

void ObserveService::ListStreams(UnaryCallPtr call, const v1::ListStreamsRequest& request) {
  const Result<std::size_t> limit = StreamsLimit(request.limit());
  const Result<StreamList> streams =
      limit.ok() ? rpc_.streams.ListStreams(*limit) : Result<StreamList>(limit.error());
  if (!streams.ok()) {
    call->Fail(streams.error());
    return;
  }
  v1::ListStreamsResponse response;
  ToProto(*streams, response);
  call->Answer(response);
}

void ObserveService::ExplainRecord(UnaryCallPtr call, const v1::ExplainRecordRequest& request) {
  rpc_.broker.ExplainRecord(
      {request.topic(), request.partition()}, request.offset(),
      AnswerTo<v1::ExplainRecordResponse, RecordStory>(
          std::move(call),
          [](const RecordStory& story, v1::ExplainRecordResponse& out) { ToProto(story, out); }));
}

void ObserveService::ListRefusals(UnaryCallPtr call, const v1::ListRefusalsRequest& request) {
  const Result<std::size_t> limit = RefusalsLimit(request.limit());
  if (!limit.ok()) {
    call->Fail(limit.error());
    return;
  }
  rpc_.broker.ListRefusals(
      {request.topic(), request.partition()}, *limit,
      AnswerTo<v1::ListRefusalsResponse, RefusalList>(
          std::move(call),
          [](const RefusalList& list, v1::ListRefusalsResponse& out) { ToProto(list, out); }));
}

}  // namespace qalam
