// A process to be killed: writes counters to a metadata store for as long as it lives, and prints
// each one once it was acknowledged. Usage: metadata_writer DIR
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "broker/metadata/rocksdb_store.h"
#include "common/posix_file_system.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto store = qalam::OpenMetadata(qalam::PosixFileSystem::Get(), argv[1]);
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.error().ToString().c_str());
    return 1;
  }
  const auto last = (*store)->Get("count");
  if (!last.ok()) return 1;
  long long count = *last ? std::atoll((**last).value.c_str()) : 0;
  while (true) {
    ++count;
    const std::string text = std::to_string(count);
    // Two keys in one batch: both or neither.
    const auto done = (*store)->CompareAndSet(
        {{"count", text, std::nullopt},
         {"twin/" + std::to_string(count % 50), text + std::string(2000, 'x'), std::nullopt},
         {"twin", text, std::nullopt}});
    if (!done.ok()) {
      std::fprintf(stderr, "%s\n", done.error().ToString().c_str());
      return 1;
    }
    const std::string line = text + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return 1;
  }
}
