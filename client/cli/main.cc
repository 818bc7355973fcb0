#include <cstdio>
#include <cstdlib>

#include "client/cli/application.h"
#include "client/grpc_process.h"
#include "common/malloc_tuning.h"

int main(int argc, char** argv) {
  qalam::TuneMallocForBatches();
  qalam::abi0::SkipDeadlockSearch();
  const int code = qalam::cli::RunQalam(argc, argv);
  std::fflush(nullptr);
  // Threads of the client library may still be at work on what nobody waits for.
  std::_Exit(code);
}
