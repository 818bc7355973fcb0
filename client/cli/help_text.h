#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

namespace qalam::cli {

// The verbs below `app`, without the hidden ones, in the order they were added.
std::vector<const CLI::App*> VerbsOf(const CLI::App& app);
// "qalam topic create".
std::string VerbPath(const CLI::App& app);
// The option that `word` ("-o", "--output") names, of the verb or of everywhere. Null: none.
const CLI::Option* FindOption(const CLI::App& app, const std::string& word);
bool TakesValue(const CLI::Option& option);
// What stands for an option's value: "N" or "TEXT".
std::string ValueName(const CLI::Option& option);

// Help that fits a screen: the root's verbs in groups, a verb's own options, then its examples.
std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter();

}  // namespace qalam::cli
