#include "broker/node/broker_config.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "broker/metadata/topic_config.h"
#include "broker/node/listen_address.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/nearest_name.h"
#include "common/units.h"

namespace qalam {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kInt32Most = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMebi = 1 << 20;
constexpr bool kDynamic = true;
constexpr bool kStatic = false;

using S = BrokerSettings;

struct Row {
  std::string key;
  std::string type;
  bool dynamic = false;
  std::string topic_key;
  std::string description;
  std::function<Status(S&, std::string_view)> parse;
  std::function<std::string(const S&)> format;
};

constexpr std::string_view kListType = "list";

Error Bad(std::string message) { return Error(ErrorCode::kInvalidConfig, std::move(message)); }

template <typename T>
void Assign(T& target, std::int64_t value) {
  target = static_cast<T>(value);
}
void Assign(std::chrono::milliseconds& target, std::int64_t value) {
  target = std::chrono::milliseconds(value);
}
template <typename T>
void Assign(std::optional<T>& target, std::int64_t value) {
  target = static_cast<T>(value);
}
template <typename T>
std::string Text(const T& value) {
  return std::to_string(value);
}
std::string Text(const std::chrono::milliseconds& value) { return std::to_string(value.count()); }
template <typename T>
std::string Text(const std::optional<T>& value) {
  return value ? std::to_string(*value) : "1";
}

// A number: `reader` knows its units, `access` finds it in the settings.
template <typename Reader, typename Access>
Row Number(std::string key, std::string type, Reader reader, Access access, std::int64_t least,
           std::int64_t most, std::string description) {
  Row row{std::move(key), std::move(type), kStatic, "", std::move(description), {}, {}};
  row.parse = [=](S& settings, std::string_view text) -> Status {
    QALAM_ASSIGN_OR_RETURN(const std::int64_t value, reader(text));
    if (value < least || value > most) {
      std::string message =
          std::to_string(value) + " is out of range: at least " + std::to_string(least);
      if (most != kMost) message += ", at most " + std::to_string(most);
      return Bad(std::move(message));
    }
    Assign(access(settings), value);
    return OkStatus();
  };
  row.format = [=](const S& settings) { return Text(access(settings)); };
  return row;
}
template <typename Access>
Row Integer(std::string key, Access access, std::int64_t least, std::int64_t most,
            std::string description) {
  return Number(std::move(key), "integer", ParseInteger, access, least, most,
                std::move(description));
}
template <typename Access>
Row Size(std::string key, Access access, std::int64_t least, std::int64_t most,
         std::string description) {
  return Number(std::move(key), "size", ParseSizeBytes, access, least, most,
                std::move(description));
}
template <typename Access>
Row Duration(std::string key, Access access, std::int64_t least, std::int64_t most,
             std::string description) {
  return Number(std::move(key), "duration", ParseDurationMs, access, least, most,
                std::move(description));
}

template <typename Access>
Row Flag(std::string key, Access access, std::string description) {
  Row row{std::move(key), "true|false", kStatic, "", std::move(description), {}, {}};
  row.parse = [=](S& settings, std::string_view text) -> Status {
    QALAM_ASSIGN_OR_RETURN(access(settings), ParseBool(text));
    return OkStatus();
  };
  row.format = [=](const S& settings) { return std::string(access(settings) ? "true" : "false"); };
  return row;
}

template <typename Access>
Row Word(std::string key, bool dynamic, Access access, std::vector<std::string> words,
         std::string description) {
  std::string type;
  for (const std::string& word : words) type += (type.empty() ? "one of " : "|") + word;
  Row row{std::move(key), type, dynamic, "", std::move(description), {}, {}};
  row.parse = [=](S& settings, std::string_view text) -> Status {
    if (std::find(words.begin(), words.end(), text) == words.end()) {
      return Bad("\"" + std::string(text.substr(0, 64)) + "\" is not " + type);
    }
    access(settings) = std::string(text);
    return OkStatus();
  };
  row.format = [=](const S& settings) { return access(settings); };
  return row;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

// Words, separated by commas.
template <typename Access>
Row Words(std::string key, Access access, std::string description) {
  Row row{std::move(key), std::string(kListType), kStatic, "", std::move(description), {}, {}};
  row.parse = [=](S& settings, std::string_view text) -> Status {
    std::vector<std::string>& words = access(settings);
    words.clear();
    while (!text.empty()) {
      const std::size_t comma = text.find(',');
      if (comma == 0) return Bad("between two commas is nothing");
      words.emplace_back(text.substr(0, comma));
      text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return OkStatus();
  };
  row.format = [=](const S& settings) { return Join(access(settings)); };
  return row;
}

template <typename Access>
Row String(std::string key, Access access, std::string description) {
  Row row{std::move(key), "text", kStatic, "", std::move(description), {}, {}};
  row.parse = [=](S& settings, std::string_view text) -> Status {
    access(settings) = std::string(text);
    return OkStatus();
  };
  row.format = [=](const S& settings) { return access(settings); };
  return row;
}

// The default of a topic's setting: type, bounds and meaning come from that table.
Row TopicDefault(std::string key, std::string_view topic_key) {
  const auto keys = TopicConfigKeys();
  const auto of_topic = std::find_if(
      keys.begin(), keys.end(), [&](const TopicConfigKey& row) { return row.key == topic_key; });
  QALAM_CHECK(of_topic != keys.end());
  Row row{
      std::move(key),
      std::string(of_topic->type),
      kDynamic,
      std::string(topic_key),
      "Default of topics' " + std::string(topic_key) + ". " + std::string(of_topic->description),
      {},
      {}};
  row.parse = [name = row.topic_key](S& settings, std::string_view text) -> Status {
    Result<TopicConfig> changed =
        ApplyTopicConfig(settings.controller.topic_defaults, {{name, std::string(text)}});
    // The message names the topic's key; ours is named by the caller.
    if (!changed.ok()) return Bad(changed.error().message().substr(name.size() + 2));
    settings.controller.topic_defaults = *changed;
    return OkStatus();
  };
  row.format = [name = row.topic_key](const S& settings) {
    return TopicConfigValue(settings.controller.topic_defaults, name);
  };
  return row;
}

// Kafka's coarser spelling of a duration; the finer key wins when both are set.
Row Coarse(std::string key, std::string finer, std::int64_t unit_ms,
           std::int64_t TopicConfig::*member) {
  Row row{std::move(key),
          "integer",
          kStatic,
          "",
          "Another spelling of " + finer + ", which wins when both are set.",
          {},
          {}};
  row.parse = [=](S& settings, std::string_view text) -> Status {
    QALAM_ASSIGN_OR_RETURN(const std::int64_t value, ParseInteger(text));
    if (value > kMost / unit_ms) return Bad("\"" + std::string(text) + "\" is too large");
    settings.controller.topic_defaults.*member = value < 0 ? -1 : value * unit_ms;
    return OkStatus();
  };
  row.format = [=](const S& settings) {
    const std::int64_t value = settings.controller.topic_defaults.*member;
    return std::to_string(value < 0 ? value : value / unit_ms);
  };
  return row;
}

// Addresses, separated by commas; `access` finds them in the settings.
template <typename Access>
Row Listeners(std::string key, Access access, bool may_be_none, std::string description) {
  Row row{std::move(key),
          std::string(kListType) + " of HOST:PORT",
          kStatic,
          "",
          std::move(description),
          {},
          {}};
  row.parse = [=](S& settings, std::string_view text) -> Status {
    std::vector<std::string>& listeners = access(settings);
    listeners.clear();
    while (!text.empty()) {
      const std::size_t comma = text.find(',');
      QALAM_ASSIGN_OR_RETURN(const ListenAddress address,
                             ListenAddress::Parse(text.substr(0, comma)));
      listeners.push_back(address.ToString());
      text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    if (listeners.empty() && !may_be_none) return Bad("at least one address is needed");
    return OkStatus();
  };
  row.format = [=](const S& settings) { return Join(access(settings)); };
  return row;
}

// In the order in which settings are applied.
std::vector<Row> MakeRows() {
  constexpr std::int64_t kMinuteMs = 60'000;
  constexpr std::int64_t kHourMs = 60 * kMinuteMs;
  std::vector<Row> rows;
  const auto add = [&](Row row) { rows.push_back(std::move(row)); };

  add(Integer(
      "node.id", [](auto& s) -> auto& { return s.node_id; }, 0, kInt32Most,
      "This node's number. A data directory belongs to the node that made it."));
  add(Listeners(
      "listeners", [](auto& s) -> auto& { return s.listeners; }, false,
      "Where gRPC clients connect, separated by commas; port 0 picks a free one. Loopback only "
      "unless qalam.allow.insecure."));
  add(Listeners(
      "qalam.http.listeners", [](auto& s) -> auto& { return s.http_listeners; }, true,
      "Where metrics, health and the HTTP API are, separated by commas; empty: nowhere. If "
      "nothing is set and the port is taken, the broker goes on without."));
  add(Words(
      "qalam.http.hosts", [](auto& s) -> auto& { return s.http.allowed_hosts; },
      "Names by which HTTP clients may call this broker, beside localhost and addresses."));
  add(Word(
      "qalam.http.mode", kStatic, [](auto& s) -> auto& { return s.http_mode; },
      {"operator", "read-only"},
      "operator: the HTTP API and the console may change topics and settings, as gRPC may. "
      "read-only: they only look."));
  add(String(
      "qalam.http.console.dir", [](auto& s) -> auto& { return s.http_console_directory; },
      "A directory that the console is served from in place of the one in the program; for its "
      "development."));
  add(Integer(
      "qalam.http.streams.max", [](auto& s) -> auto& { return s.http.event_streams_max; }, 1,
      100'000, "Open streams of events; an open console is one, a live tail in it another."));
  add(String(
      "advertised.listeners", [](auto& s) -> auto& { return s.advertised_listener; },
      "The address clients are told, when it is not the first of listeners."));
  add(String(
      "qalam.data.dir", [](auto& s) -> auto& { return s.data_directory; },
      "The data directory; --data-dir is short for it."));
  add(Flag(
      "qalam.unix.socket", [](auto& s) -> auto& { return s.unix_socket; },
      "Also listen on DIR/qalam.sock, for this user's processes on this machine."));
  add(Flag(
      "qalam.allow.insecure", [](auto& s) -> auto& { return s.allow_insecure; },
      "Listen on addresses that other machines can reach, although nothing is encrypted or "
      "authenticated."));

  add(Integer(
      "num.partitions", [](auto& s) -> auto& { return s.controller.num_partitions; }, 1, 100'000,
      "Partitions of a topic that is created without saying how many."));
  add(Integer(
      "default.replication.factor", [](auto& s) -> auto& { return s.default_replication_factor; },
      1, 1, "Replicas of a topic that is created without saying how many. One node: 1."));
  add(Flag(
      "auto.create.topics.enable", [](auto& s) -> auto& { return s.broker.auto_create_topics; },
      "Create a topic when somebody first produces to it or reads it. Off, so that a typing error "
      "is an "
      "error."));

  add(Coarse("log.retention.hours", "log.retention.ms", kHourMs, &TopicConfig::retention_ms));
  add(Coarse("log.retention.minutes", "log.retention.ms", kMinuteMs, &TopicConfig::retention_ms));
  add(TopicDefault("log.retention.ms", "retention.ms"));
  add(TopicDefault("log.retention.bytes", "retention.bytes"));
  add(TopicDefault("log.segment.bytes", "segment.bytes"));
  add(Coarse("log.roll.hours", "log.roll.ms", kHourMs, &TopicConfig::segment_ms));
  add(TopicDefault("log.roll.ms", "segment.ms"));
  add(TopicDefault("log.index.interval.bytes", "index.interval.bytes"));
  add(TopicDefault("log.index.size.max.bytes", "segment.index.bytes"));
  add(TopicDefault("message.max.bytes", "max.message.bytes"));
  add(TopicDefault("log.message.timestamp.type", "message.timestamp.type"));
  add(TopicDefault("log.message.timestamp.before.max.ms", "message.timestamp.before.max.ms"));
  add(TopicDefault("log.message.timestamp.after.max.ms", "message.timestamp.after.max.ms"));
  add(TopicDefault("log.segment.delete.delay.ms", "file.delete.delay.ms"));
  add(TopicDefault("min.insync.replicas", "min.insync.replicas"));
  add(TopicDefault("qalam.flush", "qalam.flush"));
  add(TopicDefault("log.flush.interval.ms", "flush.ms"));
  add(Duration(
      "log.retention.check.interval.ms",
      [](auto& s) -> auto& { return s.broker.retention_check_interval; }, 1, kForever.count(),
      "Time between two looks for segments that retention allows to delete."));
  add(Word(
      "qalam.retention.clock", kDynamic, [](auto& s) -> auto& { return s.retention_clock; },
      {"guard", "accept"},
      "guard: when the wall clock jumps ahead, deletion by time pauses. accept: the clock is "
      "right as it is now; set back to guard by the broker once it acted on it."));

  add(Integer(
      "qalam.writer.threads", [](auto& s) -> auto& { return s.broker.writer_threads; }, 0, 256,
      "Threads that own partitions and write. 0: one for every two cores."));
  add(Integer(
      "qalam.sync.threads", [](auto& s) -> auto& { return s.broker.sync_threads; }, 1, 256,
      "Threads that wait for the disk; so many files are synced at once."));
  add(Integer(
      "qalam.reader.threads", [](auto& s) -> auto& { return s.broker.reader_threads; }, 1, 256,
      "Threads that read for waiting and for slow consumers."));
  add(Integer(
      "qalam.writer.queue.max", [](auto& s) -> auto& { return s.broker.mailbox_commands_max; }, 16,
      1 << 20, "Requests that may wait for one writer thread."));
  add(Size(
      "qalam.append.bytes.max",
      [](auto& s) -> auto& { return s.broker.append_bytes_in_flight_max; }, kMebi, kMost,
      "Bytes of batches that may be queued or unsynced, all partitions together."));
  add(Size(
      "qalam.group.bytes.max", [](auto& s) -> auto& { return s.broker.group_bytes_max; }, 64 * 1024,
      256 * kMebi, "Bytes that one sync of a partition covers at most."));
  add(Size(
      "qalam.recent.bytes.max", [](auto& s) -> auto& { return s.broker.recent_bytes_max; }, 0,
      kMost,
      "Recent batches kept in memory for readers at the tail, all partitions "
      "together."));
  add(Size(
      "qalam.batch.decompressed.max.bytes",
      [](auto& s) -> auto& { return s.broker.decompressed_bytes_max; }, 1024, kMost,
      "What a batch may decompress to."));
  add(Size(
      "qalam.fetch.bytes.max", [](auto& s) -> auto& { return s.broker.fetch_bytes_max; }, 1024,
      64 * kMebi, "Bytes of one answer to a reader, whatever it asked for."));
  add(Duration(
      "qalam.fetch.wait.max.ms", [](auto& s) -> auto& { return s.broker.fetch_wait_max; }, 0,
      600'000, "How long a Fetch may wait for records, whatever it asked for."));
  add(Integer(
      "qalam.fetch.parked.max", [](auto& s) -> auto& { return s.broker.parked_fetches_max; }, 1,
      kInt32Most, "Readers that may wait for records at the same time."));
  add(Size(
      "qalam.explain.ring.bytes", [](auto& s) -> auto& { return s.broker.explain_ring_bytes; }, 0,
      256 * kMebi,
      "Memory for what the writers decided about each batch, all writer threads together, and of "
      "its files; what `qalam explain` knows. 0: nothing is remembered."));
  add(Integer(
      "qalam.open.files.max", [](auto& s) -> auto& { return s.broker.open_files_max; }, 0,
      kInt32Most, "Segment files kept open. 0: the process's limit less a reserve."));
  add(Integer(
      "qalam.topics.max", [](auto& s) -> auto& { return s.controller.topics_max; }, 1, kInt32Most,
      "Topics that this node may hold."));
  add(Integer(
      "qalam.partitions.max", [](auto& s) -> auto& { return s.controller.partitions_max; }, 1,
      kInt32Most, "Partitions that this node may hold."));
  add(Size(
      "qalam.rpc.message.bytes.max", [](auto& s) -> auto& { return s.rpc.message_bytes_max; },
      64 * 1024, 256 * kMebi, "The largest gRPC message that is accepted or sent."));
  add(Integer(
      "qalam.rpc.connections.max", [](auto& s) -> auto& { return s.rpc.connections_max; }, 1,
      1 << 20, "Connections of gRPC clients; one more is closed at once."));
  add(Integer(
      "qalam.rpc.open.streams.max", [](auto& s) -> auto& { return s.rpc.open_streams_max; }, 1,
      1 << 24, "Produce and Tail streams, all connections together."));
  add(Integer(
      "qalam.rpc.streams.max", [](auto& s) -> auto& { return s.rpc.streams_max; }, 1, 1 << 20,
      "Calls and streams of one connection at the same time."));
  add(Size(
      "qalam.rpc.metadata.bytes.max", [](auto& s) -> auto& { return s.rpc.metadata_bytes_max; },
      1024, kMebi, "Bytes of a call's gRPC metadata (headers)."));
  add(Size(
      "qalam.rpc.memory.bytes.max", [](auto& s) -> auto& { return s.rpc.memory_bytes_max; },
      16 * kMebi, kMost, "Memory of gRPC's own buffers, all connections together."));
  add(Integer(
      "qalam.rpc.threads", [](auto& s) -> auto& { return s.rpc.threads_count; }, 0, 256,
      "Threads that serve gRPC calls. 0: one for every two cores."));
  add(Duration(
      "qalam.rpc.keepalive.ms", [](auto& s) -> auto& { return s.rpc.keepalive; }, 1000, 3'600'000,
      "A connection that is silent for so long is asked whether it still lives."));
  add(Duration(
      "qalam.rpc.handshake.timeout.ms", [](auto& s) -> auto& { return s.rpc.handshake; }, 100,
      600'000, "How long a new connection may take to speak HTTP/2."));
  add(Duration(
      "qalam.rpc.connection.idle.ms", [](auto& s) -> auto& { return s.rpc.connection_idle; }, 1000,
      kInt32Most, "A connection without a call for so long is closed."));
  add(Integer(
      "qalam.rpc.stream.batches.max", [](auto& s) -> auto& { return s.rpc.stream_batches_max; }, 1,
      65'536,
      "Batches of one Produce stream that may wait for their answer; then it is not read."));
  add(Size(
      "qalam.rpc.stream.bytes.max", [](auto& s) -> auto& { return s.rpc.stream_bytes_max; }, kMebi,
      kMost, "Bytes of those batches."));
  add(Duration(
      "qalam.rpc.deadline.max.ms", [](auto& s) -> auto& { return s.rpc.unary_deadline_max; }, 1000,
      3'600'000, "How long a call that is not a stream may take, whatever the client asked for."));
  add(Flag(
      "qalam.rpc.reflection", [](auto& s) -> auto& { return s.rpc.reflection; },
      "Serve the descriptions of the services, for grpcurl and its like."));
  add(Duration(
      "qalam.shutdown.timeout.ms", [](auto& s) -> auto& { return s.shutdown_timeout; }, 0, 600'000,
      "How long a clean stop may take before the process ends without it."));
  add(Word(
      "qalam.log.level", kDynamic, [](auto& s) -> auto& { return s.log_level; },
      {"debug", "info", "warn", "error"}, "What the broker's own log (stderr) shows."));
  add(Word(
      "qalam.log.format", kStatic, [](auto& s) -> auto& { return s.log_format; }, {"text", "json"},
      "How a line of the broker's own log looks."));
  return rows;
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = MakeRows();
  return rows;
}

const Row* FindRow(std::string_view key) {
  for (const Row& row : Rows()) {
    if (row.key == key) return &row;
  }
  return nullptr;
}

Error At(const std::string& key, const std::string& source, const Error& error) {
  return Bad((source.empty() ? "" : source + ": ") + key + ": " + error.message()).With("key", key);
}

Status CheckReachable(const S& s, const char* key, const std::vector<std::string>& listeners) {
  for (const std::string& text : listeners) {
    QALAM_ASSIGN_OR_RETURN(const ListenAddress address, ListenAddress::Parse(text));
    if (address.IsLoopback() || s.allow_insecure) continue;
    return Bad(std::string(key) + ": " + text +
               " can be reached from other machines, and there is no TLS or authentication; "
               "listen on 127.0.0.1, or accept the risk with --allow-insecure")
        .With("key", key);
  }
  return OkStatus();
}

// What no single row can see.
Status CheckTogether(S& s) {
  QALAM_RETURN_IF_ERROR(CheckReachable(s, "listeners", s.listeners));
  QALAM_RETURN_IF_ERROR(CheckReachable(s, "qalam.http.listeners", s.http_listeners));
  const TopicConfig& defaults = s.controller.topic_defaults;
  if (defaults.min_insync_replicas > s.default_replication_factor) {
    return Bad("min.insync.replicas=" + std::to_string(defaults.min_insync_replicas) +
               " is more than default.replication.factor=" +
               std::to_string(s.default_replication_factor) +
               ": no topic could be written with acks=all")
        .With("key", "min.insync.replicas");
  }
  if (defaults.max_message_bytes > s.broker.group_bytes_max) {
    return Bad("message.max.bytes=" + std::to_string(defaults.max_message_bytes) +
               " is more than qalam.group.bytes.max=" + std::to_string(s.broker.group_bytes_max))
        .With("key", "message.max.bytes");
  }
  constexpr std::size_t kMessageRestBytes = 4096;  // What lies around a batch in its message.
  if (defaults.max_message_bytes + kMessageRestBytes > s.rpc.message_bytes_max) {
    return Bad("message.max.bytes=" + std::to_string(defaults.max_message_bytes) +
               " does not fit into qalam.rpc.message.bytes.max=" +
               std::to_string(s.rpc.message_bytes_max))
        .With("key", "message.max.bytes");
  }
  s.controller.message_bytes_max = static_cast<std::uint32_t>(
      std::min<std::size_t>(s.broker.group_bytes_max, s.rpc.message_bytes_max - kMessageRestBytes));
  return OkStatus();
}

}  // namespace

std::span<const BrokerConfigKey> BrokerConfigKeys() {
  struct Defaults {
    std::vector<std::string> texts;
    std::vector<BrokerConfigKey> keys;
  };
  static const Defaults made = [] {
    Defaults result;
    for (const Row& row : Rows()) result.texts.push_back(row.format(S{}));
    for (std::size_t i = 0; i < Rows().size(); ++i) {
      const Row& row = Rows()[i];
      result.keys.push_back(
          {row.key, result.texts[i], row.type, row.dynamic, row.topic_key, row.description});
    }
    return result;
  }();
  return made.keys;
}

const BrokerConfigKey* FindBrokerConfigKey(std::string_view key) {
  for (const BrokerConfigKey& row : BrokerConfigKeys()) {
    if (row.key == key) return &row;
  }
  return nullptr;
}

Error UnknownBrokerConfigKey(std::string_view key, std::string_view where) {
  std::string message = where.empty() ? "" : std::string(where) + ": ";
  message += "unknown setting \"" + std::string(key.substr(0, 64)) + "\"";
  std::vector<std::string_view> names;
  for (const Row& row : Rows()) {
    names.push_back(row.key);
    if (row.topic_key == key) {
      message += ": it is a topic's setting; its default for all topics is " + row.key;
      return Bad(std::move(message)).With("key", std::string(key)).With("nearest", row.key);
    }
  }
  const std::string_view nearest = NearestName(key, names);
  if (nearest.empty()) {
    message += "; `qalamd --print-config` lists them all";
    return Bad(std::move(message)).With("key", std::string(key));
  }
  message += "; did you mean \"" + std::string(nearest) + "\"?";
  return Bad(std::move(message))
      .With("key", std::string(key))
      .With("nearest", std::string(nearest));
}

Result<BrokerConfig> BrokerConfig::Build(std::vector<RawSetting> settings,
                                         std::map<std::string, std::string> dynamic) {
  BrokerConfig config;
  std::map<std::string, RawSetting, std::less<>> last;
  for (const RawSetting& raw : settings) {
    const Row* row = FindRow(raw.key);
    if (row == nullptr) return UnknownBrokerConfigKey(raw.key, raw.source);
    if (raw.is_list && !row->type.starts_with(kListType)) {
      return At(raw.key, raw.source, Bad("takes one value, not a list"));
    }
    // Also of those that a later one overrides: a mistake should not wait for its hour.
    S scratch;
    if (const Status parsed = row->parse(scratch, raw.value); !parsed.ok()) {
      return At(raw.key, raw.source, parsed.error());
    }
    last[raw.key] = raw;
  }
  for (const auto& [key, value] : dynamic) {
    const Row* row = FindRow(key);
    if (row == nullptr) return UnknownBrokerConfigKey(key, "dynamic");
    last[key] = RawSetting{key, value, "dynamic"};
  }
  for (const Row& row : Rows()) {
    const auto set = last.find(row.key);
    if (set == last.end()) continue;
    if (const Status parsed = row.parse(config.settings_, set->second.value); !parsed.ok()) {
      return At(row.key, set->second.source, parsed.error());
    }
    config.sources_[row.key] = set->second.source;
  }
  config.settings_.http_wanted = config.sources_.contains("qalam.http.listeners");
  QALAM_RETURN_IF_ERROR(CheckTogether(config.settings_));
  config.raw_ = std::move(settings);
  config.dynamic_ = std::move(dynamic);
  return config;
}

std::string BrokerConfig::Value(std::string_view key) const {
  const Row* row = FindRow(key);
  QALAM_CHECK(row != nullptr);
  return row->format(settings_);
}

std::string BrokerConfig::Source(std::string_view key) const {
  const auto found = sources_.find(key);
  return found == sources_.end() ? "default" : found->second;
}

ConfigEntry BrokerConfig::Entry(const BrokerConfigKey& key) const {
  const std::string source = Source(key.key);
  const auto kind = source == "default"   ? ConfigEntry::Source::kDefault
                    : source == "dynamic" ? ConfigEntry::Source::kDynamic
                                          : ConfigEntry::Source::kBroker;
  return {std::string(key.key), Value(key.key), kind, key.dynamic, std::string(key.description)};
}

}  // namespace qalam
