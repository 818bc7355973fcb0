#include "broker/node/exit_code.h"

namespace qalam {

ExitCode ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kInvalidConfig:
    case ErrorCode::kInvalidConfigFile:
      return ExitCode::kUsage;
    case ErrorCode::kPortInUse:
      return ExitCode::kPortInUse;
    case ErrorCode::kDirectoryUnusable:
    case ErrorCode::kNoSpace:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kTooManyRequests:  // No descriptor left for a file of it.
      return ExitCode::kDirectoryUnusable;
    case ErrorCode::kIo:
    case ErrorCode::kLogFailed:
    case ErrorCode::kCorruption:
      return ExitCode::kLogFailed;
    case ErrorCode::kDirectoryInUse:
      return ExitCode::kDirectoryInUse;
    case ErrorCode::kUnsupportedFormat:
    case ErrorCode::kWrongNode:
    case ErrorCode::kCopiedDirectory:
    case ErrorCode::kMetadataMissing:
    case ErrorCode::kMetadataDamaged:
      return ExitCode::kDirectoryUnsuitable;
    default:
      return ExitCode::kUnknown;
  }
}

}  // namespace qalam
