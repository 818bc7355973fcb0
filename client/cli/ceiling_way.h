#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace qalam::cli {

// How `bench ceiling` brings groups of batches to the disk. All but the last write files that grow
// while it measures.
enum class CeilingWay {
  kDirect,     // O_DIRECT from an aligned buffer; the last, partial block is written again.
  kZeroed,     // The same, into space that a helper thread zeroes ahead meanwhile.
  kBuffered,   // Through the page cache.
  kWriteback,  // The same; write-out starts early, pages that are out are dropped.
  kNone,       // Not at all: the transport alone.
};
inline constexpr std::array kCeilingWays = {CeilingWay::kDirect, CeilingWay::kZeroed,
                                            CeilingWay::kBuffered, CeilingWay::kWriteback,
                                            CeilingWay::kNone};

// What an acknowledgement waits for.
enum class CeilingAck { kFsync, kWrite };

// As they are typed: "direct", ... and "fsync", "write".
std::string_view CeilingWayName(CeilingWay way);
std::optional<CeilingWay> ParseCeilingWay(std::string_view text);
std::string_view CeilingAckName(CeilingAck ack);
std::optional<CeilingAck> ParseCeilingAck(std::string_view text);

// What is known of acknowledged bytes, in the words of the broker's acknowledgements: "fsync", "os"
// or "memory".
std::string_view CeilingDurability(CeilingWay way, CeilingAck ack);

}  // namespace qalam::cli
