#include "client/cli/verbs.h"

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

}  // namespace qalam::cli
