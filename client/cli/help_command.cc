#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

#include "client/cli/client_settings.h"
#include "client/cli/help_text.h"
#include "client/cli/verbs.h"
#include "common/error.h"
#include "common/nearest_name.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

struct ExitMeaning {
  Exit code;
  const char* meaning;
};
constexpr ExitMeaning kExits[] = {{Exit::kOk, "ok"},
                                  {Exit::kFailed, "failed on the server, or unknown"},
                                  {Exit::kUsage, "wrong usage, or a value that is not allowed"},
                                  {Exit::kUnreachable, "no broker answers"},
                                  {Exit::kNotFound, "not found"},
                                  {Exit::kNotAuthorised, "not authorised"},
                                  {Exit::kTimedOut, "timed out, or unknown whether it was done"},
                                  {Exit::kPartly, "partly delivered; the counts are on stderr"},
                                  {Exit::kPrecondition, "exists already, or a precondition failed"},
                                  {Exit::kUnhealthy, "unhealthy"},
                                  {Exit::kInterrupted, "interrupted"}};

std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  return app.get_options([&app](const CLI::Option* o) { return o != app.get_help_ptr(); });
}

ordered_json Tree(const CLI::App& app) {
  ordered_json node = {{"name", app.get_name()}, {"description", app.get_description()}};
  if (!app.get_aliases().empty()) node["aliases"] = app.get_aliases();
  node["options"] = ordered_json::array();
  for (const CLI::Option* option : OptionsOf(app)) {
    const bool positional = option->get_positional();
    node["options"].push_back(
        {{"name", option->get_name(positional, !positional)},
         {"positional", positional},
         {"required", option->get_required()},
         {"value", TakesValue(*option) ? ordered_json(ValueName(*option)) : ordered_json()},
         {"description", option->get_description()}});
  }
  if (!app.get_footer().empty()) node["examples"] = app.get_footer();
  const auto verbs = VerbsOf(app);
  if (verbs.empty()) return node;
  node["verbs"] = ordered_json::array();
  for (const CLI::App* verb : verbs) node["verbs"].push_back(Tree(*verb));
  return node;
}

// In a Markdown table.
std::string Cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
    text.insert(at, 1, '\\');
  return text;
}

void PrintOptions(const CLI::App& app) {
  const auto options = OptionsOf(app);
  if (options.empty()) return;
  std::printf("\n| option | meaning |\n|---|---|\n");
  for (const CLI::Option* option : options) {
    const bool positional = option->get_positional();
    std::string name = option->get_name(positional, !positional);
    if (TakesValue(*option)) name += " " + ValueName(*option);
    std::printf("| `%s` | %s |\n", name.c_str(), Cell(option->get_description()).c_str());
  }
}

void PrintVerbs(const CLI::App& app) {
  for (const CLI::App* verb : VerbsOf(app)) {
    if (!VerbsOf(*verb).empty()) {
      PrintVerbs(*verb);
      continue;
    }
    std::printf("\n## %s\n\n", VerbPath(*verb).c_str());
    if (!verb->get_aliases().empty())
      std::printf("Also `%s`. ", verb->get_aliases().front().c_str());
    std::printf("What it is for: %s.\n", verb->get_description().c_str());
    PrintOptions(*verb);
    std::printf("\n```\n%s\n```\n", verb->get_footer().c_str());
  }
}

// docs/reference/cli.md.
void PrintCliReference(const CLI::App& root) {
  std::fputs(
      "# The command line\n\n"
      "Made by `qalam __reference cli`, and compared with it by a test.\n\n"
      "Data goes to stdout, talk to stderr. `-o json` works with every verb, for errors too: "
      "`{\"error\":{\"code\",\"message\",\"hint\",\"details\",\"exit\"}}` on stderr. A list is one "
      "JSON document under `-o json` and a line an item under `-o ndjson`; streams of records are "
      "a "
      "line a record under both. Sizes are written `10MiB`, durations `7d`, times "
      "`2026-01-02T03:04:05Z` or `-15m`.\n\n"
      "A record as JSON: `{\"topic\",\"partition\",\"offset\",\"timestamp\",\"leader_epoch\","
      "\"key\",\"value\",\"headers\":[{\"key\",\"value\"}]}`. Null stays null; what is not UTF-8 "
      "is "
      "in `key_base64` or `value_base64` instead. An acknowledgement: "
      "`{\"topic\",\"partition\",\"offset\",\"leader_epoch\",\"durability\"}`, the durability "
      "being "
      "`fsync`, `os` or `memory`; the offset is -1 where nobody knows it.\n\n"
      "## Everywhere\n",
      stdout);
  PrintOptions(root);
  std::printf(
      "\nSettings of the client library, for `-X KEY=VALUE`:\n\n"
      "| setting | meaning |\n|---|---|\n");
  for (const ClientSetting& setting : ClientSettings())
    std::printf("| `%s` | %s |\n", std::string(setting.name).c_str(),
                std::string(setting.meaning).c_str());
  std::printf("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
  for (const ExitMeaning& exit : kExits)
    std::printf("| %d | %s |\n", static_cast<int>(exit.code), exit.meaning);
  PrintVerbs(root);
}

// docs/reference/errors.md.
void PrintErrorReference() {
  std::printf(
      "# Errors\n\nMade by `qalam __reference errors`, and compared with it by a test. Words are "
      "stable: they never change their meaning. `qalam explain WORD` shows one of them.\n\n"
      "| word | try again | exit | meaning | what to do |\n|---|---|---|---|---|\n");
  for (const core::ErrorInfo& info : core::AllErrors()) {
    std::printf("| `%s` | %s | %d | %s | %s |\n", std::string(info.word).c_str(),
                info.retriable ? "yes" : "no", info.cli_exit,
                Cell(std::string(info.meaning)).c_str(), Cell(std::string(info.remedy)).c_str());
  }
}

int Reference(const Session& session, const CLI::App& root, const std::string& what) {
  if (what == "cli")
    PrintCliReference(root);
  else if (what == "errors")
    PrintErrorReference();
  else
    return session.Usage("__reference: cli or errors");
  return 0;
}

int Help(const Session& session, const CLI::App& root, const std::vector<std::string>& path,
         bool json) {
  const CLI::App* app = &root;
  for (const std::string& name : path) {
    const CLI::App* next = nullptr;
    std::vector<std::string_view> names;
    for (const CLI::App* verb : VerbsOf(*app)) {
      names.push_back(verb->get_name());
      if (verb->check_name(name)) next = verb;
    }
    if (next == nullptr) {
      const auto nearest = NearestName(name, names);
      return session.Usage("there is no verb " + name +
                           (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
    }
    app = next;
  }
  if (!json && !session.json()) {
    // App::help() would show the verb that was called: this one.
    const std::string text = app->get_formatter()->make_help(app, "", CLI::AppFormatMode::Normal);
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  ordered_json tree = Tree(*app);
  tree["exit_codes"] = ordered_json::object();
  for (const ExitMeaning& exit : kExits)
    tree["exit_codes"][std::to_string(static_cast<int>(exit.code))] = exit.meaning;
  PrintJson(tree);
  return 0;
}

}  // namespace

void AddHelp(CLI::App& root, Session& session, Action& chosen) {
  const auto path = std::make_shared<std::vector<std::string>>();
  const auto json = std::make_shared<bool>(false);
  auto* verb =
      AddVerb(root, "help", "of a verb, or all of it as JSON",
              {"qalam help topic create", "qalam help produce", "qalam help --json"}, chosen,
              [&session, &root, path, json] { return Help(session, root, *path, *json); });
  verb->add_option("verb", *path, "words of the verb");
  verb->add_flag("--json", *json, "as JSON, with exit codes");

  const auto what = std::make_shared<std::string>();
  CLI::App* const hidden = root.add_subcommand("__reference", "")->group("");
  hidden->add_option("what", *what);
  hidden->callback([&session, &root, &chosen, what] {
    chosen = [&session, &root, what] { return Reference(session, root, *what); };
  });
}

}  // namespace qalam::cli
