#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace qalam {

// Tells systemd how we are: "READY=1", "STATUS=...", "STOPPING=1", "RELOADING=1", "WATCHDOG=1",
// several joined by '\n'. Does nothing when nobody asked (no $NOTIFY_SOCKET). Thread: any.
void SdNotify(std::string_view state);
// How often systemd wants to hear WATCHDOG=1; nothing when it does not ask us.
std::optional<std::chrono::microseconds> SdWatchdogInterval();

}  // namespace qalam
