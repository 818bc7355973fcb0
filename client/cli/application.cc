#include "client/cli/application.h"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "client/cli/help_text.h"
#include "client/cli/interrupt.h"
#include "client/cli/verbs.h"
#include "common/nearest_name.h"

namespace qalam::cli {
namespace {

void AddGlobalOptions(CLI::App& root, Session& session) {
  root.add_option("-b,--bootstrap", session.bootstrap,
                  "HOST:PORT,... or unix:PATH of the broker (default 127.0.0.1:7420)")
      ->envname("QALAM_BOOTSTRAP");
  root.add_option("--dir", session.directory,
                  "a data directory, without a server: own it, or ask whoever does");
  root.add_option("-o,--output", session.output,
                  "table (default), wide, json, ndjson or name; errors follow it")
      ->envname("QALAM_OUTPUT");
  root.add_option("--timeout", session.timeout_text, "how long a request may take (default 10s)")
      ->envname("QALAM_TIMEOUT");
  root.add_option("-X", session.extra, "setting of the client library, KEY=VALUE")
      ->allow_extra_args(false);
  root.add_flag("-v,--verbose", session.verbose, "say more on stderr; -vv shows every request");
  root.add_flag("--no-color", session.no_color, "no colours, as NO_COLOR=1");
  root.add_flag("--version", session.version, "as the verb version");
}

using AddVerbs = void (*)(CLI::App& root, Session& session, Action& chosen);

void AddGroup(const char* name, const std::vector<AddVerbs>& adders, CLI::App& root,
              Session& session, Action& chosen) {
  const std::size_t before = VerbsOf(root).size();
  for (const AddVerbs add : adders) add(root, session, chosen);
  const auto verbs = VerbsOf(root);
  for (std::size_t i = before; i < verbs.size(); ++i)
    root.get_subcommand(verbs[i]->get_name())->group(name);
}

void AddAllVerbs(CLI::App& root, Session& session, Action& chosen) {
  AddGroup("publish and read", {AddProduce, AddConsume}, root, session, chosen);
  AddGroup("look after", {AddTopic, AddCluster, AddTop, AddConfig, AddOwner, AddLog}, root, session,
           chosen);
  AddGroup("try and measure", {AddDev, AddBench, AddDebug}, root, session, chosen);
  AddGroup("about", {AddExplain, AddCompletion, AddHelp}, root, session, chosen);
}

// The form of the output as far as it can be told from a command line that can't be parsed.
Format FormatAskedFor(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    std::string name;
    if ((argument == "-o" || argument == "--output") && i + 1 < argc)
      name = argv[i + 1];
    else if (argument.compare(0, 9, "--output=") == 0)
      name = argument.substr(9);
    else if (argument.compare(0, 2, "-o") == 0 && argument.size() > 2)
      name = argument.substr(argument[2] == '=' ? 3 : 2);
    if (const auto format = ParseFormat(name)) return *format;
  }
  return Format::kTable;
}

// An option with its value behind it: "--output=json", "-ojson", or flags as one: "-vv".
bool IsKnown(const CLI::App& app, const std::string& word) {
  if (word.compare(0, 2, "--") == 0)
    return FindOption(app, word.substr(0, word.find('='))) != nullptr;
  return word.size() > 1 && FindOption(app, word.substr(0, 2)) != nullptr;
}

// The words that were meant to be verbs, as far as they are: "topic" of `qalam topic crate x`.
// `unknown` is the first that is none, `option` the first option before a verb that nobody knows.
const CLI::App* DeepestVerb(const CLI::App& root, int argc, char** argv, std::string& unknown,
                            std::string& unknown_option) {
  const CLI::App* app = &root;
  for (int i = 1; i < argc; ++i) {
    const auto verbs = VerbsOf(*app);
    if (verbs.empty()) break;
    const std::string word = argv[i];
    if (word.empty()) continue;
    if (word[0] == '-') {
      const CLI::Option* const option = FindOption(*app, word);
      if (option == nullptr && !IsKnown(*app, word)) {
        unknown_option = word;
        break;
      }
      if (option != nullptr && TakesValue(*option)) ++i;
      continue;
    }
    const auto next = std::find_if(verbs.begin(), verbs.end(),
                                   [&](const CLI::App* verb) { return verb->check_name(word); });
    if (next == verbs.end()) {
      unknown = word;
      break;
    }
    app = *next;
  }
  return app;
}

int ReportParseError(const CLI::App& root, const CLI::ParseError& error, int argc, char** argv) {
  const Format format = FormatAskedFor(argc, argv);
  std::string unknown;
  std::string option;
  const CLI::App* const app = DeepestVerb(root, argc, argv, unknown, option);
  const std::string path = VerbPath(*app);
  const std::string help =
      app == &root ? "qalam help" : "qalam help" + path.substr(std::strlen("qalam"));
  const auto verbs = VerbsOf(*app);
  if (!option.empty())
    return ReportUsage(
        path + ": there is no option " + option.substr(0, option.find('=')) + " here", format,
        "qalam help lists the options that go before a verb; those of a "
        "verb go behind it.");
  if (!verbs.empty()) {
    std::vector<std::string_view> names;
    std::string list;
    for (const CLI::App* verb : verbs) {
      names.push_back(verb->get_name());
      list += (list.empty() ? "" : ", ") + verb->get_name();
    }
    if (unknown.empty())
      return ReportUsage(path + " needs a verb: " + list, format, help + " says more.");
    const std::string_view nearest = NearestName(unknown, names);
    return ReportUsage(
        "there is no \"" + path.substr(std::strlen("qalam")).erase(0, 1) +
            (app == &root ? "" : " ") + unknown + "\"",
        format,
        (nearest.empty() ? "" : "did you mean \"" + std::string(nearest) + "\"?   ") + help +
            " lists the verbs.");
  }
  return ReportUsage(path + ": " + error.what(), format, help + " shows its options.");
}

}  // namespace

int RunQalam(int argc, char** argv) {
  // Whoever reads our output may stop reading: that ends us, silently.
  ::signal(SIGPIPE, SIG_DFL);
  CatchInterrupts();
  Session session;
  Action chosen;
  CLI::App root("publish to, tail and look after a Qalam log", "qalam");
  root.require_subcommand(0, 1);
  root.fallthrough();
  root.set_help_flag("-h,--help", "this, for any verb");
  root.formatter(MakeHelpFormatter());
  AddGlobalOptions(root, session);
  AddAllVerbs(root, session, chosen);
  // What follows is only half typed: nothing for the parser.
  if (argc > 1 && std::strcmp(argv[1], "__complete") == 0)
    return Complete(session, root, {argv + 2, argv + argc});
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    // CLI11 knows which verb's help was meant.
    std::fputs(root.help().c_str(), stdout);
    return static_cast<int>(FlushOutput() ? Exit::kOk : Exit::kFailed);
  } catch (const CLI::ParseError& error) {
    return ReportParseError(root, error, argc, argv);
  }
  if (const auto prepared = session.Prepare(); !prepared.ok())
    return ReportUsage(prepared.error().message(), FormatAskedFor(argc, argv),
                       prepared.error().hint());
  if (session.version) chosen = [&session] { return PrintVersion(session); };
  if (!chosen) {
    std::fputs(root.help().c_str(), stdout);
    return static_cast<int>(FlushOutput() ? Exit::kOk : Exit::kFailed);
  }
  int code = chosen();
  session.Close();
  if (!FlushOutput() && code == 0) code = session.Fail(OutputError());
  return code;
}

}  // namespace qalam::cli
