#include "tests/qa/load/producing.h"

#include <chrono>
#include <thread>
#include <utility>

#include "tests/qa/load/payload.h"

namespace qalam::qa {
namespace {

using namespace std::chrono_literals;

void Count(const qalam::DeliveryReport& report, ProducingCounts& counts) {
  if (report.ok()) {
    ++counts.acked;
    if (report.duplicate) ++counts.duplicates;
  } else if (IsUncertain(report)) {
    ++counts.unknown;
  } else {
    ++counts.refused;
  }
}

}  // namespace

void Produce(const qalam::Client& client, const ProducingOptions& options,
             const std::atomic<bool>& stop, HistoryFile& history, ProducingCounts& counts) {
  qalam::ProducerOptions producer_options;
  producer_options.delivery_timeout = options.delivery_timeout;
  producer_options.on_full = qalam::FullPolicy::kBlock;
  qalam::Producer producer = client.NewProducer(producer_options);

  const auto begun = std::chrono::steady_clock::now();
  for (std::int64_t seq = 0; seq < options.records_max && !stop; ++seq) {
    const auto due = begun + std::chrono::nanoseconds(1s) * seq / options.records_per_second;
    // In small bursts: sleeping for every record would cost more than sending it.
    while (std::chrono::steady_clock::now() < due && !stop) std::this_thread::sleep_for(2ms);

    const auto number = static_cast<std::int32_t>(seq % options.partitions_count);
    const std::string partition = options.topic + "/" + std::to_string(number);
    const std::string token = MakeToken(options.name, seq);
    qalam::Record record(options.topic, options.name, MakeValue(token, options.value_bytes));
    record.partition = number;
    history.Send(partition, options.name, seq, token, DigestOf(*record.key, *record.value));
    ++counts.sent;
    const qalam::Status taken = producer.Send(
        std::move(record), [&, partition, token](const qalam::DeliveryReport& report) {
          history.Outcome(partition, token, report);
          Count(report, counts);
        });
    if (!taken.ok()) {
      qalam::DeliveryReport report;
      report.status = taken;
      history.Outcome(partition, token, report);
      Count(report, counts);
    }
  }
  producer.Close(options.delivery_timeout + 10s);
}

}  // namespace qalam::qa
