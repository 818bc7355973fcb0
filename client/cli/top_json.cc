#include "client/cli/top_json.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

double Ms(double seconds) { return seconds * 1e3; }

ordered_json WriterJson(const WriterRates& writer) {
  return {{"number", writer.number},
          {"queue_depth", writer.queue_depth},
          {"groups", writer.groups},
          {"batches_per_group", writer.batches_per_group},
          {"bytes_per_group", writer.bytes_per_group},
          {"write_ms_p50", Ms(writer.write_seconds.Quantile(0.5))},
          {"write_ms_p99", Ms(writer.write_seconds.Quantile(0.99))},
          {"sync_ms_p50", Ms(writer.sync_seconds.Quantile(0.5))},
          {"sync_ms_p99", Ms(writer.sync_seconds.Quantile(0.99))},
          {"sync_ms_max", Ms(writer.sync_seconds.Max())},
          {"refused", writer.refused},
          {"partitions", writer.partitions}};
}

ordered_json PartitionRatesJson(const PartitionRates& partition) {
  const abi0::PartitionFigures& now = partition.now;
  return {{"topic", now.topic},
          {"partition", now.partition},
          {"records_in", partition.records_in},
          {"bytes_in", partition.bytes_in},
          {"bytes_out", partition.bytes_out},
          {"refused", partition.refused},
          {"duplicates", partition.duplicates},
          {"size_bytes", now.size_bytes},
          {"log_start_offset", now.log_start_offset},
          {"high_watermark", now.high_watermark},
          {"leader", now.leader},
          {"leader_epoch", now.leader_epoch},
          {"writer_thread", now.writer_thread},
          {"status", now.status}};
}

}  // namespace

ordered_json TopJson(const TopSample& sample, const TopView& view, std::size_t rows_max) {
  if (sample.away || !sample.rates) {
    ordered_json line = {{"at_ms", sample.asked_ms}};
    if (sample.away) {
      line["error"] = {{"code", sample.away->code()}, {"message", sample.away->message()}};
      line["away_since_ms"] = sample.away_since_ms;
    }
    return line;
  }
  const BrokerRates& rates = *sample.rates;
  const TotalRates& totals = rates.totals;
  ordered_json line = {{"at_ms", rates.now.at_ms}, {"seconds", rates.seconds}};
  line["totals"] = {{"records_in", totals.records_in},
                    {"bytes_in", totals.bytes_in},
                    {"bytes_out", totals.bytes_out},
                    {"refused", totals.refused},
                    {"duplicates", totals.duplicates},
                    {"sync_ms_p50", Ms(totals.sync_seconds.Quantile(0.5))},
                    {"sync_ms_p99", Ms(totals.sync_seconds.Quantile(0.99))},
                    {"parked_readers", rates.now.parked_readers},
                    {"streams", sample.streams},
                    {"resident_bytes", rates.now.resident_bytes},
                    {"disk_free_bytes", rates.now.disk_free_bytes},
                    {"log_bytes", totals.log_bytes},
                    {"partitions", totals.partitions},
                    {"offline", totals.offline}};
  line["problems"] = ordered_json::array();
  if (sample.cluster) line["problems"] = sample.cluster->problems;
  line["writers"] = ordered_json::array();
  for (const WriterRates& writer : rates.writers) line["writers"].push_back(WriterJson(writer));
  line["partitions"] = ordered_json::array();
  for (const PartitionRates* partition : view.Select(rates.partitions)) {
    if (line["partitions"].size() == rows_max) break;
    line["partitions"].push_back(PartitionRatesJson(*partition));
  }
  return line;
}

}  // namespace qalam::cli
