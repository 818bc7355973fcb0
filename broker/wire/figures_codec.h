#pragma once

#include "broker/api/broker_figures.h"
#include "broker/api/open_streams.h"
#include "qalam/v1/observe.pb.h"

namespace qalam {

// What ObserveService says of figures and streams. Thread: any.
// `writers_only` leaves the partitions out.
void ToProto(const BrokerFigures& figures, bool writers_only, v1::ReadFiguresResponse& out);
// Names that clients chose come as ShownName.
void ToProto(const StreamList& streams, v1::ListStreamsResponse& out);
// Printable and shortened: what a client chose may be no UTF-8.
std::string ShownName(const std::string& name);
// Of `limit` in a request: 0 stands for 1,000. Errors: kInvalidArgument beyond 10,000, or negative.
Result<std::size_t> StreamsLimit(std::int32_t limit);

}  // namespace qalam
