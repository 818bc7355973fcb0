#pragma once

#include <memory>
#include <span>

#include "client/cli/ceiling_segments.h"
#include "client/cli/ceiling_way.h"
#include "common/bytes.h"
#include "common/result.h"

namespace qalam::cli {

// Bytes of one CeilingFile::Write at most.
constexpr std::size_t kCeilingWriteBytesMax = std::size_t{8} << 20;

// An endless file, in segments, written in one of the ways. Thread: its owner.
class CeilingFile {
 public:
  // `way` is not kNone. Waits for the first segment. Errors: as SegmentSupply::Next.
  // `options.segment_bytes` is a multiple of 4 KiB; `direct` and `zeroed` follow from `way`.
  static Result<std::unique_ptr<CeilingFile>> Open(CeilingWay way, CeilingAck ack,
                                                   SegmentOptions options);
  // Removes every segment.
  virtual ~CeilingFile() = default;

  // Appends `parts`, of kCeilingWriteBytesMax in all at most. Durable after Sync, or, where a
  // segment ends, already. Errors: kNoSpace, kIo.
  virtual Status Write(std::span<const BytesView> parts) = 0;
  // Errors: kIo.
  virtual Status Sync() = 0;
};

}  // namespace qalam::cli
