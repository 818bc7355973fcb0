#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace qalam::cli {

// What a broker takes as one batch is not more, whatever its topic allows.
constexpr std::int64_t kBatchBytesLargest = std::int64_t{4} << 20;

// "all", "leader", "none", or "-1", "1", "0" as Kafka's users type them. False: none of these.
bool SetAcks(const std::string& text, abi0::Acks& acks);
// "none", "gzip", "snappy", "lz4" or "zstd".
bool SetCompression(const std::string& text, abi0::Compression& compression);

// The options of producing that `produce` and `bench` share.
struct ProducerFlags {
  std::optional<std::string> acks;
  std::optional<std::string> codec;
  std::optional<std::string> linger;
  std::optional<std::string> batch;

  void AddTo(CLI::App& verb);
  // What was given replaces what `options` has. INVALID_ARGUMENT.
  abi0::Status Apply(abi0::ProducerOptions& options) const;
};

}  // namespace qalam::cli
