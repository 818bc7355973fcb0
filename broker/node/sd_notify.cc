#include "broker/node/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace qalam {

void SdNotify(std::string_view state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  const std::string_view name(path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';  // The abstract namespace.
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  // Nothing to be done about a manager that does not listen.
  (void)sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size);
  close(descriptor);
}

std::optional<std::chrono::microseconds> SdWatchdogInterval() {
  const auto number = [](const char* name) -> std::optional<std::int64_t> {
    const char* const text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    std::int64_t value = 0;
    const char* const end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, value);
    if (error != std::errc() || rest != end || value <= 0) return std::nullopt;
    return value;
  };
  const auto process = number("WATCHDOG_PID");
  if (process && *process != getpid()) return std::nullopt;
  const auto interval = number("WATCHDOG_USEC");
  if (!interval) return std::nullopt;
  return std::chrono::microseconds(*interval);
}

}  // namespace qalam
