#pragma once

#include <cstdint>

namespace qalam {

// What an acknowledgement means (topic config `qalam.flush`).
enum class FlushMode : std::uint8_t {
  kFsync = 0,     // After the sync.
  kInterval = 1,  // After the write; synced every `flush_interval`.
  kOs = 2,        // After the write; the operating system syncs when it likes.
};

}  // namespace qalam
