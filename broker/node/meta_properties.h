#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// DIR/meta.properties: what the data directory is and whose. Text of key=value lines, the last one
// a CRC-32C of the lines before it. Format: docs/formats/data-directory.md. Thread: a value.
struct MetaProperties {
  static constexpr std::int64_t kVersion = 1;  // Of the whole directory's layout.

  std::string cluster_id;
  NodeId node_id = 1;
  std::string directory_id;      // Made once; a copy has the same.
  std::int64_t owner_epoch = 0;  // One more at every start, synced before anything is written.
  // Where the directory was when it was last started: a copy lies elsewhere.
  std::uint64_t inode = 0;
  std::int64_t birth_ns = 0;  // When the inode was made; 0 where the file system doesn't say.

  std::string ToText() const;
  // Errors: kUnsupportedFormat (a newer version), kMetadataDamaged (not readable, wrong checksum).
  static Result<MetaProperties> Parse(std::string_view text, const std::string& path);
};

}  // namespace qalam
