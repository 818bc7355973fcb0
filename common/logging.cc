#include "common/logging.h"

#include <pthread.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "common/log_line.h"
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

void AppendEscape(Buffer& out, unsigned character) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Append(out, "\\u00");
  out.push_back(kDigits[character >> 4]);
  out.push_back(kDigits[character & 0xf]);
}

// As a string of JSON, with its quotes. Control characters are escaped, C1 included, and a byte
// that is not UTF-8 becomes U+FFFD: the line can be shown as it is.
void AppendJsonString(Buffer& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    const std::size_t size = Utf8Size(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (size == 0) {
      Append(out, "\\ufffd");
    } else if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(text.front());
    } else if (byte < 0x20 || byte == 0x7f) {
      AppendEscape(out, byte);
    } else if (byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      AppendEscape(out, static_cast<unsigned char>(text[1]));
    } else {
      Append(out, text.substr(0, size));
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out.push_back('"');
}

constexpr const char* kTimePattern = "%Y-%m-%dT%H:%M:%S.%eZ";

// 2026-01-02T03:04:05.678Z info  log: segment rolled dir=... base=42
class TextFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, Buffer& out) override {
    head_.format(message, out);
    AppendForText(out, {message.payload.data(), message.payload.size()});
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<TextFormatter>();
  }

 private:
  spdlog::pattern_formatter head_{
      std::string(kTimePattern) + " %-7l %n: ", spdlog::pattern_time_type::utc, ""};
};

// {"ts","level","logger","thread","msg", and what the message says as key=value}, a line each.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, Buffer& out) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    Append(out, R"({"ts":")");
    time_.format(message, out);
    out.push_back('"');
    const auto level = spdlog::level::to_string_view(message.level);
    AppendMember(out, "level", {level.data(), level.size()});
    AppendMember(out, "logger", {message.logger_name.data(), message.logger_name.size()});
    AppendMember(out, "thread", OwnThreadName().data());
    AppendMember(out, "msg", text);
    for (const auto& [name, value] : FieldsOf(text, kFieldsMax)) {
      const bool is_taken = std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
      if (!is_taken) AppendMember(out, name, value);
    }
    Append(out, "}\n");
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  static constexpr std::size_t kFieldsMax = 16;
  static constexpr std::array<std::string_view, 5> kOwn = {"ts", "level", "logger", "thread",
                                                           "msg"};

  static void AppendMember(Buffer& out, std::string_view name, std::string_view value) {
    out.push_back(',');
    AppendJsonString(out, name);
    out.push_back(':');
    AppendJsonString(out, value);
  }
  // Lines are made by the thread that logs.
  static std::array<char, 16> OwnThreadName() {
    std::array<char, 16> name{};
    (void)pthread_getname_np(pthread_self(), name.data(), name.size());
    return name;
  }

  spdlog::pattern_formatter time_{kTimePattern, spdlog::pattern_time_type::utc, ""};
};

struct Registry {
  Mutex mutex;
  std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink QALAM_GUARDED_BY(mutex) =
      std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::level::level_enum level QALAM_GUARDED_BY(mutex) = spdlog::level::info;
  std::map<std::string, std::unique_ptr<spdlog::logger>, std::less<>> loggers
      QALAM_GUARDED_BY(mutex);

  Registry() { sink->set_formatter(std::make_unique<TextFormatter>()); }
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
  if (options.json) {
    registry.sink->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    registry.sink->set_formatter(std::make_unique<TextFormatter>());
  }
  // from_str() answers "off" to a word that it does not know: then rather too much than nothing.
  const auto level = spdlog::level::from_str(options.level);
  registry.level = level == spdlog::level::off ? spdlog::level::info : level;
  for (auto& [name, logger] : registry.loggers) logger->set_level(registry.level);
}

}  // namespace qalam
