#include "common/no_memory.h"

#include <new>

namespace qalam {

void ThrowNoMemory() {
  if (const std::new_handler handler = std::get_new_handler(); handler != nullptr) handler();
  throw std::bad_alloc();
}

}  // namespace qalam
