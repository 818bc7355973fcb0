#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace qalam {

// Position of a record in its partition, counted from 0. Ends are exclusive: a log that holds
// offsets 0..9 ends at 10.
using Offset = std::int64_t;
inline constexpr Offset kNoOffset = -1;

using Epoch = std::int32_t;  // Leader epoch: a new one at every start of a leader.
inline constexpr Epoch kNoEpoch = -1;

using PartitionId = std::int32_t;
using NodeId = std::int32_t;
using ProducerId = std::int64_t;
inline constexpr ProducerId kNoProducerId = -1;

using TimestampMs = std::int64_t;  // Milliseconds since 1970, UTC.
inline constexpr TimestampMs kNoTimestamp = -1;

struct TopicPartition {
  std::string topic;
  PartitionId partition = 0;

  std::string ToString() const { return topic + "-" + std::to_string(partition); }
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// 128 random bits. As text: 22 characters of base64url without padding, as Kafka writes them.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  static Uuid Random();
  static Result<Uuid> Parse(std::string_view text);  // kInvalidArgument
  std::string ToString() const;
  bool is_nil() const { return *this == Uuid{}; }
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// 1 to 249 characters of [a-zA-Z0-9._-], not "." or "..". Checked before any path is made.
Status ValidateTopicName(std::string_view name);  // kInvalidTopicName

}  // namespace qalam

template <>
struct std::hash<qalam::TopicPartition> {
  std::size_t operator()(const qalam::TopicPartition& tp) const noexcept {
    return std::hash<std::string>{}(tp.topic) * 31 + static_cast<std::size_t>(tp.partition);
  }
};
