#include "client/cli/produce_options.h"

#include <CLI/CLI.hpp>

#include "client/cli/usage.h"
#include "common/units.h"

namespace qalam::cli {

bool SetAcks(const std::string& text, abi0::Acks& acks) {
  if (text == "all" || text == "-1")
    acks = abi0::Acks::kAll;
  else if (text == "leader" || text == "1")
    acks = abi0::Acks::kLeader;
  else if (text == "none" || text == "0")
    acks = abi0::Acks::kNone;
  else
    return false;
  return true;
}

bool SetCompression(const std::string& text, abi0::Compression& compression) {
  if (text == "none")
    compression = abi0::Compression::kNone;
  else if (text == "gzip")
    compression = abi0::Compression::kGzip;
  else if (text == "snappy")
    compression = abi0::Compression::kSnappy;
  else if (text == "lz4")
    compression = abi0::Compression::kLz4;
  else if (text == "zstd")
    compression = abi0::Compression::kZstd;
  else
    return false;
  return true;
}

void ProducerFlags::AddTo(CLI::App& verb) {
  verb.add_option("--acks", acks,
                  "what an acknowledgement waits for: all (default), leader or none (also 0, 1)");
  verb.add_option("-z,--compression", codec, "none (default), gzip, snappy, lz4 or zstd");
  verb.add_option("--linger", linger, "wait so long for a batch to fill, such as 5ms");
  verb.add_option("--batch", batch, "size of a full batch (default 256KiB)");
}

abi0::Status ProducerFlags::Apply(abi0::ProducerOptions& options) const {
  if (acks && !SetAcks(*acks, options.acks))
    return BadUsage("--acks " + *acks + ": choose all, leader or none");
  if (codec && !SetCompression(*codec, options.compression))
    return BadUsage("-z " + *codec + ": choose none, gzip, snappy, lz4 or zstd");
  if (linger) {
    const auto ms = ParseDurationMs(*linger);
    if (!ms.ok() || *ms < 0)
      return BadUsage("--linger " + *linger + ": not a duration such as 5ms");
    options.linger = std::chrono::milliseconds(*ms);
  }
  if (batch) {
    const auto bytes = ParseSizeBytes(*batch);
    if (!bytes.ok() || *bytes <= 0)
      return BadUsage("--batch " + *batch + ": not a size such as 64KiB");
    if (*bytes > kBatchBytesLargest)
      return BadUsage("--batch " + *batch + ": at most " + FormatSize(kBatchBytesLargest));
    options.batch_bytes = static_cast<std::size_t>(*bytes);
  }
  return {};
}

}  // namespace qalam::cli
