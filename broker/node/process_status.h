#pragma once

#include <string>
#include <vector>

namespace qalam {

// What each thread of this process is doing, a line a thread: name, id, state, processor time and
// the kernel function it waits in, as far as /proc says.
std::vector<std::string> DescribeThreads();
// Memory, descriptors and processor time of this process, in a line.
std::string DescribeProcess();

}  // namespace qalam
