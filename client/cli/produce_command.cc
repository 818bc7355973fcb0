#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "client/cli/interrupt.h"
#include "client/cli/produce_options.h"
#include "client/cli/progress.h"
#include "client/cli/publication.h"
#include "client/cli/text.h"
#include "client/cli/verbs.h"
#include "client/cli/verdicts.h"

namespace qalam::cli {
namespace {

struct ProduceOptions {
  PublicationOptions publication;
  std::vector<std::string> files;
  std::string rate;
  std::string progress = "auto";
  ProducerFlags producer;
};

constexpr std::size_t kBufferBytes = std::size_t{64} << 20;
constexpr std::chrono::seconds kVerdictMargin(2);

// Escapes and numbers of the command line become what they mean; what can't be true together is
// refused.
abi0::Status Resolve(const Session& session, PublicationOptions& options, const std::string& rate) {
  if (options.expect_offset && !options.partition)
    return BadUsage("--expect-offset needs -p PARTITION");
  if (options.expect_offset && options.keep_going)
    return BadUsage("--expect-offset and --keep-going contradict each other");
  if (options.tee && session.json())
    return BadUsage("--tee and -o json would both write to stdout");
  if (static_cast<int>(options.json) + static_cast<int>(options.whole_file) +
          static_cast<int>(!options.format.empty()) >
      1)
    return BadUsage("choose one of --json, --format and --whole-file");
  if (options.key && options.key_delimiter)
    return BadUsage("-k gives every record one key, -K splits it off each: choose one");
  auto delimiter = Unescape(options.delimiter);
  if (!delimiter.ok()) return delimiter.error();
  options.delimiter = *delimiter;
  if (options.key_delimiter) {
    auto key_delimiter = Unescape(*options.key_delimiter);
    if (!key_delimiter.ok()) return key_delimiter.error();
    options.key_delimiter = *key_delimiter;
  }
  if (options.delimiter.empty() || (options.key_delimiter && options.key_delimiter->empty()))
    return BadUsage("a delimiter can't be empty");
  if (rate.empty()) return {};
  const auto parsed = ParseRate(rate);
  if (!parsed.ok()) return parsed.error();
  options.rate = *parsed;
  return {};
}

// Nothing is sent unless every file can be opened.
abi0::Result<std::vector<RecordSource>> OpenAll(const std::vector<std::string>& files) {
  std::vector<RecordSource> sources;
  for (const std::string& file : files) {
    auto source = RecordSource::Open(file);
    if (!source.ok()) return source.error();
    sources.push_back(std::move(*source));
  }
  if (!sources.empty()) return sources;
  auto standard_input = RecordSource::Open("-");
  if (!standard_input.ok()) return standard_input.error();
  sources.push_back(std::move(*standard_input));
  return sources;
}

void PrintSummary(const Publication& publication, const Verdicts& verdicts, double seconds) {
  const auto acked = static_cast<double>(verdicts.acked_count());
  std::fprintf(
      stderr, "%s\n",
      fmt::format("{}, {} in {:.2f} s: {} records/s, {:.1f} MB/s{}",
                  Counted(verdicts.acked_count(), "record"),
                  HumanBytes(static_cast<std::int64_t>(publication.sent_bytes())), seconds,
                  HumanNumber(static_cast<std::int64_t>(acked / seconds)),
                  static_cast<double>(publication.sent_bytes()) / seconds / 1e6, verdicts.Summary())
          .c_str());
}

// What ended it, if not the end of the input.
std::optional<abi0::Error> FirstError(const abi0::Status& status, const Verdicts& verdicts,
                                      const abi0::CloseReport& closed) {
  if (auto error = verdicts.first_error()) return error;
  if (!status.ok()) return status.error();
  if (!closed.clean())
    return abi0::Error(
        "TIMED_OUT", fmt::format("{} not acknowledged in time",
                                 Counted(closed.unsent_count + closed.ambiguous_count, "record")));
  if (verdicts.output_failed()) return OutputError();
  return std::nullopt;
}

// What became of the records that were read.
struct Outcome {
  std::uint64_t acknowledged = 0;
  std::uint64_t failed = 0;
  std::uint64_t not_sent = 0;

  std::string Text() const {
    return fmt::format("{} acknowledged, {} failed, {} not sent", Counted(acknowledged, "record"),
                       HumanNumber(failed), HumanNumber(not_sent));
  }
};

Outcome OutcomeOf(const abi0::Status& status, const Publication& publication,
                  const Verdicts& verdicts) {
  Outcome outcome;
  outcome.acknowledged = verdicts.acked_count();
  outcome.not_sent = verdicts.unsent_count();
  outcome.failed = verdicts.failed_count() - outcome.not_sent;
  // What was handed over and has no verdict, and the record at which reading stopped.
  const std::uint64_t decided = outcome.acknowledged + verdicts.failed_count();
  if (publication.sent_count() > decided) outcome.failed += publication.sent_count() - decided;
  if (!status.ok() && !publication.counted())
    ++(publication.refused() ? outcome.failed : outcome.not_sent);
  return outcome;
}

int Conclude(const Session& session, const ProduceOptions& options, const Outcome& outcome,
             const std::optional<abi0::Error>& error) {
  Ending ending;
  ending.counts = {{"acknowledged", outcome.acknowledged},
                   {"failed", outcome.failed},
                   {"not_sent", outcome.not_sent}};
  ending.note = outcome.Text();
  if (Interrupted()) {
    ending.exit = static_cast<int>(Exit::kInterrupted);
    if (session.json())
      return Report(abi0::Error("CANCELLED", "interrupted", false,
                                error ? std::string(error->what())
                                      : "Every whole record that was read has its verdict.",
                                {}, ""),
                    session.format, ending);
    std::fprintf(stderr, "interrupted: %s\n  (exit %d)\n", ending.note.c_str(), ending.exit);
    return ending.exit;
  }
  if (!error) return 0;
  ending.exit = static_cast<int>(ExitOf(error->code()));
  if (outcome.acknowledged == 0) {
    if (!session.json()) ending.note.clear();  // The error says enough.
  } else if (!options.publication.expect_offset && outcome.failed + outcome.not_sent > 0) {
    // A conditional append says why it ended; all others, that some arrived.
    ending.exit = static_cast<int>(Exit::kPartly);
  }
  return Report(*error, session.format, ending);
}

int Produce(const Session& session, ProduceOptions& options) {
  if (const auto status = Resolve(session, options.publication, options.rate); !status.ok())
    return session.Fail(status.error());
  auto sources = OpenAll(options.files);
  if (!sources.ok()) return session.Fail(sources.error());
  abi0::ProducerOptions producer_options = session.producer;
  if (const auto status = options.producer.Apply(producer_options); !status.ok())
    return session.Fail(status.error());
  producer_options.buffer_bytes = std::max(producer_options.buffer_bytes, kBufferBytes);
  producer_options.on_full = abi0::FullPolicy::kBlock;
  Verdicts verdicts(session.json());
  producer_options.on_batch = [&](const abi0::BatchReport& report) { verdicts.Take(report); };
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  // Nothing of the input is taken for a broker that is not there.
  const auto health =
      session.Ask("grpc.health.v1.Health/Check", [&] { return client->admin().Health(); });
  if (!health.ok() && health.error().Is("UNREACHABLE")) return session.Fail(health.error());
  abi0::Producer producer = client->NewProducer(producer_options);
  const auto made = Publication::Make(options.publication, producer, verdicts);
  if (!made.ok()) return session.Fail(made.error());
  Publication& publication = **made;

  const GracefulStop stop;  // Ctrl-C: what was sent gets its verdict.
  const auto begun = std::chrono::steady_clock::now();
  abi0::Status status;
  abi0::CloseReport closed;
  {
    const bool show =
        options.progress == "on" ||
        (options.progress == "auto" && IsTerminal(STDERR_FILENO) && !IsTerminal(STDIN_FILENO));
    const Progress progress(show, [&] {
      return fmt::format("{} sent, {} acknowledged", HumanNumber(publication.sent_count()),
                         HumanNumber(verdicts.acked_count()));
    });
    for (RecordSource& source : *sources) {
      status = publication.Publish(source);
      if (!status.ok() || Interrupted()) break;
    }
    // Every record has its verdict by then, with its cause.
    closed = producer.Close(producer_options.delivery_timeout + kVerdictMargin);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const auto error = FirstError(status, verdicts, closed);
  // Nothing arrived: the error says enough.
  const bool idle = error && verdicts.acked_count() == 0;
  if (session.verbose > 0 || (!session.json() && !idle))
    PrintSummary(publication, verdicts, took.count());
  return Conclude(session, options, OutcomeOf(status, publication, verdicts), error);
}

}  // namespace

void AddProduce(CLI::App& root, Session& session, Action& chosen) {
  auto options = std::make_shared<ProduceOptions>();
  PublicationOptions& publication = options->publication;
  auto* verb = AddVerb(
      root, "produce", "publish records: lines, files, JSON",
      {"echo hi | qalam produce demo",
       "qalam produce orders -K '\\t' events.tsv          # key TAB value",
       "qalam produce orders --json -o json < records.ndjson   # a line per acknowledgement",
       "qalam produce orders -p 0 --expect-offset 17 <<< 'only if nobody came first'"},
      chosen, [&session, options] { return Produce(session, *options); });
  verb->alias("pub");
  verb->add_option("topic", publication.topic, "topic to publish to")->required();
  verb->add_option("files", options->files, "files to read, - for stdin (default: stdin)");
  verb->add_option("-k,--key", publication.key, "key of every record");
  verb->add_option("-K,--key-delimiter", publication.key_delimiter,
                   "splits each record into key and value");
  verb->add_option("-H,--header", publication.headers, "header of every record, KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("-p,--partition", publication.partition,
                   "partition (default: by key as Kafka's clients do, else in turn)")
      ->check(AtLeast(0));
  verb->add_option("-d,--delimiter", publication.delimiter, "ends a record (default: line feed)");
  verb->add_option("--format", publication.format, "how records are written, such as '%k\\t%v\\n'");
  verb->add_flag("--json", publication.json, "a JSON record a line, as consume -o json writes");
  verb->add_flag("--whole-file", publication.whole_file, "each file is one record");
  verb->add_flag("--null-empty", publication.null_empty, "an empty key or value is null");
  verb->add_flag("--allow-partial", publication.allow_partial,
                 "a pipe's last record may lack its delimiter (a file's always may)");
  verb->add_flag("--tee", publication.tee, "copy values to stdout");
  verb->add_flag("--keep-going", publication.keep_going, "go on after a record was refused");
  verb->add_option("--rate", options->rate, "at most so many records a second, such as 5k/s");
  verb->add_option("--progress", options->progress, "auto, on or off")
      ->check(CLI::IsMember({"auto", "on", "off"}));
  verb->add_option("--expect-offset", publication.expect_offset,
                   "append only if the partition ends here, one record after the other")
      ->check(AtLeast(0));
  options->producer.AddTo(*verb);
}

}  // namespace qalam::cli
