#pragma once

namespace qalam {

// From now on an allocation that can't be had ends the process at once, with kOutOfMemory and a
// line on stderr: no request goes on with half of what it needs. What was acknowledged is durable
// as ever, and the next start recovers as after a kill. For qalamd only; a program that has a
// broker inside decides for itself. Thread: main, before there are others.
void EndWhenOutOfMemory();
// The same for a thread that can't be had. Thread: any.
[[noreturn]] void EndWithoutThread();

}  // namespace qalam
