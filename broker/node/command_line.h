#pragma once

#include <string>
#include <vector>

#include "broker/node/broker_config.h"
#include "common/result.h"

namespace qalam {

// What qalamd was told on its command line.
struct CommandLine {
  enum class Action { kRun, kCheckConfig, kPrintConfig, kPrintReference, kRebuildMetadata, kShow };
  Action action = Action::kRun;
  std::string text;         // kShow: what to print (help, version).
  std::string config_file;  // Empty: /etc/qalam.
  std::string port_file;
  std::vector<RawSetting> settings;  // --set and the options that are short for settings.
  bool adopt_copy = false;
  bool force = false;
  // What to do when the directory has an owner.
  bool join = false;
  bool take_over = false;
};

// Errors: kInvalidArgument, kInvalidConfig.
Result<CommandLine> ParseCommandLine(int argc, const char* const* argv);
std::string VersionText();

}  // namespace qalam
