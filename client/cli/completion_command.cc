#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>

#include "client/cli/help_text.h"
#include "client/cli/verbs.h"
#include "common/error.h"

namespace qalam::cli {
namespace {

constexpr std::chrono::milliseconds kBrokerBudget(300);

// What has been typed, as far as completing needs it.
struct Typed {
  const CLI::App* app;                 // The deepest verb.
  std::vector<std::string> arguments;  // Behind it, without options.
  const CLI::Option* open = nullptr;   // Waits for the value that is being typed.
  std::string bootstrap;
  std::string directory;

  void Give(const CLI::Option& option, const std::string& value) {
    if (option.check_name("--bootstrap")) bootstrap = value;
    if (option.check_name("--dir")) directory = value;
  }
};

Typed Read(const CLI::App& root, const std::vector<std::string>& words) {
  Typed typed{&root, {}, nullptr, "", ""};
  for (const std::string& word : words) {
    if (typed.open != nullptr) {
      typed.Give(*typed.open, word);
      typed.open = nullptr;
    } else if (word.size() > 1 && word[0] == '-') {
      const std::size_t equals = word.find('=');
      const CLI::Option* const option = FindOption(*typed.app, word.substr(0, equals));
      if (option == nullptr || !TakesValue(*option)) continue;
      if (equals == std::string::npos) {
        typed.open = option;
      } else {
        typed.Give(*option, word.substr(equals + 1));
      }
    } else {
      const auto verbs = VerbsOf(*typed.app);
      const auto next = std::find_if(verbs.begin(), verbs.end(),
                                     [&](const CLI::App* verb) { return verb->check_name(word); });
      if (next != verbs.end())
        typed.app = *next;
      else
        typed.arguments.push_back(word);
    }
  }
  return typed;
}

// The values that an option or argument can have. Empty: the shell may offer files.
std::vector<std::string> ValuesOf(const CLI::Option& option) {
  if (option.check_name("--output")) return {"table", "wide", "json", "ndjson", "name"};
  if (option.check_name("--acks")) return {"all", "leader", "none"};
  if (option.check_name("--compression")) return {"none", "gzip", "snappy", "lz4", "zstd"};
  if (option.check_name("--from")) return {"start", "end"};
  if (option.check_name("--sort")) {
    return {"name", "records", "bytes", "out", "size", "refused", "writer", "epoch", "high"};
  }
  if (option.check_name("--progress")) return {"auto", "on", "off"};
  if (option.check_name("--out-of-range")) return {"fail", "earliest", "latest"};
  return {};
}

// The broker that the words name, or whoever owns the directory; nobody is made its owner.
Session SessionOf(Session session, const Typed& typed) {
  if (!typed.bootstrap.empty()) session.bootstrap = typed.bootstrap;
  session.directory = typed.directory;
  session.may_own = false;
  session.timeout = kBrokerBudget;
  return session;
}

std::vector<std::string> Topics(const Session& session) {
  std::vector<std::string> names;
  const auto client = session.Connect();
  if (!client.ok()) return names;
  if (const auto topics = client->admin().ListTopics(); topics.ok()) {
    for (const auto& topic : *topics) names.push_back(topic.name);
  }
  return names;
}

std::vector<std::string> ConfigKeys(const Session& session) {
  std::vector<std::string> keys;
  const auto client = session.Connect();
  if (!client.ok()) return keys;
  if (const auto entries = client->admin().GetConfig(); entries.ok()) {
    for (const auto& entry : *entries) keys.push_back(entry.key);
  }
  return keys;
}

// What may stand where `typed` ends.
std::vector<std::string> Candidates(const Session& session, const CLI::App& root,
                                    const Typed& typed, bool option_begun) {
  std::vector<std::string> found;
  if (typed.open != nullptr) return ValuesOf(*typed.open);
  if (option_begun) {
    for (const CLI::App* at : std::set<const CLI::App*>{typed.app, &root}) {
      for (const CLI::Option* option : at->get_options()) {
        for (const std::string& name : option->get_lnames()) found.push_back("--" + name);
      }
    }
    return found;
  }
  for (const CLI::App* verb : VerbsOf(*typed.app)) found.push_back(verb->get_name());
  if (!found.empty()) return found;
  std::size_t place = 0;
  for (const CLI::Option* option : typed.app->get_options()) {
    if (!option->get_positional() || place++ != typed.arguments.size()) continue;
    const std::string name = option->get_name(true, false);
    if (name == "topic" && typed.app->get_name() != "create")
      return Topics(SessionOf(session, typed));
    if (name == "keys") return ConfigKeys(SessionOf(session, typed));
    if (name == "shell") return {"bash", "zsh", "fish"};
    if (name == "what") {
      for (const core::ErrorInfo& info : core::AllErrors()) found.emplace_back(info.word);
    }
    if (name == "verb") {
      for (const CLI::App* verb : VerbsOf(root)) found.push_back(verb->get_name());
    }
  }
  return found;
}

int Completion(const Session& session, const std::string& shell) {
  if (shell == "bash") {
    std::fputs(
        "_qalam() {\n"
        "  local IFS=$'\\n'\n"
        "  COMPREPLY=($(\"${COMP_WORDS[0]}\" __complete -- "
        "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
        "}\n"
        "complete -o default -F _qalam qalam\n",
        stdout);
  } else if (shell == "zsh") {
    std::fputs(
        "#compdef qalam\n"
        "_qalam() {\n"
        "  local -a found\n"
        "  found=(${(f)\"$(${words[1]} __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
        "  if (( ${#found} )); then compadd -a found; else _files; fi\n"
        "}\n"
        "compdef _qalam qalam\n",
        stdout);
  } else if (shell == "fish") {
    std::fputs(
        "complete -c qalam -a '(qalam __complete -- (commandline -opc)[2..-1] (commandline -ct) "
        "2>/dev/null)'\n",
        stdout);
  } else {
    return session.Usage("completion for " + shell + ": choose bash, zsh or fish");
  }
  return 0;
}

}  // namespace

int Complete(Session& session, const CLI::App& root, std::vector<std::string> words) {
  if (const char* const bootstrap = std::getenv("QALAM_BOOTSTRAP")) session.bootstrap = bootstrap;
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  if (words.empty()) words.emplace_back();
  const std::string last = words.back();
  words.pop_back();
  const bool option_begun = !last.empty() && last[0] == '-';
  for (const std::string& word : Candidates(session, root, Read(root, words), option_begun)) {
    if (word.compare(0, last.size(), last) == 0) std::printf("%s\n", word.c_str());
  }
  return 0;
}

void AddCompletion(CLI::App& root, Session& session, Action& chosen) {
  const auto shell = std::make_shared<std::string>();
  auto* verb = AddVerb(root, "completion", "for bash, zsh or fish",
                       {"source <(qalam completion bash)", "qalam completion zsh > ~/.zfunc/_qalam",
                        "qalam completion fish | source"},
                       chosen, [&session, shell] { return Completion(session, *shell); });
  verb->add_option("shell", *shell, "bash, zsh or fish")->required();
}

}  // namespace qalam::cli
