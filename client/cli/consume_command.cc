#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "client/cli/format_string.h"
#include "client/cli/interrupt.h"
#include "client/cli/record_filter.h"
#include "client/cli/record_json.h"
#include "client/cli/run_command.h"
#include "client/cli/time_point.h"
#include "client/cli/verbs.h"

namespace qalam::cli {
namespace {

struct ConsumeOptions {
  std::string topic;  // NAME or NAME:P,P,...
  std::string from;
  std::string until;
  std::int64_t count = -1;  // -1: no limit.
  bool to_end = false;
  bool follow = false;
  std::string format;
  std::string grep;
  std::string key;
  std::vector<std::string> headers;
  std::string exec;
  std::optional<std::string> out_of_range;
};

constexpr std::size_t kFlushBytes = std::size_t{256} << 10;
constexpr std::chrono::milliseconds kLookAtOutput(200);

// What becomes of a record: a line, a formatted piece, or a command's input.
class RecordSink {
 public:
  static abi0::Result<RecordSink> Make(const Session& session, const ConsumeOptions& options) {
    RecordSink sink;
    auto format = FormatString::Parse(options.format.empty() ? "%v\\n" : options.format);
    if (!format.ok()) return format.error();
    sink.format_ = std::move(*format);
    sink.json_ = session.json();
    sink.exec_ = options.exec;
    return sink;
  }

  abi0::Status Write(const abi0::RecordView& record, const FormatString::Around& around) {
    if (json_) {
      AppendJsonRecord(record, buffer_);
    } else if (exec_.empty()) {
      format_.Append(record, around, buffer_);
    } else {
      const int code = RunCommand(exec_, record.value().value_or(std::string_view()));
      if (code != 0)
        return abi0::Error("UNKNOWN",
                           fmt::format("the command ended with {} at {}:{}@{}", code,
                                       record.topic(), record.partition(), record.offset()),
                           false, "Correct the command; go on with --from this offset.", {}, "");
    }
    return buffer_.size() < kFlushBytes ? abi0::Status() : Flush();
  }
  bool empty() const { return buffer_.empty(); }
  bool wants_log_start() const { return !json_ && format_.Has(FormatString::Field::kLogStart); }
  abi0::Status Flush() {
    const bool written = WriteOutput(buffer_);
    buffer_.clear();
    return written ? abi0::Status() : abi0::Status(OutputError());
  }

 private:
  FormatString format_;
  bool json_ = false;
  std::string exec_;
  std::string buffer_;
};

abi0::Result<std::vector<abi0::TopicPartition>> Partitions(const abi0::Client& client,
                                                           const std::string& spec) {
  const auto parsed = ParsePartitions(spec);
  if (!parsed.ok() || !parsed->empty()) return parsed;
  return client.PartitionsOf(spec);
}

abi0::Result<abi0::ReaderOptions> ReaderOptionsOf(const Session& session,
                                                  const ConsumeOptions& options) {
  if (options.follow && (options.to_end || !options.until.empty()))
    return BadUsage("-f follows for ever; -e and --until end: choose one");
  abi0::ReaderOptions reader = session.reader;
  reader.stop_at_end = options.to_end;
  if (!options.until.empty()) {
    const auto until = ParseUntil(options.until, NowMs());
    if (!until.ok()) return until.error();
    reader.until = *until;
  }
  if (options.out_of_range == "fail") reader.out_of_range = abi0::OutOfRangePolicy::kFail;
  if (options.out_of_range == "earliest") reader.out_of_range = abi0::OutOfRangePolicy::kEarliest;
  if (options.out_of_range == "latest") reader.out_of_range = abi0::OutOfRangePolicy::kLatest;
  return reader;
}

std::int64_t LogStart(const abi0::Reader& reader, std::int32_t partition) {
  for (const abi0::ReaderPosition& position : reader.positions()) {
    if (position.partition == partition) return position.log_start_offset;
  }
  return -1;
}

// Reads until done, interrupted, or `count` records were written.
abi0::Status Copy(abi0::Reader& reader, const RecordFilter& filter, std::int64_t count,
                  RecordSink& sink, FormatString::Around& around) {
  while (!Interrupted() && !reader.done() && around.count != count) {
    // Output waits only while more is at hand.
    const auto batch = reader.Next(sink.empty() ? kLookAtOutput : std::chrono::milliseconds(0));
    if (!batch.ok()) {
      const auto flushed = sink.Flush();
      return flushed.ok() ? abi0::Status(batch.error()) : flushed;
    }
    if (batch->empty()) {
      if (const auto status = sink.Flush(); !status.ok()) return status;
      // No write would tell while no record comes.
      if (OutputGone()) EndByBrokenPipe();
      continue;
    }
    around.high_watermark = batch->high_watermark();
    if (sink.wants_log_start()) around.log_start = LogStart(reader, batch->partition());
    for (const abi0::RecordView& record : *batch) {
      if (around.count == count || Interrupted()) break;
      if (!filter.Wants(record)) continue;
      if (const auto status = sink.Write(record, around); !status.ok()) {
        (void)sink.Flush();
        return status;
      }
      ++around.count;
    }
  }
  return sink.Flush();
}

int Consume(const Session& session, const ConsumeOptions& options) {
  const auto from = ParseFrom(options.from.empty() ? "start" : options.from, NowMs());
  if (!from.ok()) return session.Fail(from.error());
  const auto reader_options = ReaderOptionsOf(session, options);
  if (!reader_options.ok()) return session.Fail(reader_options.error());
  auto sink = RecordSink::Make(session, options);
  if (!sink.ok()) return session.Fail(sink.error());
  const auto filter = RecordFilter::Make(options.grep, options.key, options.headers);
  if (!filter.ok()) return session.Fail(filter.error());
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto partitions = Partitions(*client, options.topic);
  if (!partitions.ok()) return session.Fail(partitions.error());
  auto reader = client->NewReader(*partitions, *from, *reader_options);
  if (!reader.ok()) return session.Fail(reader.error());

  const GracefulStop stop([&] { reader->Wakeup(); }, OutputBlocked);
  FormatString::Around around;
  const auto status = Copy(*reader, *filter, options.count, *sink, around);
  if (session.verbose > 0)
    std::fprintf(stderr, "%s\n",
                 Counted(static_cast<std::uint64_t>(around.count), "record").c_str());
  if (!status.ok()) return session.Fail(status.error());
  return Interrupted() ? static_cast<int>(Exit::kInterrupted) : 0;
}

void AddOptions(CLI::App& verb, ConsumeOptions& options) {
  verb.add_option("topic", options.topic, "NAME, or NAME:P,P for some partitions")->required();
  verb.add_option("--from", options.from,
                  "start, end, an offset, -N for the last N, or @TIME (@-15m, "
                  "@2026-01-02T03:04:05Z)");
  verb.add_option("--until", options.until, "end, an offset, or @TIME; exclusive");
  verb.add_option("-n,--count", options.count, "end after so many records")->check(AtLeast(0));
  verb.add_flag("-e,--exit", options.to_end, "end at the end seen at the start");
  verb.add_flag("-f,--follow", options.follow, "go on as the log grows (as without -e)");
  verb.add_option(
      "--format", options.format,
      "how a record is written (default '%v\\n'): %t topic %p partition %o offset %k "
      "key %v value %K %V their bytes %h headers %H how many %d time %e epoch %[ %] log "
      "start and end %i count; %k{hex|base64|json}, %d{ms|rfc3339|strftime[...]}");
  verb.add_option("--grep", options.grep, "only values that match this expression of grep -E");
  verb.add_option("--key", options.key, "only keys that match");
  verb.add_option("--header", options.headers, "only records with this header, KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--exec", options.exec,
                  "run this for each record, its value on stdin; a failure ends it");
  verb.add_option("--out-of-range", options.out_of_range,
                  "when the offset is not there: fail (default), earliest or latest")
      ->check(CLI::IsMember({"fail", "earliest", "latest"}));
}

}  // namespace

void AddConsume(CLI::App& root, Session& session, Action& chosen) {
  auto options = std::make_shared<ConsumeOptions>();
  AddOptions(*AddVerb(root, "consume", "read records from any place",
                      {"qalam consume orders --from start -e            # everything, then stop",
                       "qalam consume orders:2 --from 100 -n 10 -o json",
                       "qalam consume orders --from @-15m --grep paid --format '%o\\t%k\\t%v\\n'"},
                      chosen, [&session, options] { return Consume(session, *options); }),
             *options);
  auto tail = std::make_shared<ConsumeOptions>();
  AddOptions(*AddVerb(root, "tail", "the last ten records of each partition, then follow",
                      {"qalam tail orders", "qalam tail orders --from -100 -o json",
                       "qalam tail orders:0 --key '^42$'"},
                      chosen,
                      [&session, tail] {
                        if (tail->from.empty()) tail->from = "-10";
                        return Consume(session, *tail);
                      }),
             *tail);
}

}  // namespace qalam::cli
