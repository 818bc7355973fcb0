#include "common/logging.h"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "common/mutex.h"
#include "common/printable.h"

namespace qalam {
namespace {

using Buffer = spdlog::memory_buf_t;

void Append(Buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// What others chose may be in it: it must not look like a second line, or move the cursor.
void AppendForText(Buffer& out, std::string_view text) {
  if (IsPlain(text)) {
    Append(out, text);
  } else {
    Append(out, Printable(text));
  }
}

void AppendForJson(Buffer& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  while (!text.empty()) {
    const std::size_t size = Utf8Size(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (size == 0) {
      Append(out, "\\ufffd");
    } else if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(text.front());
    } else if (byte < 0x20 || byte == 0x7f) {
      Append(out, "\\u00");
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 0xf]);
    } else {
      Append(out, text.substr(0, size));
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

// A head by pattern, the message escaped, an end.
class LineFormatter final : public spdlog::formatter {
 public:
  using AppendMessage = void (*)(Buffer&, std::string_view);
  LineFormatter(const char* head, AppendMessage append, std::string_view end)
      : head_text_(head), append_(append), end_(end) {}

  void format(const spdlog::details::log_msg& message, Buffer& out) override {
    head_.format(message, out);
    append_(out, {message.payload.data(), message.payload.size()});
    Append(out, end_);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(head_text_, append_, end_);
  }

 private:
  const char* const head_text_;
  const AppendMessage append_;
  const std::string_view end_;
  spdlog::pattern_formatter head_{head_text_, spdlog::pattern_time_type::utc, ""};
};

// 2026-01-02T03:04:05.678Z info  log: segment rolled dir=... base=42
std::unique_ptr<spdlog::formatter> TextFormatter() {
  return std::make_unique<LineFormatter>("%Y-%m-%dT%H:%M:%S.%eZ %-7l %n: ", AppendForText, "\n");
}
// {"time","level","logger","message"}, a line each.
std::unique_ptr<spdlog::formatter> JsonFormatter() {
  return std::make_unique<LineFormatter>(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","logger":"%n","message":")", AppendForJson,
      "\"}\n");
}

struct Registry {
  Mutex mutex;
  std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink QALAM_GUARDED_BY(mutex) =
      std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::level::level_enum level QALAM_GUARDED_BY(mutex) = spdlog::level::info;
  std::map<std::string, std::unique_ptr<spdlog::logger>, std::less<>> loggers
      QALAM_GUARDED_BY(mutex);

  Registry() { sink->set_formatter(TextFormatter()); }
};

// Never destroyed: threads may log until the very end.
Registry& TheRegistry() {
  static Registry* const registry = new Registry;
  return *registry;
}

}  // namespace

spdlog::logger& Logger(std::string_view folder) {
  Registry& registry = TheRegistry();
  MutexLock lock(registry.mutex);
  auto found = registry.loggers.find(folder);
  if (found == registry.loggers.end()) {
    auto logger = std::make_unique<spdlog::logger>(std::string(folder), registry.sink);
    logger->set_level(registry.level);
    found = registry.loggers.emplace(std::string(folder), std::move(logger)).first;
  }
  return *found->second;
}

void ConfigureLogging(const LoggingOptions& options) {
  Registry& registry = TheRegistry();
  MutexLock lock(registry.mutex);
  registry.sink->set_formatter(options.json ? JsonFormatter() : TextFormatter());
  // from_str() answers "off" to a word that it does not know: then rather too much than nothing.
  const auto level = spdlog::level::from_str(options.level);
  registry.level = level == spdlog::level::off ? spdlog::level::info : level;
  for (auto& [name, logger] : registry.loggers) logger->set_level(registry.level);
}

}  // namespace qalam
