#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/node/broker_config.h"
#include "common/result.h"

namespace qalam {

// The settings of TOML text: tables, dotted and quoted keys flatten to the same name
// ([log] segment.bytes = "1GiB" is log.segment.bytes), arrays join with commas. `name` is what the
// source calls the file. Errors: kInvalidConfigFile (file, line and column).
Result<std::vector<RawSetting>> ParseToml(std::string_view text, const std::string& name);
// Errors: kInvalidConfigFile (missing, unreadable, not TOML).
Result<std::vector<RawSetting>> ReadTomlFile(const std::string& path);
// `directory`/qalam.toml and then `directory`/conf.d/*.toml by name, as far as they are there.
Result<std::vector<RawSetting>> ReadConfigDirectory(const std::string& directory);

// QALAM_LOG_SEGMENT_BYTES for log.segment.bytes, QALAM_FLUSH for qalam.flush.
std::string EnvironmentName(std::string_view key);
// The settings among `environment` (name, value). A QALAM_ name that means nothing but is close to
// one that does is refused; the others, which belong to other programs, are left alone.
// Errors: kInvalidConfig.
Result<std::vector<RawSetting>> ReadEnvironment(
    const std::vector<std::pair<std::string, std::string>>& environment);

// "key=value". Errors: kInvalidConfig.
Result<RawSetting> ParseSetting(std::string_view text, const std::string& source);

}  // namespace qalam
