#pragma once

#include <qalam/client.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qalam::cli {

// Exit codes of `qalam`; documented in docs/reference/cli.md.
enum class Exit : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kUnreachable = 3,
  kNotFound = 4,
  kNotAuthorised = 5,
  kTimedOut = 6,
  kPartly = 7,
  kPrecondition = 8,
  kUnhealthy = 10,
  kInterrupted = 130,
};

enum class Format { kTable, kWide, kJson, kNdjson, kName };
std::optional<Format> ParseFormat(const std::string& name);

// The exit code that a stable error word has.
Exit ExitOf(const std::string& word);

// Prints an error to stderr, in three lines (what, what to do, exit code) or as {"error":{...}};
// returns its exit code.
int Report(const abi0::Error& error, Format format);
// As Report, with exit code 2. `hint` empty: where help is.
int ReportUsage(const std::string& message, Format format, const std::string& hint = {});
// The remedy, with the names that the error's details know filled in and the nearest name before
// it.
std::string HintOf(const abi0::Error& error);

// Aligned columns on stdout; the first row is the head. Numbers are right-aligned.
void PrintTable(const std::vector<std::vector<std::string>>& rows);
// One document, and a line feed. ASCII-only escapes are not needed: JSON is UTF-8.
void PrintJson(const nlohmann::ordered_json& document);
// A list: one document under json, a line each under ndjson.
void PrintJsonList(const std::vector<nlohmann::ordered_json>& items, Format format);

std::string HumanBytes(std::int64_t bytes);    // "84.2 GiB"
std::string HumanNumber(std::int64_t number);  // "9 882 104"
std::string HumanNumber(std::uint64_t number);
bool IsTerminal(int descriptor);

// Whether `descriptor` gets colours: a terminal and neither NO_COLOR nor --no-color, or
// CLICOLOR_FORCE.
bool HasColor(int descriptor);
void DisableColor();

// Hands over what stdout holds. False: some of what was printed could not be written.
bool FlushOutput();

}  // namespace qalam::cli
