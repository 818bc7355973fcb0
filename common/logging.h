#pragma once

#include <spdlog/logger.h>

#include <string>
#include <string_view>

namespace qalam {

// The program's own log, on stderr: one logger per folder. A short event, then key=value:
//   Logger("log").info("segment rolled dir={} base={} bytes={}", ...);
// error: a person must act. warn: we cope, but look. info: state changed. debug: per request.
// Nothing per record, no payloads. Thread: any. The reference stays good for the program's life.
spdlog::logger& Logger(std::string_view folder);

struct LoggingOptions {
  std::string level = "info";  // debug, info, warn, error.
  // One JSON object a line, else text: "ts", "level", "logger", "thread", "msg", and each key=value
  // of the message as a member of that name (a string). Valid whatever bytes the message has.
  bool json = false;
};
// In force for all loggers at once, made before or after. May be called again (another level).
void ConfigureLogging(const LoggingOptions& options);

}  // namespace qalam
