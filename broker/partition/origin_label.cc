#include "broker/partition/origin_label.h"

#include <algorithm>

#include "common/crc32c.h"

namespace qalam {

OriginLabel::OriginLabel(std::string_view client, std::string_view protocol,
                         std::string_view peer) {
  client = client.substr(0, kClientBytesMax);
  protocol = protocol.substr(0, kProtocolBytesMax);
  peer = peer.substr(0, kPeerBytesMax);
  client_bytes = static_cast<std::uint8_t>(client.size());
  protocol_bytes = static_cast<std::uint8_t>(protocol.size());
  peer_bytes = static_cast<std::uint8_t>(peer.size());
  auto to = std::copy(client.begin(), client.end(), text.begin());
  to = std::copy(protocol.begin(), protocol.end(), to);
  std::copy(peer.begin(), peer.end(), to);
  hash = ComputeHash();
}

std::uint32_t OriginLabel::ComputeHash() const {
  const std::array<char, 3> sizes = {static_cast<char>(client_bytes),
                                     static_cast<char>(protocol_bytes),
                                     static_cast<char>(peer_bytes)};
  const std::uint32_t crc = Crc32c(AsBytes({sizes.data(), sizes.size()}));
  return Crc32cExtend(crc, AsBytes({text.data(), text.size()}));
}

}  // namespace qalam
