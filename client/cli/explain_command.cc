#include <nlohmann/json.hpp>

#include <cctype>
#include <cstdio>
#include <memory>

#include "broker/tools/log_verify.h"
#include "client/cli/story_output.h"
#include "client/cli/time_point.h"
#include "client/cli/verbs.h"
#include "common/error.h"
#include "common/nearest_name.h"
#include "common/units.h"

namespace qalam::cli {
namespace {

struct ExplainOptions {
  std::string what;  // A word, or a record's place.
  bool refused = false;
  std::int32_t limit = 100;
};

// "NAME:P", one partition.
abi0::Result<abi0::TopicPartition> OnePartition(const std::string& text) {
  auto partitions = ParsePartitions(text);
  if (!partitions.ok()) return partitions.error();
  if (partitions->size() != 1) return BadUsage(text + ": one partition is needed, as orders:0");
  return partitions->front();
}

int ExplainRecord(const Session& session, const std::string& place) {
  const std::size_t at = place.rfind('@');
  const auto partition = OnePartition(place.substr(0, at));
  if (!partition.ok()) return session.Fail(partition.error());
  const auto offset = ParseInteger(place.substr(at + 1));
  if (!offset.ok() || *offset < 0) {
    return session.Usage(place + ": behind the @ stands an offset, as in orders:0@1200");
  }
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto story = session.Ask("ObserveService/ExplainRecord", [&] {
    return client->admin().ExplainRecord(*partition, *offset);
  });
  if (!story.ok()) return session.Fail(story.error());
  if (session.json()) {
    PrintJson(StoryJson(*story));
  } else {
    PrintStory(*story);
  }
  return 0;
}

int ExplainRefused(const Session& session, const ExplainOptions& options) {
  const auto partition = OnePartition(options.what);
  if (!partition.ok()) return session.Fail(partition.error());
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto list = session.Ask("ObserveService/ListRefusals", [&] {
    return client->admin().ListRefusals(*partition, options.limit);
  });
  if (!list.ok()) return session.Fail(list.error());
  if (!session.json()) {
    PrintRefusals(*list);
    return 0;
  }
  std::vector<nlohmann::ordered_json> items;
  for (const abi0::Refusal& refusal : list->refusals) items.push_back(RefusalJson(refusal));
  if (session.format == Format::kNdjson) {
    PrintJsonList(items, session.format);
  } else {
    PrintJson({{"complete_since_ms", list->complete_since_ms}, {"refusals", items}});
  }
  return 0;
}

int ExplainWord(const Session& session, std::string word) {
  // No error's word has a colon: a place without its offset was meant.
  if (word.find(':') != std::string::npos) {
    return session.Usage(word + ": a record's place ends in @ and an offset, as in orders:0@1200");
  }
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto code = core::ErrorCodeFromWord(word);
  if (!code) {
    std::vector<std::string_view> words;
    for (const core::ErrorInfo& info : core::AllErrors()) words.push_back(info.word);
    std::map<std::string, std::string> details = {{"word", word}};
    if (const auto nearest = NearestName(word, words); !nearest.empty())
      details["nearest"] = nearest;
    return session.Fail(abi0::Error("NOT_FOUND", "no error is called " + word, false,
                                    "docs/reference/errors.md lists all of them.", details, ""));
  }
  const core::ErrorInfo& info = core::InfoOf(*code);
  if (session.json()) {
    PrintJson({{"code", std::string(info.word)},
               {"meaning", std::string(info.meaning)},
               {"remedy", std::string(info.remedy)},
               {"retriable", info.retriable},
               {"exit", info.cli_exit}});
    return 0;
  }
  std::printf(
      "%s\n  %s\n  What to do: %s\n  %s; exit code %d\n", std::string(info.word).c_str(),
      std::string(info.meaning).c_str(), std::string(info.remedy).c_str(),
      info.retriable ? "Safe to try again unchanged" : "Trying again unchanged does not help",
      info.cli_exit);
  return 0;
}

}  // namespace

int PrintVersion(const Session& session) {
  if (session.json())
    PrintJson({{"qalam", abi0::Version()}, {"wire", "qalam.v1"}, {"format", kLogFormat}});
  else
    std::printf("qalam %s (wire qalam.v1, format %d)\n", abi0::Version(), kLogFormat);
  return 0;
}

void AddExplain(CLI::App& root, Session& session, Action& chosen) {
  const auto options = std::make_shared<ExplainOptions>();
  auto* verb = AddVerb(root, "explain", "what became of a record and why; what an error word means",
                       {"qalam explain orders:2@10452", "qalam explain orders:2@10452 -o json",
                        "qalam explain --refused orders:2", "qalam explain UNKNOWN_TOPIC"},
                       chosen, [&session, options] {
                         if (options->refused) return ExplainRefused(session, *options);
                         return options->what.find('@') != std::string::npos
                                    ? ExplainRecord(session, options->what)
                                    : ExplainWord(session, options->what);
                       });
  verb->add_option("what", options->what,
                   "TOPIC:P@OFFSET, a record; or an error word, in small letters if you like; with "
                   "--refused TOPIC:P")
      ->required();
  auto* const refused = verb->add_flag(
      "--refused", options->refused,
      "what the partition's writer refused lately, newest first, and for which reason");
  verb->add_option("--limit", options->limit, "at most so many refusals, 1000 at most")
      ->needs(refused)
      ->check(AtLeast(1))
      ->capture_default_str();

  AddVerb(root, "version", "versions of program, wire and files",
          {"qalam version", "qalam version -o json", "qalamd --version"}, chosen,
          [&session] { return PrintVersion(session); });
}

}  // namespace qalam::cli
