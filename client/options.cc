#include "qalam/options.h"

namespace qalam::abi0 {

const char* DurabilityName(Durability durability) noexcept {
  switch (durability) {
    case Durability::kMemory:
      return "memory";
    case Durability::kOs:
      return "os";
    case Durability::kFsync:
      return "fsync";
    case Durability::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace qalam::abi0
