#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/bytes.h"
#include "common/result.h"

// How a process on the same machine talks Produce to the owner of a directory, over qalam.sock:
//
//   client:  "QLF1" with the memory of two rings (common/frame_channel.h)
//   then, over the rings, both:
//   frame:   length of what follows (4 bytes, little-endian), kind (1 byte), the payload
//
// A message is a qalam.v1.ProduceRequest of the client or a ProduceResponse of the owner, as on a
// Produce stream of gRPC, and means the same. An end is the last frame of the owner: nothing, or
// the serialized RpcStatus that gRPC has in `grpc-status-details-bin`. One connection is one
// stream. gRPC's own connections to the same socket begin with "PRI ".
namespace qalam {

inline constexpr std::array<char, 4> kFramesMagic = {'Q', 'L', 'F', '1'};
inline constexpr std::size_t kFrameHeadBytes = 5;

enum class FrameKind : std::uint8_t { kMessage = 1, kEnd = 2 };

std::array<std::byte, kFrameHeadBytes> MakeFrameHead(FrameKind kind, std::size_t payload_bytes);

struct Frame {
  FrameKind kind = FrameKind::kMessage;
  SharedSlice payload;
};

// Puts frames together from what a ring gives, a piece at a time. Holds no more than twice what
// came, whatever a frame says about its length. Thread: one at a time.
class FrameReader {
 public:
  explicit FrameReader(std::size_t payload_bytes_max) : payload_bytes_max_(payload_bytes_max) {}

  // Where the next bytes go; never empty. Then Filled.
  std::span<std::byte> Space();
  void Filled(std::size_t bytes) { end_ += bytes; }
  // The next whole frame, or nothing: more has to come. Errors: kMessageTooLarge,
  // kInvalidArgument; there is no way on.
  Result<std::optional<Frame>> Next();

 private:
  std::size_t size() const { return end_ - begin_; }

  const std::size_t payload_bytes_max_;
  Bytes buffer_;
  std::size_t begin_ = 0;  // Of what no frame was made of yet.
  std::size_t end_ = 0;
};

}  // namespace qalam
