#include "broker/partition/reader_wakes.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace qalam {
namespace {

constexpr std::size_t kWakesPerTask = 32;  // When all are woken, several threads do it.

void Post(TaskPool& pool, std::vector<HighWatermark::Wake> woken) {
  for (std::size_t from = 0; from < woken.size(); from += kWakesPerTask) {
    const std::size_t to = std::min(woken.size(), from + kWakesPerTask);
    std::vector<HighWatermark::Wake> some;
    some.reserve(to - from);
    for (std::size_t i = from; i < to; ++i) some.push_back(std::move(woken[i]));
    pool.Post([some = std::move(some)]() mutable {
      for (auto& wake : some) wake();
    });
  }
}

}  // namespace

ReaderWakes::ReaderWakes(HighWatermark& watermark, TaskPool& pool, std::size_t at_once)
    : watermark_(watermark), pool_(pool), at_once_(at_once) {}

std::size_t ReaderWakes::AtOnceHere() {
  const auto processors = std::max(2U, std::thread::hardware_concurrency());
  return static_cast<std::size_t>(kPause / kCost) * processors / 2;
}

void ReaderWakes::Raise(Offset offset, MonotonicTime now) {
  if (!watermark_.Raise(offset) || due_) return;
  due_ = std::max(now, not_before_);
  if (*due_ <= now) Run(now);
}

void ReaderWakes::Run(MonotonicTime now) {
  due_.reset();
  auto woken = watermark_.TakeWoken(at_once_);
  if (woken.size() == at_once_) {
    not_before_ = now + kPause;
    due_ = not_before_;  // There may be more.
  }
  Post(pool_, std::move(woken));
}

void ReaderWakes::Close() {
  due_.reset();
  Post(pool_, watermark_.Close());
}

}  // namespace qalam
