#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// A message as it arrived from the network: slices that follow one another. They may be cut
// anywhere, even within a number, and some may be empty.
using SliceSpan = std::span<const SharedSlice>;

// A part of a message, by position.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

// Walks the fields of a protobuf message in its wire format, without copying: for the messages that
// carry batches. Fields may come in any order and any number; unknown ones are the caller's to
// skip. Every length is checked against what is there. Thread: its owner.
// https://protobuf.dev/programming-guides/encoding/
class ProtoCursor {
 public:
  struct Field {
    std::uint32_t number = 0;
    bool is_bytes = false;  // Length-delimited.
    bool is_varint = false;
    std::uint64_t value = 0;  // Otherwise: of a varint or fixed field.
    ByteRange bytes;          // Of a length-delimited one; positions in the whole message.
  };

  explicit ProtoCursor(SliceSpan message);
  // A message within the message; `range` comes from a Field.
  ProtoCursor(SliceSpan message, ByteRange range);
  // Nothing after the last field. Errors: kInvalidArgument; the cursor is then of no more use.
  Result<std::optional<Field>> Next();

 private:
  std::uint64_t TakeByte();  // There is one.
  bool TakeVarint(std::uint64_t& out);
  bool TakeFixed(int bytes, std::uint64_t& out);
  void Skip(std::size_t bytes);  // There are so many.

  const SliceSpan slices_;
  std::size_t slice_ = 0;     // The slice we are in,
  std::size_t in_slice_ = 0;  // and where in it.
  std::size_t position_ = 0;  // In the message.
  std::size_t end_ = 0;
};

// The bytes of `range`: borrowed where they lie in one slice, else copied together, once.
SharedSlice Extract(SliceSpan message, ByteRange range);

}  // namespace qalam
