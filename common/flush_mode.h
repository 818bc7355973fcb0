#pragma once

#include <cstdint>
#include <string_view>

namespace qalam {

// What an acknowledgement means (topic config `qalam.flush`).
enum class FlushMode : std::uint8_t {
  kFsync = 0,     // After the sync.
  kInterval = 1,  // After the write; synced every `flush_interval`.
  kOs = 2,        // After the write; the operating system syncs when it likes.
};

// As the setting is written.
constexpr std::string_view FlushModeName(FlushMode mode) {
  switch (mode) {
    case FlushMode::kFsync:
      return "fsync";
    case FlushMode::kInterval:
      return "interval";
    case FlushMode::kOs:
      return "os";
  }
  return "unknown";
}

}  // namespace qalam
