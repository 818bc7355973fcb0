#include "broker/rpc/stream_registry.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace qalam {

bool StreamRegistry::Add(const std::shared_ptr<DrainableStream>& stream) {
  bool draining = false;
  {
    MutexLock lock(mutex_);
    if (streams_.size() >= streams_max_) return false;
    streams_[stream.get()] = stream;
    draining = draining_;
  }
  if (draining) stream->Drain();
  return true;
}

void StreamRegistry::Remove(DrainableStream* stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
  if (streams_.empty()) empty_.NotifyAll();
}

bool StreamRegistry::DrainAll(std::chrono::milliseconds patience) {
  std::vector<std::shared_ptr<DrainableStream>> streams;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    for (auto& [key, weak] : streams_) {
      if (auto stream = weak.lock()) streams.push_back(std::move(stream));
    }
  }
  for (auto& stream : streams) stream->Drain();
  streams.clear();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  MutexLock lock(mutex_);
  while (!streams_.empty()) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero() || !empty_.WaitFor(mutex_, left)) break;
  }
  return streams_.empty();
}

std::size_t StreamRegistry::size() const {
  MutexLock lock(mutex_);
  return streams_.size();
}

Result<StreamList> StreamRegistry::ListStreams(std::size_t limit) const {
  std::vector<std::shared_ptr<DrainableStream>> streams;
  {
    MutexLock lock(mutex_);
    streams.reserve(streams_.size());
    for (const auto& [key, weak] : streams_) {
      if (auto stream = weak.lock()) streams.push_back(std::move(stream));
    }
  }
  StreamList list;
  for (const auto& stream : streams) {
    if (auto info = stream->Describe()) list.streams.push_back(*std::move(info));
  }
  list.count = list.streams.size();
  std::sort(list.streams.begin(), list.streams.end(), [](const auto& a, const auto& b) {
    return std::tie(a.opened_ms, a.partition) < std::tie(b.opened_ms, b.partition);
  });
  list.streams.resize(std::min(limit, list.streams.size()));
  return list;
}

}  // namespace qalam
