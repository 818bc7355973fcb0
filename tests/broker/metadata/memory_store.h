#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/metadata/metadata_store.h"

namespace qalam {

// A MetadataStore in memory that fails on cue. Thread: one at a time.
class MemoryStore final : public MetadataStore {
 public:
  Result<std::optional<Entry>> Get(std::string_view key) override {
    const auto found = entries.find(std::string(key));
    if (found == entries.end()) return std::optional<Entry>();
    return std::optional<Entry>(found->second);
  }
  Result<std::vector<Entry>> List(std::string_view prefix) override {
    std::vector<Entry> listed;
    for (const auto& [key, entry] : entries) {
      if (key.starts_with(prefix)) listed.push_back(entry);
    }
    return listed;
  }
  Result<std::uint64_t> CompareAndSet(std::vector<Change> changes) override {
    if (changes.empty()) return revision;
    ++writes;
    if (fail_next) return *std::exchange(fail_next, std::nullopt);
    for (const Change& change : changes) {
      const auto found = entries.find(change.key);
      const std::uint64_t now = found == entries.end() ? 0 : found->second.revision;
      if (change.expected_revision && *change.expected_revision != now) {
        return Error(ErrorCode::kConflict, change.key);
      }
    }
    ++revision;
    for (Change& change : changes) {
      if (change.value) {
        entries[change.key] = Entry{change.key, *change.value, revision};
      } else {
        entries.erase(change.key);
      }
    }
    if (fail_after_next) return *std::exchange(fail_after_next, std::nullopt);
    return revision;
  }
  void Watch(std::string /*prefix*/, Watcher /*watcher*/) override {}

  std::map<std::string, Entry> entries;
  std::uint64_t revision = 0;
  int writes = 0;
  std::optional<Error> fail_next;
  std::optional<Error> fail_after_next;  // The change is made all the same.
};

}  // namespace qalam
