#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace qalam {

// HOST:PORT, [IPV6]:PORT, or :PORT for 127.0.0.1. Thread: a value.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  // 0: any free one.

  static Result<ListenAddress> Parse(std::string_view text);  // kInvalidConfig
  std::string ToString() const;
  // 127.0.0.0/8, ::1 or localhost; any other name counts as reachable.
  bool IsLoopback() const;
};

}  // namespace qalam
