#pragma once

#include <algorithm>
#include <cstddef>

namespace qalam::abi0 {

// When a batch leaves that is not full and has no linger to wait for: at once while none is under
// way. What comes then gathers, because it would only wait for the same sync in more messages. But
// while many callers each wait for their own record, the broker and the disk would have nothing to
// do whenever all of them wait here: so a second batch leaves once half of those who lately waited
// are in it, and two halves of the crowd take turns. Thread: its owner.
class EarlySeal {
 public:
  // Asked after each record and each verdict; true: the caller seals the open batch. `batches` and
  // `records` are sealed and not decided yet, `gathered` records are in the open batch, which has
  // at least one.
  bool IsDue(std::size_t batches, std::size_t records, std::size_t gathered) {
    crowd_ = std::max(crowd_, records + gathered);
    const std::size_t half = std::max(crowd_, crowd_before_) / 2;
    const bool due = batches == 0 || (batches == 1 && gathered >= std::max(half, kSecondMin));
    if (due && ++seals_ == kSealsRemembered) {
      seals_ = 0;
      crowd_before_ = crowd_;
      crowd_ = 0;
    }
    return due;
  }

 private:
  static constexpr std::size_t kSecondMin = 16;  // Fewer are not worth a message of their own.
  static constexpr std::size_t kSealsRemembered = 64;

  std::size_t crowd_ = 0;         // The most records that waited at a time, since so many seals,
  std::size_t crowd_before_ = 0;  // and in the stretch before.
  std::size_t seals_ = 0;
};

}  // namespace qalam::abi0
