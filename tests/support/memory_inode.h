#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "common/bytes.h"

namespace qalam {

// The content of one file of a MemoryFileSystem, twice: as the page cache has it and as the disk
// has it, with the list of changes that lead from the one to the other.
//   cached = disk + what was lost by failed syncs + unsynced
// Thread: whoever holds its MemoryFileSystem's lock.
class MemoryInode {
 public:
  static constexpr std::size_t kSectorBytes = 512;  // A disk writes these whole or not at all.
  static constexpr std::size_t kBlockBytes = 4096;  // Space is given out in these.
  using Random = std::mt19937_64;

  const Bytes& cached() const { return cached_; }
  // What a direct read sees: the kernel first writes out what is dirty. Changes that a failed sync
  // lost are not dirty any more, and not there.
  Bytes Direct() const;
  bool has_lost() const { return lost_; }
  std::uint64_t allocated_bytes() const { return blocks_count_ * kBlockBytes; }
  // Blocks that writing [from, to) would take.
  std::uint64_t BlocksMissing(std::uint64_t from, std::uint64_t to) const;

  void Write(std::uint64_t position, BytesView bytes);
  void Zero(std::uint64_t from, std::uint64_t to);
  void Truncate(std::uint64_t size_bytes);

  void Sync();          // All unsynced changes reach the disk.
  void LoseUnsynced();  // A sync failed: they never will, though the cache still shows them.
  void Crash();         // The power goes: only the disk is left.
  // The same, but some unsynced changes had got there: each sector is as it was at some moment
  // since the last sync, and so is the size; the moments differ. Some draws lose or keep nearly
  // everything, or cut the last change in the middle.
  void CrashKeeping(Random& random);
  void Replace(Bytes content);  // On the disk and in the cache, by itself.

 private:
  struct Change {
    std::uint64_t position = 0;  // Of a truncation: the new size.
    std::uint64_t size = 0;
    Bytes bytes = {};              // Empty: zeros.
    std::uint64_t size_after = 0;  // Of the file.
    bool truncates = false;        // Metadata: arrives whole or not at all.
  };
  static void Apply(const Change& change, std::uint64_t from, std::uint64_t to, Bytes& image);
  static void ApplyAll(const std::vector<Change>& changes, Bytes& image);
  void Add(Change change);
  void Allocate(std::uint64_t from, std::uint64_t to);
  void OnDiskOnly();

  Bytes cached_;
  Bytes disk_;
  std::vector<Change> unsynced_;
  bool lost_ = false;  // The cache shows what neither disk_ nor unsynced_ has.
  std::vector<bool> blocks_;
  std::uint64_t blocks_count_ = 0;
};

}  // namespace qalam
