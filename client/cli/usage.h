#pragma once

#include <qalam/client.h>

#include <optional>
#include <string>
#include <utility>

namespace qalam::cli {

// INVALID_ARGUMENT for what was typed. `hint` empty: where help is.
abi0::Error BadUsage(const std::string& message, const std::string& hint = {});

// "KEY=VALUE": both halves. Nothing: no '=' or no key.
std::optional<std::pair<std::string, std::string>> SplitSetting(const std::string& setting);

}  // namespace qalam::cli
