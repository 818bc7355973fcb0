#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "broker/api/requests.h"
#include "broker/http/event_feed.h"
#include "broker/http/figure_rates.h"
#include "broker/http/http_event_stream.h"

namespace qalam {

// One sample, as /events tells it. Thread: a value; what it refers to must outlive it.
struct ClusterSample {
  TimestampMs at_ms = 0;
  const FigureRates& rates;
  const ClusterInfo& cluster;
  const EventFeed& feed;
};

// The JSON of /events (docs/reference/http.md), on one line. Topics and texts may be anything.
// Thread: any.
std::string SnapshotJson(const ClusterSample& sample);
// `rows` as RowChanges gives them; the last `feed_count` entries of the feed are new.
std::string DeltaJson(const ClusterSample& sample, std::string_view rows,
                      const std::vector<TopicPartition>& gone, std::size_t feed_count);
void AppendRowJson(const PartitionFigures& figures, const PartitionRates& rates, std::string& out);
// With two digits behind the point at most.
void AppendJsonNumber(double number, std::string& out);

// A whole server-sent event. `id` may be empty; `json` has no line break.
EventText MakeEvent(std::string_view id, std::string_view name, std::string_view json);

}  // namespace qalam
