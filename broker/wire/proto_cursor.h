#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/result.h"

namespace qalam {

// Walks the fields of a protobuf message in its wire format, without copying: for the messages that
// carry batches. Fields may come in any order and any number; unknown ones are the caller's to
// skip. Every bound is checked. Thread: its owner.
// https://protobuf.dev/programming-guides/encoding/
class ProtoCursor {
 public:
  struct Field {
    std::uint32_t number = 0;
    bool is_bytes = false;
    std::uint64_t value = 0;  // Of a varint or fixed field.
    BytesView bytes;          // Of a length-delimited one; a view of the message.
  };

  explicit ProtoCursor(BytesView message) : rest_(message) {}
  // Nothing after the last field. Errors: kInvalidArgument.
  Result<std::optional<Field>> Next();

 private:
  bool TakeVarint(std::uint64_t& out);
  BytesView rest_;
};

}  // namespace qalam
