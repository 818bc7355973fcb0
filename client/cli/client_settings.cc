#include "client/cli/client_settings.h"

#include "client/cli/produce_options.h"
#include "client/cli/session.h"
#include "common/nearest_name.h"
#include "common/units.h"

namespace qalam::cli {
namespace {

template <typename Duration>
bool SetDuration(const std::string& text, Duration& into) {
  const auto ms = ParseDurationMs(text);
  if (!ms.ok() || *ms < 0) return false;
  into = std::chrono::milliseconds(*ms);
  return true;
}

bool SetSize(const std::string& text, std::size_t& into) {
  const auto bytes = ParseSizeBytes(text);
  if (!bytes.ok() || *bytes <= 0) return false;
  into = static_cast<std::size_t>(*bytes);
  return true;
}

bool SetOutOfRange(const std::string& text, abi0::OutOfRangePolicy& into) {
  if (text == "none" || text == "fail")
    into = abi0::OutOfRangePolicy::kFail;
  else if (text == "earliest")
    into = abi0::OutOfRangePolicy::kEarliest;
  else if (text == "latest")
    into = abi0::OutOfRangePolicy::kLatest;
  else
    return false;
  return true;
}

}  // namespace

const std::vector<ClientSetting>& ClientSettings() {
  using Text = const std::string&;
  static const std::vector<ClientSetting> settings = {
      {"acks", "all, leader or none",
       [](Session& s, Text v) { return SetAcks(v, s.producer.acks); }},
      {"auto.offset.reset", "when an offset is out of range: none (fail), earliest or latest",
       [](Session& s, Text v) { return SetOutOfRange(v, s.reader.out_of_range); }},
      {"batch.size", "bytes at which a batch is full, at most 4 MiB",
       [](Session& s, Text v) {
         return SetSize(v, s.producer.batch_bytes) &&
                s.producer.batch_bytes <= static_cast<std::size_t>(kBatchBytesLargest);
       }},
      {"bootstrap.servers", "as -b",
       [](Session& s, Text v) {
         s.bootstrap = v;
         return !v.empty();
       }},
      {"buffer.memory", "bytes that may wait for a verdict",
       [](Session& s, Text v) { return SetSize(v, s.producer.buffer_bytes); }},
      {"client.id", "what the broker calls this client",
       [](Session& s, Text v) {
         s.client_id = v;
         return !v.empty();
       }},
      {"compression.type", "none, gzip, snappy, lz4 or zstd",
       [](Session& s, Text v) { return SetCompression(v, s.producer.compression); }},
      {"delivery.timeout.ms", "from sending to the verdict, retries included",
       [](Session& s, Text v) { return SetDuration(v, s.producer.delivery_timeout); }},
      {"enable.idempotence", "a retry never doubles a record",
       [](Session& s, Text v) {
         const auto on = ParseBool(v);
         if (on.ok()) s.producer.idempotent = *on;
         return on.ok();
       }},
      {"fetch.max.bytes", "bytes received and not yet printed",
       [](Session& s, Text v) { return SetSize(v, s.reader.fetch_bytes_max); }},
      {"in.flight.max", "batches under way per partition, 1 to 256",
       [](Session& s, Text v) { return SetSize(v, s.producer.in_flight_max); }},
      {"linger.ms", "how long a batch waits for company",
       [](Session& s, Text v) { return SetDuration(v, s.producer.linger); }},
  };
  return settings;
}

abi0::Status ApplyClientSetting(const std::string& setting, Session& session) {
  const auto parts = SplitSetting(setting);
  if (!parts) return BadUsage("-X " + setting + ": settings are written KEY=VALUE");
  std::vector<std::string_view> names;
  for (const ClientSetting& known : ClientSettings()) {
    names.push_back(known.name);
    if (known.name != parts->first) continue;
    if (known.set(session, parts->second)) return {};
    return BadUsage("-X " + setting + ": not a value that " + parts->first + " can have (" +
                    std::string(known.meaning) + ")");
  }
  const std::string_view nearest = NearestName(parts->first, names);
  return BadUsage("-X " + parts->first + ": no such client setting" +
                  (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
}

}  // namespace qalam::cli
