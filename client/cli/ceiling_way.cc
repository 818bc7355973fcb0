#include "client/cli/ceiling_way.h"

namespace qalam::cli {

std::string_view CeilingWayName(CeilingWay way) {
  switch (way) {
    case CeilingWay::kDirect:
      return "direct";
    case CeilingWay::kZeroed:
      return "zeroed";
    case CeilingWay::kBuffered:
      return "buffered";
    case CeilingWay::kWriteback:
      return "writeback";
    case CeilingWay::kNone:
      return "none";
  }
  return "unknown";
}

std::optional<CeilingWay> ParseCeilingWay(std::string_view text) {
  for (const CeilingWay way : kCeilingWays) {
    if (CeilingWayName(way) == text) return way;
  }
  return std::nullopt;
}

std::string_view CeilingAckName(CeilingAck ack) {
  return ack == CeilingAck::kFsync ? "fsync" : "write";
}

std::optional<CeilingAck> ParseCeilingAck(std::string_view text) {
  for (const CeilingAck ack : {CeilingAck::kFsync, CeilingAck::kWrite}) {
    if (CeilingAckName(ack) == text) return ack;
  }
  return std::nullopt;
}

std::string_view CeilingDurability(CeilingWay way, CeilingAck ack) {
  if (way == CeilingWay::kNone) return "memory";
  return ack == CeilingAck::kFsync ? "fsync" : "os";
}

}  // namespace qalam::cli
