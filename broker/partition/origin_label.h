#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "broker/partition/decision_entry.h"

namespace qalam {

// Who sent something, in the 128 bytes of a ring's entry: what is longer is cut. Made once for a
// stream, so that the writer need not look at texts. Thread: a value.
struct OriginLabel {
  static constexpr std::size_t kClientBytesMax = 52;
  static constexpr std::size_t kProtocolBytesMax = 8;
  static constexpr std::size_t kPeerBytesMax = 60;

  OriginLabel() = default;
  OriginLabel(std::string_view client, std::string_view protocol, std::string_view peer);

  // As they came: bytes that strangers chose. Empty where the lengths make no sense.
  std::string_view client() const { return Part(0, client_bytes); }
  std::string_view protocol() const { return Part(client_bytes, protocol_bytes); }
  std::string_view peer() const {
    return Part(std::size_t{client_bytes} + protocol_bytes, peer_bytes);
  }
  // Of everything but itself.
  std::uint32_t ComputeHash() const;

  EntryKind kind = EntryKind::kOrigin;
  std::uint8_t client_bytes = 0;
  std::uint8_t protocol_bytes = 0;
  std::uint8_t peer_bytes = 0;
  std::uint32_t hash = 0;
  std::array<char, 120> text{};

 private:
  std::string_view Part(std::size_t at, std::size_t bytes) const {
    return at + bytes <= text.size() ? std::string_view(text.data() + at, bytes)
                                     : std::string_view();
  }
};

}  // namespace qalam
