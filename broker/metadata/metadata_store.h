#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/unique_function.h"

namespace qalam {

// Where the cluster's facts are kept: a small, strongly consistent key-value store. Real:
// RocksdbStore on one node. Every write is durable when the call returns. Keys and values are
// bytes. Thread: any; calls block for a disk access, so they belong on the controller's thread.
class MetadataStore {
 public:
  struct Entry {
    std::string key;
    std::string value;
    std::uint64_t revision = 0;  // Of the last change of this key; grows with every write.
  };
  // One condition or change. `expected_revision` 0: the key must not exist; nothing: no condition.
  struct Change {
    std::string key;
    std::optional<std::string> value;  // Nothing: delete.
    std::optional<std::uint64_t> expected_revision;
  };
  using Watcher = UniqueFunction<void(const Entry& changed, bool deleted)>;

  virtual ~MetadataStore() = default;
  virtual Result<std::optional<Entry>> Get(std::string_view key) = 0;
  virtual Result<std::vector<Entry>> List(std::string_view prefix) = 0;  // In order of keys.
  // All changes or none, synced. Errors: kConflict (an expectation failed), kNoSpace, kIo,
  // kMetadataDamaged. Returns the revision; without changes, the one of the last write.
  virtual Result<std::uint64_t> CompareAndSet(std::vector<Change> changes) = 0;
  // Calls `watcher` after each change below `prefix`, on the thread that made it. For ever.
  virtual void Watch(std::string prefix, Watcher watcher) = 0;
};

}  // namespace qalam
