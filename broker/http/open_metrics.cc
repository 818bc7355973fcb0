#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "broker/http/metrics_page.h"

// https://github.com/OpenObservability/OpenMetrics, specification 1.0, section "Text Format".
namespace qalam {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

std::string Number(double value) {
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  return fmt::format("{}", value);
}

void AppendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void AppendSample(std::string& out, std::string_view name, std::string_view suffix,
                  const std::vector<ClientMetric::Label>& labels, std::string_view bound,
                  const std::string& value) {
  out.append(name).append(suffix);
  char before = '{';
  const auto label = [&](std::string_view key, std::string_view text) {
    out += before;
    before = ',';
    out.append(key).append("=\"");
    AppendEscaped(out, text);
    out += '"';
  };
  for (const ClientMetric::Label& each : labels) label(each.name, each.value);
  if (!bound.empty()) label("le", bound);
  if (before == ',') out += '}';
  out.append(" ").append(value).append("\n");
}

void AppendMetric(std::string& out, std::string_view name, MetricType type,
                  const ClientMetric& metric) {
  if (type == MetricType::Counter) {
    AppendSample(out, name, kTotal, metric.label, "", Number(metric.counter.value));
  } else if (type == MetricType::Histogram) {
    for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
      AppendSample(out, name, "_bucket", metric.label, Number(bucket.upper_bound),
                   std::to_string(bucket.cumulative_count));
    }
    AppendSample(out, name, "_count", metric.label, "",
                 std::to_string(metric.histogram.sample_count));
    AppendSample(out, name, "_sum", metric.label, "", Number(metric.histogram.sample_sum));
  } else {
    AppendSample(out, name, "", metric.label, "", Number(metric.gauge.value));
  }
}

}  // namespace

std::string ToOpenMetrics(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    std::string_view name = family.name;
    const char* type = "gauge";
    if (family.type == MetricType::Counter) {
      type = "counter";
      if (name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
    } else if (family.type == MetricType::Histogram) {
      type = "histogram";
    }
    out += fmt::format("# HELP {} ", name);
    AppendEscaped(out, family.help);
    out += fmt::format("\n# TYPE {} {}\n", name, type);
    for (const ClientMetric& metric : family.metric) AppendMetric(out, name, family.type, metric);
  }
  return out + "# EOF\n";
}

}  // namespace qalam
