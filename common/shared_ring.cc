#include "common/shared_ring.h"

#include <algorithm>
#include <cstring>

#include "common/futex.h"

namespace qalam {
namespace {

constexpr auto kOrder = std::memory_order_seq_cst;  // Of positions and states against each other.

std::uint32_t Word(RingSleep sleep) { return static_cast<std::uint32_t>(sleep); }

}  // namespace

std::size_t RingWriter::room() const {
  const std::uint64_t unread = written_ - control_.read.load(kOrder);
  return unread > data_.size() ? 0 : data_.size() - static_cast<std::size_t>(unread);
}

RingWriter::Outcome RingWriter::Write(std::span<const BytesView> parts) {
  std::size_t left = room();
  Outcome outcome;
  for (BytesView part : parts) {
    part = part.first(std::min(part.size(), left));
    left -= part.size();
    while (!part.empty()) {
      const std::size_t at = (written_ + outcome.bytes) % data_.size();
      const std::size_t count = std::min(part.size(), data_.size() - at);
      std::memcpy(data_.data() + at, part.data(), count);
      outcome.bytes += count;
      part = part.subspan(count);
    }
  }
  if (outcome.bytes == 0) return outcome;
  written_ += outcome.bytes;
  control_.written.store(written_, kOrder);
  const std::uint32_t reader = control_.reader.load(kOrder);
  if (reader == Word(RingSleep::kAwake)) return outcome;
  if (reader == Word(RingSleep::kLater) && room() > data_.size() / 2) return outcome;
  const std::uint32_t was = control_.reader.exchange(Word(RingSleep::kAwake), kOrder);
  if (was == Word(RingSleep::kHere)) {
    FutexWakeShared(control_.reader);
  } else {
    outcome.bell = was != Word(RingSleep::kAwake);
  }
  return outcome;
}

bool RingWriter::WaitForRoom() {
  control_.writer_waits.store(1, kOrder);
  if (room() < data_.size() / 2) return true;
  // Whoever takes the mark away sees to it: the reader rings, or we go on.
  return control_.writer_waits.exchange(0, kOrder) == 0;
}

Result<std::size_t> RingReader::Read(std::span<std::byte> out) {
  const std::uint64_t there = waiting();
  if (there > data_.size()) {
    return Error(ErrorCode::kInvalidArgument, "the other end of a shared ring broke it");
  }
  const std::size_t count = std::min(static_cast<std::size_t>(there), out.size());
  if (count == 0) return count;
  const std::size_t at = read_ % data_.size();
  const std::size_t first = std::min(count, data_.size() - at);
  std::memcpy(out.data(), data_.data() + at, first);
  std::memcpy(out.data() + first, data_.data(), count - first);
  read_ += count;
  control_.read.store(read_, kOrder);
  return count;
}

bool RingReader::TakeRoomBell() {
  if (control_.writer_waits.load(kOrder) == 0 || more_than_half_full()) return false;
  return control_.writer_waits.exchange(0, kOrder) != 0;
}

bool RingReader::Sleep(RingSleep sleep) {
  control_.reader.store(Word(sleep), kOrder);
  return waiting() == 0;
}

void RingReader::WaitHere(std::chrono::steady_clock::time_point end) {
  FutexWaitShared(control_.reader, Word(RingSleep::kHere), end);
  control_.reader.store(Word(RingSleep::kAwake), kOrder);
}

void RingReader::Interrupt() {
  std::uint32_t here = Word(RingSleep::kHere);
  if (control_.reader.compare_exchange_strong(here, Word(RingSleep::kAwake), kOrder)) {
    FutexWakeShared(control_.reader);
  }
}

bool RingReader::more_than_half_full() const { return waiting() > data_.size() / 2; }

}  // namespace qalam
