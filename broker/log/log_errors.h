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

// A sync failed before the log was open: what the disk holds of the file is not known any more, and
// asking again would not tell. kLogFailed: the log directory stops, whatever the error was.
inline Error SyncFailed(const std::string& path, const Error& cause) {
  return Error(ErrorCode::kLogFailed, path + " was not synced: " + cause.message());
}

// The disk or the process is full for now: nothing was changed and the same may work later.
inline bool IsPassing(const Error& error) {
  return error.code() == ErrorCode::kNoSpace || error.code() == ErrorCode::kTooManyRequests;
}

}  // namespace qalam
