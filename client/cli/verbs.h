#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/cli/session.h"

namespace qalam::cli {

// A verb's work: runs after parsing, returns the exit code.
using Action = std::function<int()>;

// Adds a verb below `parent` whose help ends with examples. `action` becomes `chosen` if it is the
// one that was called. Thread of all here: main.
CLI::App* AddVerb(CLI::App& parent, const std::string& name, const std::string& what,
                  const std::vector<std::string>& examples, Action& chosen, Action action);
// Adds a noun that only holds verbs.
CLI::App* AddNoun(CLI::App& parent, const std::string& name, const std::string& what,
                  const std::vector<std::string>& examples);

// For options: an integer from `least` on, with an error that says so.
CLI::Validator AtLeast(std::int64_t least);

// Each adds its noun or verb to the tree. `session` and `chosen` outlive it.
void AddProduce(CLI::App& root, Session& session, Action& chosen);
void AddConsume(CLI::App& root, Session& session, Action& chosen);  // consume, tail
void AddTopic(CLI::App& root, Session& session, Action& chosen);
void AddCluster(CLI::App& root, Session& session, Action& chosen);  // cluster, broker, partition
void AddConfig(CLI::App& root, Session& session, Action& chosen);
void AddBench(CLI::App& root, Session& session, Action& chosen);
void AddTop(CLI::App& root, Session& session, Action& chosen);
void AddOwner(CLI::App& root, Session& session, Action& chosen);
void AddLog(CLI::App& root, Session& session, Action& chosen);
void AddDev(CLI::App& root, Session& session, Action& chosen);
void AddExplain(CLI::App& root, Session& session, Action& chosen);  // explain, version
int PrintVersion(const Session& session);
void AddCompletion(CLI::App& root, Session& session, Action& chosen);
void AddDebug(CLI::App& root, Session& session, Action& chosen);
void AddHelp(CLI::App& root, Session& session, Action& chosen);  // and __reference

// `qalam __complete [--] WORD...`, for the shells: prints, a line each, what the last word may
// become. Asks a broker for topics and settings, for at most 300 ms. Returns the exit code.
int Complete(Session& session, const CLI::App& root, std::vector<std::string> words);

}  // namespace qalam::cli
