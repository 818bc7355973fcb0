#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qalam {

// W3C Trace Context's traceparent: which trace something belongs to, and which part of it caused
// it.
//   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
// Thread: a value.
struct TraceParent {
  static constexpr std::string_view kName = "traceparent";  // Of the header, wherever it is.

  std::uint8_t version = 0;
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> parent_id{};
  std::uint8_t flags = 0;

  // Nothing: it is none, or one of all zeros. Of a later version what this one knows.
  static std::optional<TraceParent> Parse(std::string_view text);
  std::string ToString() const;

  friend bool operator==(const TraceParent&, const TraceParent&) = default;
};

}  // namespace qalam
