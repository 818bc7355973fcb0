#pragma once

#include "common/error.h"

namespace qalam {

// What qalamd ends with; scripts and the systemd unit rely on these numbers (sysexits.h where it
// has a word for it).
enum class ExitCode : int {
  kStopped = 0,
  kUnknown = 1,
  kUsage = 2,                 // Wrong options or settings.
  kPortInUse = 69,            // EX_UNAVAILABLE
  kOutOfMemory = 71,          // EX_OSERR
  kDirectoryUnusable = 73,    // EX_CANTCREAT: can't be created or written, or is not ours.
  kLogFailed = 74,            // EX_IOERR: a log or the metadata failed on the disk.
  kDirectoryInUse = 75,       // EX_TEMPFAIL: another process owns it.
  kDirectoryUnsuitable = 78,  // EX_CONFIG: other format, other node, a copy, lost metadata.
};

ExitCode ExitCodeOf(ErrorCode code);

}  // namespace qalam
