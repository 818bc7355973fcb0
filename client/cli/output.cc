#include "client/cli/output.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "client/cli/usage.h"
#include "common/error.h"

namespace qalam::cli {

std::optional<Format> ParseFormat(const std::string& name) {
  if (name == "table") return Format::kTable;
  if (name == "wide") return Format::kWide;
  if (name == "json") return Format::kJson;
  if (name == "ndjson") return Format::kNdjson;
  if (name == "name") return Format::kName;
  return std::nullopt;
}

Exit ExitOf(const std::string& word) {
  const auto code = core::ErrorCodeFromWord(word);
  return code ? static_cast<Exit>(core::InfoOf(*code).cli_exit) : Exit::kFailed;
}

std::string HintOf(const abi0::Error& error) {
  std::string hint = error.hint();
  const auto& details = error.details();
  if (const auto topic = details.find("topic"); topic != details.end()) {
    // The remedies of the table say NAME where a topic's name belongs.
    const std::size_t at = hint.find(" NAME");
    if (at != std::string::npos) hint.replace(at + 1, 4, topic->second);
  }
  if (const auto nearest = details.find("nearest");
      nearest != details.end() && error.message().find("did you mean") == std::string::npos) {
    hint = "did you mean \"" + nearest->second + "\"?" + (hint.empty() ? "" : "   " + hint);
  }
  return hint;
}

int Report(const abi0::Error& error, Format format) {
  return Report(error, format, {static_cast<int>(ExitOf(error.code())), {}, {}});
}

int Report(const abi0::Error& error, Format format, const Ending& ending) {
  const int exit = ending.exit;
  (void)FlushOutput();
  const std::string hint = HintOf(error);
  if (format == Format::kJson || format == Format::kNdjson) {
    nlohmann::ordered_json body = {{"code", error.code()},
                                   {"message", error.message()},
                                   {"hint", hint},
                                   {"details", error.details()},
                                   {"exit", exit}};
    for (const auto& [name, count] : ending.counts) body[name] = count;
    const std::string text = nlohmann::ordered_json({{"error", body}})
                                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::fprintf(stderr, "%s\n", text.c_str());
    return exit;
  }
  const bool color = HasColor(STDERR_FILENO);
  std::fprintf(stderr, "%serror:%s %s: %s\n", color ? "\x1b[1;31m" : "", color ? "\x1b[0m" : "",
               error.code().c_str(), error.message().c_str());
  if (!hint.empty()) std::fprintf(stderr, "  %s\n", hint.c_str());
  if (!ending.note.empty()) std::fprintf(stderr, "  %s\n", ending.note.c_str());
  std::fprintf(stderr, "  (exit %d; qalam explain %s)\n", exit, error.code().c_str());
  return exit;
}

int ReportUsage(const std::string& message, Format format, const std::string& hint) {
  return Report(BadUsage(message, hint), format);
}

namespace {

// Columns that people see: UTF-8 continuation bytes take none.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool IsNumber(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == ' ' || c == '-' || c == '.';
  });
}

}  // namespace

void PrintTable(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return;
  std::vector<std::size_t> widths(rows.front().size(), 0);
  std::vector<bool> numeric(widths.size(), rows.size() > 1);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < widths.size(); ++c) {
      widths[c] = std::max(widths[c], Width(rows[r][c]));
      if (r > 0 && !IsNumber(rows[r][c])) numeric[c] = false;
    }
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::string padding(widths[c] - Width(row[c]), ' ');
      if (c > 0) line += "  ";
      line += numeric[c] ? padding + row[c] : row[c] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

void PrintJson(const nlohmann::ordered_json& document) {
  const std::string text = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
}

void PrintJsonList(const std::vector<nlohmann::ordered_json>& items, Format format) {
  if (format == Format::kNdjson) {
    for (const auto& item : items) PrintJson(item);
    return;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& item : items) list.push_back(item);
  PrintJson(list);
}

std::string HumanBytes(std::int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

namespace {

std::string Spaced(std::string digits) {
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3;
       at > (digits[0] == '-' ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ' ');
  }
  return digits;
}

bool g_color_disabled = false;
std::atomic<int> g_output_errno{0};  // Of the first write that failed.

// What poll says of stdout at once.
short PollOutput(short events) {
  pollfd waiting{STDOUT_FILENO, events, 0};
  return ::poll(&waiting, 1, 0) > 0 ? waiting.revents : short{0};
}

}  // namespace

std::string HumanNumber(std::int64_t number) { return Spaced(std::to_string(number)); }
std::string HumanNumber(std::uint64_t number) { return Spaced(std::to_string(number)); }

std::string Counted(std::uint64_t number, const std::string& noun, const std::string& plural) {
  return HumanNumber(number) + " " + (number == 1 ? noun : plural.empty() ? noun + "s" : plural);
}

bool IsTerminal(int descriptor) { return ::isatty(descriptor) == 1; }

bool HasColor(int descriptor) {
  const auto set = [](const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  if (g_color_disabled || set("NO_COLOR")) return false;
  const char* const forced = std::getenv("CLICOLOR_FORCE");
  if (forced != nullptr && *forced != '\0' && *forced != '0') return true;
  return IsTerminal(descriptor);
}

void DisableColor() { g_color_disabled = true; }

bool FlushOutput() {
  errno = 0;
  if (std::fflush(stdout) == 0) return std::ferror(stdout) == 0;
  int none = 0;
  g_output_errno.compare_exchange_strong(none, errno);
  return false;
}

bool WriteOutput(std::string_view bytes) {
  errno = 0;
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return FlushOutput();
  int none = 0;
  g_output_errno.compare_exchange_strong(none, errno);
  return false;
}

abi0::Error OutputError() {
  const int number = g_output_errno.load();
  return abi0::Error("IO_ERROR",
                     "can't write to stdout" +
                         (number == 0 ? std::string() : ": " + std::string(std::strerror(number))),
                     false, "Look at what stdout is connected to: its space, its reader.", {}, "");
}

bool OutputGone() { return (PollOutput(0) & (POLLERR | POLLHUP)) != 0; }
bool OutputBlocked() { return PollOutput(POLLOUT) == 0; }

void EndByBrokenPipe() {
  ::signal(SIGPIPE, SIG_DFL);
  ::raise(SIGPIPE);
  std::_Exit(128 + SIGPIPE);
}

}  // namespace qalam::cli
