#include "broker/node/config_sources.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <system_error>

// The library's header throws where parsing fails; we catch it here, where we call it.
#include <toml++/toml.h>

#include "common/nearest_name.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
constexpr std::string_view kEnvironmentPrefix = "QALAM_";
constexpr std::string_view kOurPrefix = "qalam.";

std::string Place(const std::string& name, const toml::source_region& at) {
  return name + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column);
}

Result<std::string> ScalarText(const toml::node& node, const std::string& place,
                               const std::string& key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return Error(ErrorCode::kInvalidConfigFile,
               place + ": " + key + " must be text, a whole number, true or false");
}

Status Flatten(const toml::table& table, const std::string& prefix, const std::string& name,
               std::vector<RawSetting>& settings) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix + std::string(key.str());
    const std::string place = Place(name, node.source());
    if (const auto* inner = node.as_table()) {
      QALAM_RETURN_IF_ERROR(Flatten(*inner, full + ".", name, settings));
      continue;
    }
    std::string value;
    if (const auto* list = node.as_array()) {
      for (const toml::node& item : *list) {
        QALAM_ASSIGN_OR_RETURN(const std::string text, ScalarText(item, place, full));
        if (!value.empty()) value += ",";
        value += text;
      }
    } else {
      QALAM_ASSIGN_OR_RETURN(value, ScalarText(node, place, full));
    }
    settings.push_back({full, std::move(value), place, node.is_array()});
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<RawSetting>> ParseToml(std::string_view text, const std::string& name) {
  try {
    const toml::table table = toml::parse(text, name);
    std::vector<RawSetting> settings;
    QALAM_RETURN_IF_ERROR(Flatten(table, "", name, settings));
    // TOML sees "a.b" (quoted) and a.b as two keys; to us they are one.
    std::map<std::string_view, std::string_view> places;
    for (const RawSetting& setting : settings) {
      const auto [first, is_new] = places.emplace(setting.key, setting.source);
      if (is_new) continue;
      return Error(ErrorCode::kInvalidConfigFile, setting.source + ": " + setting.key +
                                                      " is set at " + std::string(first->second) +
                                                      " already");
    }
    return settings;
  } catch (const toml::parse_error& e) {
    return Error(ErrorCode::kInvalidConfigFile,
                 Place(name, e.source()) + ": " + std::string(e.description()))
        .With("path", name)
        .With("line", static_cast<std::int64_t>(e.source().begin.line))
        .With("column", static_cast<std::int64_t>(e.source().begin.column));
  } catch (const std::exception& e) {
    return Error(ErrorCode::kInvalidConfigFile, name + ": " + e.what());
  }
}

Result<std::vector<RawSetting>> ReadTomlFile(const std::string& path) {
  const Result<Bytes> bytes = ReadWholeFile(PosixFileSystem::Get(), path, kFileBytesMax);
  if (!bytes.ok()) {
    return Error(ErrorCode::kInvalidConfigFile, bytes.error().message()).With("path", path);
  }
  return ParseToml(AsText(*bytes), path);
}

Result<std::vector<RawSetting>> ReadConfigDirectory(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code failed;
  const std::string main = directory + "/qalam.toml";
  if (std::filesystem::exists(main, failed)) paths.push_back(main);
  const std::string extra = directory + "/conf.d";
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator at(extra, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().extension() == ".toml") names.push_back(at->path().string());
  }
  std::sort(names.begin(), names.end());
  paths.insert(paths.end(), names.begin(), names.end());
  std::vector<RawSetting> settings;
  for (const std::string& path : paths) {
    QALAM_ASSIGN_OR_RETURN(std::vector<RawSetting> more, ReadTomlFile(path));
    std::move(more.begin(), more.end(), std::back_inserter(settings));
  }
  return settings;
}

std::string EnvironmentName(std::string_view key) {
  if (key.starts_with(kOurPrefix)) key.remove_prefix(kOurPrefix.size());
  std::string name(kEnvironmentPrefix);
  for (const char c : key) {
    name.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '.' ? '_' : c);
  }
  return name;
}

Result<std::vector<RawSetting>> ReadEnvironment(
    const std::vector<std::pair<std::string, std::string>>& environment) {
  std::vector<std::pair<std::string, std::string_view>> known;  // Name without QALAM_, key.
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    known.emplace_back(EnvironmentName(key.key).substr(kEnvironmentPrefix.size()), key.key);
  }
  std::vector<std::string_view> names;
  for (const auto& [name, key] : known) names.push_back(name);
  std::vector<RawSetting> settings;
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with(kEnvironmentPrefix)) continue;
    const std::string_view name = std::string_view(variable).substr(kEnvironmentPrefix.size());
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (found != known.end()) {
      settings.push_back({std::string(found->second), value, "environment " + variable});
      continue;
    }
    // Such as QALAM_TEST_BIN, or QALAM_PORT_7420_TCP by Kubernetes for a service named qalam.
    constexpr std::size_t kShort = 6;
    const std::string_view nearest = NearestName(name, names);
    if (nearest.empty() || name.size() < kShort) continue;
    return Error(ErrorCode::kInvalidConfig, "environment: unknown variable " + variable +
                                                "; did you mean QALAM_" + std::string(nearest) +
                                                "?")
        .With("key", variable)
        .With("nearest", std::string(kEnvironmentPrefix) + std::string(nearest));
  }
  return settings;
}

Result<RawSetting> ParseSetting(std::string_view text, const std::string& source) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error(ErrorCode::kInvalidConfig,
                 source + ": \"" + std::string(text.substr(0, 64)) + "\" is not key=value");
  }
  return RawSetting{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)),
                    source};
}

}  // namespace qalam
