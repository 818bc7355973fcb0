#include "client/cli/help_text.h"

#include <algorithm>

namespace qalam::cli {
namespace {

constexpr std::size_t kWidth = 100;

// A word or an option and what it means, the meaning in its own column, wrapped.
void AppendEntry(const std::string& left, std::size_t left_width, const std::string& meaning,
                 std::string& out) {
  std::string line = "  " + left;
  const std::size_t indent = left_width + 4;
  if (left.size() > left_width) {
    out += line + "\n";
    line.clear();
  }
  line.resize(indent, ' ');
  std::size_t begin = 0;
  while (begin < meaning.size()) {
    std::size_t end = meaning.size();
    if (end - begin > kWidth - indent) {
      end = meaning.rfind(' ', begin + (kWidth - indent));
      if (end == std::string::npos || end <= begin) end = meaning.find(' ', begin);
      if (end == std::string::npos) end = meaning.size();
    }
    line += meaning.substr(begin, end - begin);
    out += line + "\n";
    line.assign(indent, ' ');
    begin = end + 1;
  }
  if (meaning.empty()) out += line.erase(line.find_last_not_of(' ') + 1) + "\n";
}

using Entries = std::vector<std::pair<std::string, std::string>>;

void AppendEntries(const Entries& entries, std::string& out) {
  std::size_t width = 0;
  for (const auto& [left, meaning] : entries) {
    if (left.size() <= 30) width = std::max(width, left.size());
  }
  for (const auto& [left, meaning] : entries) AppendEntry(left, width, meaning, out);
}

// "-k,--key TEXT", "--json", "TOPIC".
std::string OptionName(const CLI::Option& option) {
  if (option.get_positional()) {
    std::string name = option.get_name(true, false);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return name;
  }
  std::string name = option.get_name(false, true);
  if (TakesValue(option)) name += " " + ValueName(option);
  return name;
}

std::string RootHelp(const CLI::App& root) {
  std::string out = "usage: qalam [OPTION...] VERB ...    " + root.get_description() + "\n";
  std::string group;
  Entries entries;
  for (const CLI::App* verb : VerbsOf(root)) {
    if (verb->get_group() != group) {
      AppendEntries(entries, out);
      entries.clear();
      group = verb->get_group();
      out += group + "\n";
    }
    const std::string alias = verb->get_aliases().empty() ? "" : ", " + verb->get_aliases().front();
    entries.emplace_back(verb->get_name() + alias, verb->get_description());
  }
  AppendEntries(entries, out);
  out += "before or after it: -b HOST:PORT  -o table|wide|json|ndjson|name  --timeout 10s  ";
  out += "-X KEY=VALUE  -v  -h\n";
  return out + "qalam help VERB: its options, with examples.\n";
}

std::string VerbHelp(const CLI::App& app) {
  const std::string path = VerbPath(app);
  const auto verbs = VerbsOf(app);
  std::string usage = "usage: " + path;
  Entries entries;
  Entries options;
  for (const CLI::Option* option : app.get_options()) {
    if (option == app.get_help_ptr()) continue;
    if (option->get_positional()) {
      std::string name = OptionName(*option);
      entries.emplace_back(name, option->get_description());
      if (option->get_items_expected_max() > 1) name += "...";
      usage += option->get_required() ? " " + name : " [" + name + "]";
    } else {
      options.emplace_back(OptionName(*option), option->get_description());
    }
  }
  if (!verbs.empty()) usage += " VERB ...";
  if (!options.empty()) usage += " [OPTION...]";
  for (const CLI::App* verb : verbs)
    entries.emplace_back(verb->get_name(), verb->get_description());
  entries.insert(entries.end(), options.begin(), options.end());
  std::string out = usage + "\n" + app.get_description() + "\n\n";
  AppendEntries(entries, out);
  if (!entries.empty()) out += "\n";
  return out + app.get_footer() + "\n";
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string /*name*/,
                        CLI::AppFormatMode /*mode*/) const override {
    return app->get_parent() == nullptr ? RootHelp(*app) : VerbHelp(*app);
  }
};

}  // namespace

std::vector<const CLI::App*> VerbsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
}

std::string VerbPath(const CLI::App& app) {
  const CLI::App* const parent = app.get_parent();
  return parent == nullptr ? app.get_name() : VerbPath(*parent) + " " + app.get_name();
}

const CLI::Option* FindOption(const CLI::App& app, const std::string& word) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      if (!option->get_positional() && option->check_name(word)) return option;
    }
  }
  return nullptr;
}

bool TakesValue(const CLI::Option& option) {
  return !option.get_positional() && option.get_items_expected_max() > 0;
}

std::string ValueName(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.find("INT") != std::string::npos || type.find("UINT") != std::string::npos ||
      type.find("NONNEGATIVE") != std::string::npos || type.find("POSITIVE") != std::string::npos)
    return "N";
  return "TEXT";
}

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter() {
  return std::make_shared<HelpFormatter>();
}

}  // namespace qalam::cli
