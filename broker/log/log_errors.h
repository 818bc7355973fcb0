#pragma once

#include <cstdint>
#include <string>

#include "common/error.h"

namespace qalam {

// Bytes that are not what had been written: says where. Thread: any.
inline Error CorruptionAt(const std::string& path, std::uint64_t position,
                          const std::string& what) {
  return Error(ErrorCode::kCorruption, path + " at byte " + std::to_string(position) + ": " + what)
      .With("file", path)
      .With("position", static_cast<std::int64_t>(position));
}

// The disk or the process is full for now: nothing was changed and the same may work later.
inline bool IsPassing(const Error& error) {
  return error.code() == ErrorCode::kNoSpace || error.code() == ErrorCode::kTooManyRequests;
}

}  // namespace qalam
