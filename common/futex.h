#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace qalam {

// futex(2), on words of one process and on words in memory that several have mapped. Waits until
// another thread wakes it, `end` passes, the word is not `expected`, or now and then for no reason.
// Thread: any.
void FutexWait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
               std::chrono::steady_clock::time_point end);
void FutexWaitShared(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                     std::chrono::steady_clock::time_point end);
// Wakes all who wait for the word.
void FutexWake(std::atomic<std::uint32_t>& word);
void FutexWakeShared(std::atomic<std::uint32_t>& word);

}  // namespace qalam
