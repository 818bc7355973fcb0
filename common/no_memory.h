#pragma once

namespace qalam {

// For memory that does not come from operator new, and could not be had: does what that does. The
// new handler is asked, which may end the process; else std::bad_alloc is thrown. Thread: any.
[[noreturn]] void ThrowNoMemory();

}  // namespace qalam
