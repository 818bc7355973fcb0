#pragma once

#include <qalam/client.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
// As Report, for a command that ends otherwise than the error's word says: `exit` is shown and
// returned, `notes` go after the error, as text or as members of the JSON object.
struct Ending {
  int exit = 0;
  std::vector<std::pair<std::string, std::uint64_t>> counts;  // Members under -o json.
  std::string note;                                           // A line under other forms.
};
int Report(const abi0::Error& error, Format format, const Ending& ending);
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
// "1 record", "2 records". `plural` empty: with an s.
std::string Counted(std::uint64_t number, const std::string& noun, const std::string& plural = {});
bool IsTerminal(int descriptor);

// Whether `descriptor` gets colours: a terminal and neither NO_COLOR nor --no-color, or
// CLICOLOR_FORCE.
bool HasColor(int descriptor);
void DisableColor();

// Hands over what stdout holds. False: some of what was printed could not be written.
bool FlushOutput();
// Prints bytes and hands them over. False as FlushOutput.
bool WriteOutput(std::string_view bytes);
// IO_ERROR after a false one of the two, with the cause.
abi0::Error OutputError();
// Whoever read our output has gone: nothing more can arrive there.
bool OutputGone();
// Output would have to wait for its reader.
bool OutputBlocked();
// Ends the process as a write to a closed pipe would: silently.
[[noreturn]] void EndByBrokenPipe();

}  // namespace qalam::cli
