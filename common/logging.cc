#include "common/logging.h"

#include <spdlog/details/os.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "common/mutex.h"

namespace qalam {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-5l %n: %v";

void AppendEscaped(spdlog::memory_buf_t& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      const std::string_view lead = "\\u00";
      out.append(lead.data(), lead.data() + lead.size());
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 0xf]);
    } else {
      out.push_back(c);
    }
  }
}

// {"time","level","logger","message"}, a line each.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t head;
    head_.format(message, head);
    out.append(head.data(), head.data() + head.size());
    AppendEscaped(out, {message.payload.data(), message.payload.size()});
    const std::string_view end = "\"}\n";
    out.append(end.data(), end.data() + end.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  spdlog::pattern_formatter head_{
      R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","logger":"%n","message":")",
      spdlog::pattern_time_type::utc, ""};
};

struct Registry {
  Mutex mutex;
  std::shared_ptr<spdlog::sinks::stderr_sink_mt> sink QALAM_GUARDED_BY(mutex) =
      std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::level::level_enum level QALAM_GUARDED_BY(mutex) = spdlog::level::info;
  std::map<std::string, std::unique_ptr<spdlog::logger>, std::less<>> loggers
      QALAM_GUARDED_BY(mutex);

  Registry() {
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        kTextPattern, spdlog::pattern_time_type::utc, "\n"));
  }
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
    registry.sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        kTextPattern, spdlog::pattern_time_type::utc, "\n"));
  }
  registry.level = spdlog::level::from_str(options.level);
  for (auto& [name, logger] : registry.loggers) logger->set_level(registry.level);
}

}  // namespace qalam
