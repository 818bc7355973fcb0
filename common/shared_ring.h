#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// What both ends of a ring share, in memory that two processes have mapped. Neither end believes
// the other: a position that can't be is an error, never an access outside of the ring.
struct RingControl {
  alignas(64) std::atomic<std::uint64_t> written{0};  // Bytes so far; the writer's.
  alignas(64) std::atomic<std::uint64_t> read{0};     // Bytes so far; the reader's.
  alignas(64) std::atomic<std::uint32_t> reader{0};   // A RingSleep.
  std::atomic<std::uint32_t> writer_waits{0};         // 1: for room.
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// What the reader of a ring is about, and so what the writer does for it.
enum class RingSleep : std::uint32_t {
  kAwake = 0,  // It looks by itself, soon.
  kBell = 1,   // Somebody waits for the bell, which the two ends have elsewhere.
  kLater = 2,  // As kAwake, but later: the bell, if the ring fills up meanwhile.
  kHere = 3,   // A thread waits for this very word (futex).
};

// The end of a ring of bytes that writes. Thread: one at a time.
class RingWriter {
 public:
  // `control` and `data`, whose size is a power of two, live longer than it.
  RingWriter(RingControl& control, std::span<std::byte> data) : control_(control), data_(data) {}

  struct Outcome {
    std::size_t bytes = 0;  // So many of the parts were taken: as there was room for.
    bool bell = false;      // The caller now rings the bell.
  };
  Outcome Write(std::span<const BytesView> parts);
  // Of no more than what was taken of the last ones, if not all of them were. True: the bell tells
  // when to go on. False: at once.
  bool WaitForRoom();
  std::size_t room() const;

 private:
  RingControl& control_;
  const std::span<std::byte> data_;
  std::uint64_t written_ = 0;
};

// The end that reads. Thread: one at a time, but for Interrupt.
class RingReader {
 public:
  RingReader(RingControl& control, std::span<const std::byte> data)
      : control_(control), data_(data) {}

  // How many bytes came, 0 if there are none. kInvalidArgument: the writer's position is nonsense.
  Result<std::size_t> Read(std::span<std::byte> out);
  // After reading. True: the caller now rings the bell, the writer waits for the room.
  bool TakeRoomBell();
  // From now on the writer does what `sleep` says. False: there is something to read already, which
  // it may have written without a word.
  bool Sleep(RingSleep sleep);
  // Until there is something, `end`, an Interrupt, or now and then for no reason. Awake afterwards.
  void WaitHere(std::chrono::steady_clock::time_point end);
  // Wakes who is, or is about to be, in WaitHere: on a reader that Sleep(kHere) has set. Any thread
  // of the reader's process.
  void Interrupt();
  bool more_than_half_full() const;

 private:
  std::uint64_t waiting() const { return control_.written.load() - read_; }

  RingControl& control_;
  const std::span<const std::byte> data_;
  std::uint64_t read_ = 0;
};

}  // namespace qalam
