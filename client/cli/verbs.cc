#include "client/cli/verbs.h"

#include "common/units.h"

namespace qalam::cli {
namespace {

std::string WithExamples(const std::vector<std::string>& examples) {
  std::string footer = "Examples:";
  for (const std::string& example : examples) footer += "\n  " + example;
  return footer;
}

}  // namespace

CLI::App* AddVerb(CLI::App& parent, const std::string& name, const std::string& what,
                  const std::vector<std::string>& examples, Action& chosen, Action action) {
  CLI::App* const verb = parent.add_subcommand(name, what);
  verb->footer(WithExamples(examples));
  verb->fallthrough();
  verb->callback([&chosen, action = std::move(action)] { chosen = action; });
  return verb;
}

CLI::App* AddNoun(CLI::App& parent, const std::string& name, const std::string& what,
                  const std::vector<std::string>& examples) {
  CLI::App* const noun = parent.add_subcommand(name, what);
  noun->footer(WithExamples(examples));
  noun->fallthrough();
  noun->require_subcommand(1);
  return noun;
}

CLI::Validator AtLeast(std::int64_t least) {
  return CLI::Validator(
      [least](std::string& text) {
        const auto number = ParseInteger(text);
        if (number.ok() && *number >= least) return std::string();
        return text + " is not a number from " + std::to_string(least) + " on";
      },
      "INT");
}

}  // namespace qalam::cli
