#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>

#include "broker/api/open_streams.h"
#include "common/mutex.h"

namespace qalam {

// As much of a client's name is kept for ListStreams.
inline constexpr std::size_t kClientIdShownMax = 256;

// A long-lived stream that has to end when the server stops. Thread: any.
class DrainableStream {
 public:
  virtual ~DrainableStream() = default;
  // Take no more; answer what is under way; then end with kShuttingDown.
  virtual void Drain() = 0;
  // Nothing: it has not been opened yet, or is none of a partition's.
  virtual std::optional<StreamInfo> Describe() const { return std::nullopt; }
};

// The streams there are, so many at most. One that joins while the server drains is drained at
// once. Thread: any.
class StreamRegistry final : public OpenStreams {
 public:
  explicit StreamRegistry(std::size_t streams_max) : streams_max_(streams_max) {}
  bool Add(const std::shared_ptr<DrainableStream>& stream);  // False: there are too many.
  void Remove(DrainableStream* stream);                      // Nothing if it never was added.
  // False if some are left after `patience`.
  bool DrainAll(std::chrono::milliseconds patience);
  std::size_t size() const;
  Result<StreamList> ListStreams(std::size_t limit) const override;

 private:
  const std::size_t streams_max_;
  mutable Mutex mutex_;
  CondVar empty_;
  bool draining_ QALAM_GUARDED_BY(mutex_) = false;
  std::unordered_map<DrainableStream*, std::weak_ptr<DrainableStream>> streams_
      QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
