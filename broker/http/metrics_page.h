#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "broker/api/broker.h"
#include "broker/http/http_pages.h"

namespace qalam {

// /metrics, by topic, and /metrics/partitions: Prometheus' text format, or OpenMetrics where the
// client accepts that. The figures are read when asked for; between two scrapes nothing is
// computed. `broker` must outlive the pages. Thread: any.
void AddMetricsPages(HttpPages& pages, Broker& broker);

std::vector<prometheus::MetricFamily> BrokerMetrics(const BrokerFigures& figures);
std::vector<prometheus::MetricFamily> PartitionMetrics(const BrokerFigures& figures);

// The same families by the rules of OpenMetrics 1.0: counters lose "_total" in their name, times
// are seconds, and the text ends with "# EOF".
std::string ToOpenMetrics(const std::vector<prometheus::MetricFamily>& families);

}  // namespace qalam
