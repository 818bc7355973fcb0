#pragma once

#include <functional>
#include <string>

namespace qalam {

// Takes a connected, non-blocking socket and owns it from then on. `peer` is for people. Called on
// the listener's IoThread; must not block.
using ConnectionHandler = std::function<void(int descriptor, const std::string& peer)>;

// Connections that wait to be accepted.
inline constexpr int kListenBacklog = 1024;

}  // namespace qalam
