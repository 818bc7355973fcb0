#include "client/grpc_process.h"

#include <absl/synchronization/mutex.h>

namespace qalam::abi0 {

void SkipDeadlockSearch() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace qalam::abi0
