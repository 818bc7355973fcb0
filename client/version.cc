#include "qalam/version.h"

namespace qalam::abi0 {

const char* Version() noexcept { return QALAM_CLIENT_VERSION; }

}  // namespace qalam::abi0
