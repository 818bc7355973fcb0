#pragma once

namespace qalam::abi0 {

// Debian's build of Abseil looks for deadlocks with every lock that gRPC takes, which small
// messages feel. For a program's `main`; a library leaves its host's process alone.
void SkipDeadlockSearch();

}  // namespace qalam::abi0
