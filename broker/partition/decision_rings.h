#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/partition/decision_ring.h"
#include "broker/partition/ring_file.h"
#include "common/clock.h"
#include "common/file_system.h"

namespace qalam {

struct DecisionRingsOptions {
  std::size_t bytes = std::size_t{4} << 20;  // All rings together. 0: there are none.
  std::int32_t writers = 1;
  std::string directory;  // DIR/rings; empty: kept in memory only.
};

// The decision rings of a node, one for each writer thread, and their files
// (writer-<number>.ring). Nothing that happens to a file is more than a line in the log: a file
// that can't be read is left out, one that can't be written is given up. Thread: Load before the
// writers start; Save one at a time; the rest from any.
class DecisionRings {
 public:
  DecisionRings(FileSystem& fs, const Clock& clock, DecisionRingsOptions options);

  // Takes over what an earlier run left, also of writers that there are no more.
  void Load();
  // Writes what is new to the files; the ones of writers that are gone go with the first time.
  void Save();

  bool on() const { return !rings_.empty(); }
  DecisionRing* of(std::int32_t writer) const {
    return on() ? rings_[static_cast<std::size_t>(writer)].get() : nullptr;
  }
  const std::vector<std::unique_ptr<DecisionRing>>& all() const { return rings_; }

 private:
  std::string PathOf(std::int32_t writer) const;
  // From when on the refusals are whole; nothing: it can't be read.
  std::optional<TimestampMs> Restore(std::int32_t writer);
  void GiveUp(const std::string& path, const Error& error);

  FileSystem& fs_;
  const DecisionRingsOptions options_;
  std::vector<std::unique_ptr<DecisionRing>> rings_;
  std::vector<std::unique_ptr<RingFile>> files_;  // Null: given up.
  std::vector<std::string> orphans_;
  bool made_directory_ = false;
};

}  // namespace qalam
