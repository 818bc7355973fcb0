#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>

#include "client/cli/text.h"
#include "client/cli/time_point.h"
#include "client/cli/topic_output.h"
#include "client/cli/verbs.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

abi0::Result<std::map<std::string, std::string>> ParseSettings(
    const std::vector<std::string>& settings) {
  std::map<std::string, std::string> parsed;
  for (const std::string& setting : settings) {
    const auto parts = SplitSetting(setting);
    if (!parts) {
      return BadUsage("-c " + setting + ": settings are written KEY=VALUE",
                      "qalam topic describe NAME -o wide lists the keys.");
    }
    parsed[parts->first] = parts->second;
  }
  return parsed;
}

// How a verb that destroys something may be called.
struct Care {
  bool yes = false;
  bool dry_run = false;

  void AddTo(CLI::App& verb) {
    verb.add_flag("--yes", yes, "do not ask");
    verb.add_flag("--dry-run", dry_run, "only say what would happen");
  }
  // Asks on a terminal; without one, --yes must have been said.
  abi0::Status Confirm(const std::string& verb, const std::string& question) const {
    if (yes || dry_run) return {};
    if (!IsTerminal(STDIN_FILENO)) {
      return BadUsage(verb + " deletes records for good and stdin is not a terminal",
                      "Add --yes if you mean it, or --dry-run to see what would happen.");
    }
    std::fprintf(stderr, "%s [y/N] ", question.c_str());
    std::string answer;
    if (std::getline(std::cin, answer) && (answer == "y" || answer == "yes")) return {};
    return abi0::Error("CANCELLED", verb + ": not confirmed, nothing was changed");
  }
};

struct CreateOptions {
  std::string name;
  std::int32_t partitions = 0;
  std::vector<std::string> settings;
  bool dry_run = false;
};

int Create(const Session& session, const CreateOptions& options) {
  const auto settings = ParseSettings(options.settings);
  if (!settings.ok()) return session.Fail(settings.error());
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  abi0::TopicSpec spec;
  spec.name = options.name;
  spec.partitions_count = options.partitions;
  spec.config = *settings;
  const auto topic = session.Ask("TopicService/CreateTopic", [&] {
    return client->admin().CreateTopic(spec, options.dry_run);
  });
  if (!topic.ok()) return session.Fail(topic.error());
  if (session.json())
    PrintJson(TopicJson(*topic));
  else if (session.names())
    std::printf("%s\n", topic->name.c_str());
  else
    std::fprintf(stderr, "%s %s with %s\n", options.dry_run ? "would create" : "created",
                 topic->name.c_str(),
                 Counted(static_cast<std::uint64_t>(topic->partitions_count), "partition").c_str());
  return 0;
}

int List(const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto topics =
      session.Ask("TopicService/ListTopics", [&] { return client->admin().ListTopics(); });
  if (!topics.ok()) return session.Fail(topics.error());
  std::vector<ordered_json> items;
  std::vector<std::vector<std::string>> rows = {{"TOPIC", "PARTITIONS", "RF", "ID"}};
  for (const auto& topic : *topics) {
    items.push_back(TopicJson(topic));
    rows.push_back({topic.name, std::to_string(topic.partitions_count),
                    std::to_string(topic.replication_factor), topic.topic_id});
    if (session.names()) std::printf("%s\n", topic.name.c_str());
  }
  if (session.json())
    PrintJsonList(items, session.format);
  else if (!session.names())
    PrintTable(rows);
  return 0;
}

int Describe(const Session& session, const std::string& name) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto description = session.Ask("TopicService/DescribeTopic",
                                       [&] { return client->admin().DescribeTopic(name); });
  if (!description.ok()) return session.Fail(description.error());
  if (session.json())
    PrintJson(DescriptionJson(*description));
  else if (session.names())
    std::printf("%s\n", description->topic.name.c_str());
  else
    PrintDescription(*description, session.format == Format::kWide);
  return 0;
}

struct AlterOptions {
  std::string name;
  std::vector<std::string> settings;
  std::vector<std::string> unset;
  bool dry_run = false;
};

int Alter(const Session& session, const AlterOptions& options) {
  const auto settings = ParseSettings(options.settings);
  if (!settings.ok()) return session.Fail(settings.error());
  if (settings->empty() && options.unset.empty())
    return session.Usage("nothing to alter: give -c KEY=VALUE or --unset KEY");
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto entries = session.Ask("TopicService/AlterTopicConfig", [&] {
    return client->admin().AlterTopicConfig(options.name, {*settings, options.unset},
                                            options.dry_run);
  });
  if (!entries.ok()) return session.Fail(entries.error());
  ordered_json changed = ordered_json::object();
  for (const auto& entry : *entries) {
    const bool named =
        settings->count(entry.key) > 0 ||
        std::find(options.unset.begin(), options.unset.end(), entry.key) != options.unset.end();
    if (!named) continue;
    changed[entry.key] = entry.value;
    if (!session.json() && !session.names())
      std::fprintf(stderr, "%s%s = %s (%s)\n", options.dry_run ? "would set " : "",
                   entry.key.c_str(), entry.value.c_str(), entry.source.c_str());
  }
  if (session.json()) PrintJson({{"name", options.name}, {"config", changed}});
  if (session.names()) std::printf("%s\n", options.name.c_str());
  return 0;
}

struct DeleteOptions {
  std::string name;
  Care care;
};

int Delete(const Session& session, const DeleteOptions& options) {
  if (const auto status = options.care.Confirm(
          "topic delete", "Delete topic " + options.name + " and its records?");
      !status.ok())
    return session.Fail(status.error());
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto status = session.Ask("TopicService/DeleteTopic", [&] {
    return client->admin().DeleteTopic(options.name, options.care.dry_run);
  });
  if (!status.ok()) return session.Fail(status.error());
  if (session.json())
    PrintJson({{"name", options.name}, {"deleted", !options.care.dry_run}});
  else if (session.names())
    std::printf("%s\n", options.name.c_str());
  else
    std::fprintf(stderr, "%s %s\n", options.care.dry_run ? "would delete" : "deleted",
                 options.name.c_str());
  return 0;
}

struct TrimOptions {
  std::string name;
  std::int32_t partition = 0;
  std::optional<std::int64_t> before;
  Care care;
};

int Trim(const Session& session, const TrimOptions& options) {
  const std::string place = options.name + ":" + std::to_string(options.partition);
  const std::string what = options.before ? "before offset " + std::to_string(*options.before)
                                          : std::string("up to its end");
  if (const auto status =
          options.care.Confirm("topic trim", "Delete the records of " + place + " " + what + "?");
      !status.ok())
    return session.Fail(status.error());
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto start = session.Ask("TopicService/Trim", [&] {
    return client->admin().Trim({options.name, options.partition}, options.before,
                                options.care.dry_run);
  });
  if (!start.ok()) return session.Fail(start.error());
  if (session.json())
    PrintJson({{"name", options.name},
               {"partition", options.partition},
               {"log_start_offset", *start},
               {"dry_run", options.care.dry_run}});
  else if (session.names())
    std::printf("%s\n", place.c_str());
  else
    std::fprintf(stderr, "%s %s at offset %s\n", place.c_str(),
                 options.care.dry_run ? "would begin" : "begins", HumanNumber(*start).c_str());
  return 0;
}

struct OffsetsOptions {
  std::string name;
  std::string at;  // A time; empty: the ends.
};

// The first offset of a time or later, in every partition.
int OffsetsAt(const Session& session, const abi0::Client& client, const OffsetsOptions& options) {
  const std::string text = options.at[0] == '@' ? options.at.substr(1) : options.at;
  const auto time = ParseTime(text, NowMs());
  if (!time.ok()) return session.Fail(time.error());
  const auto partitions = client.PartitionsOf(options.name);
  if (!partitions.ok()) return session.Fail(partitions.error());
  std::vector<abi0::OffsetQuery> queries;
  for (const auto& partition : *partitions)
    queries.push_back({partition.partition, abi0::From::TimeMs(*time)});
  const auto answers = session.Ask(
      "LogService/ListOffsets", [&] { return client.admin().ListOffsets(options.name, queries); });
  if (!answers.ok()) return session.Fail(answers.error());
  std::vector<ordered_json> items;
  std::vector<std::vector<std::string>> rows = {{"PART", "OFFSET", "TIMESTAMP"}};
  for (const auto& answer : *answers) {
    if (!answer.status.ok()) return session.Fail(answer.status.error());
    items.push_back({{"partition", answer.partition},
                     {"offset", answer.offset},
                     {"timestamp", answer.timestamp_ms}});
    rows.push_back({std::to_string(answer.partition),
                    answer.offset < 0 ? "none" : HumanNumber(answer.offset),
                    Rfc3339(answer.timestamp_ms)});
  }
  if (session.json())
    PrintJsonList(items, session.format);
  else
    PrintTable(rows);
  return 0;
}

int Offsets(const Session& session, const OffsetsOptions& options) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  if (!options.at.empty()) return OffsetsAt(session, *client, options);
  const auto partitions = session.Ask("ClusterService/ListPartitions",
                                      [&] { return client->admin().ListPartitions(options.name); });
  if (!partitions.ok()) return session.Fail(partitions.error());
  std::vector<ordered_json> items;
  std::vector<std::vector<std::string>> rows = {{"PART", "START", "HIGH", "END", "DURABLE"}};
  for (const auto& p : *partitions) {
    items.push_back({{"partition", p.partition},
                     {"log_start_offset", p.log_start_offset},
                     {"high_watermark", p.high_watermark},
                     {"log_end_offset", p.log_end_offset},
                     {"durable_offset", p.durable_offset}});
    rows.push_back({std::to_string(p.partition), HumanNumber(p.log_start_offset),
                    HumanNumber(p.high_watermark), HumanNumber(p.log_end_offset),
                    HumanNumber(p.durable_offset)});
  }
  if (session.json())
    PrintJsonList(items, session.format);
  else
    PrintTable(rows);
  return 0;
}

void AddChanges(CLI::App& topic, Session& session, Action& chosen) {
  const auto alter = std::make_shared<AlterOptions>();
  auto* verb = AddVerb(topic, "alter", "change a topic's settings, at once",
                       {"qalam topic alter orders -c retention.ms=30d",
                        "qalam topic alter orders --unset retention.ms",
                        "qalam topic alter orders -c qalam.flush=os --dry-run"},
                       chosen, [&session, alter] { return Alter(session, *alter); });
  verb->add_option("topic", alter->name, "its name")->required();
  verb->add_option("-c,--config", alter->settings, "setting, KEY=VALUE")->allow_extra_args(false);
  verb->add_option("--unset", alter->unset, "back to the default")->allow_extra_args(false);
  verb->add_flag("--dry-run", alter->dry_run, "only check");

  const auto gone = std::make_shared<DeleteOptions>();
  verb = AddVerb(topic, "delete", "delete a topic and its records",
                 {"qalam topic delete old", "qalam topic delete old --yes",
                  "qalam topic delete old --dry-run"},
                 chosen, [&session, gone] { return Delete(session, *gone); });
  verb->add_option("topic", gone->name, "its name")->required();
  gone->care.AddTo(*verb);

  const auto trim = std::make_shared<TrimOptions>();
  verb = AddVerb(topic, "trim", "delete a partition's oldest records",
                 {"qalam topic trim orders -p 0 --before 1000",
                  "qalam topic trim orders -p 0 --before 1000 --dry-run",
                  "qalam topic trim orders -p 3 --yes   # everything"},
                 chosen, [&session, trim] { return Trim(session, *trim); });
  verb->add_option("topic", trim->name, "its name")->required();
  verb->add_option("-p,--partition", trim->partition, "partition")->required();
  verb->add_option("--before", trim->before, "first offset to keep (default: the high watermark)")
      ->check(AtLeast(0));
  trim->care.AddTo(*verb);
}

}  // namespace

void AddTopic(CLI::App& root, Session& session, Action& chosen) {
  CLI::App& topic = *AddNoun(root, "topic", "create list describe alter delete trim offsets",
                             {"qalam topic create orders -p 4", "qalam topic list -o json",
                              "qalam topic describe orders"});

  const auto create = std::make_shared<CreateOptions>();
  auto* verb = AddVerb(topic, "create", "make a topic",
                       {"qalam topic create orders -p 12",
                        "qalam topic create logs -c retention.ms=7d -c segment.bytes=64MiB",
                        "qalam topic create orders --dry-run"},
                       chosen, [&session, create] { return Create(session, *create); });
  verb->add_option("topic", create->name, "its name")->required();
  verb->add_option("-p,--partitions", create->partitions,
                   "number of partitions (default: the broker's num.partitions)")
      ->check(AtLeast(1));
  verb->add_option("-c,--config", create->settings, "setting, KEY=VALUE")->allow_extra_args(false);
  verb->add_flag("--dry-run", create->dry_run, "only check");

  AddVerb(topic, "list", "all topics",
          {"qalam topic list", "qalam topic list -o json", "qalam topic list -o name"}, chosen,
          [&session] { return List(session); });

  const auto described = std::make_shared<std::string>();
  verb = AddVerb(topic, "describe", "partitions and settings of a topic",
                 {"qalam topic describe orders", "qalam topic describe orders -o wide",
                  "qalam topic describe orders -o json"},
                 chosen, [&session, described] { return Describe(session, *described); });
  verb->add_option("topic", *described, "its name")->required();

  AddChanges(topic, session, chosen);

  const auto offsets = std::make_shared<OffsetsOptions>();
  verb = AddVerb(topic, "offsets", "where the partitions begin and end, or stood at a time",
                 {"qalam topic offsets orders", "qalam topic offsets orders --at -15m",
                  "qalam topic offsets orders -o json"},
                 chosen, [&session, offsets] { return Offsets(session, *offsets); });
  verb->add_option("topic", offsets->name, "its name")->required();
  verb->add_option("--at", offsets->at, "first offset of this time (-15m, 2026-01-02T03:04:05Z)");
}

}  // namespace qalam::cli
