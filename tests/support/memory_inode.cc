#include "tests/support/memory_inode.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace qalam {

// The part of `change` that lies in [from, to). The image grows as needed.
void MemoryInode::Apply(const Change& change, std::uint64_t from, std::uint64_t to, Bytes& image) {
  from = std::max(from, change.position);
  to = std::min(to, change.position + change.size);
  if (from >= to) return;
  if (image.size() < to) image.resize(to);
  const auto at = image.begin() + static_cast<std::ptrdiff_t>(from);
  if (change.bytes.empty()) {
    std::fill(at, image.begin() + static_cast<std::ptrdiff_t>(to), std::byte{0});
    return;
  }
  const auto skip = static_cast<std::ptrdiff_t>(from - change.position);
  std::copy_n(change.bytes.begin() + skip, to - from, at);
}

void MemoryInode::ApplyAll(const std::vector<Change>& changes, Bytes& image) {
  for (const Change& change : changes) {
    Apply(change, 0, std::numeric_limits<std::uint64_t>::max(), image);
    image.resize(change.size_after);
  }
}

Bytes MemoryInode::Direct() const {
  if (!lost_) return cached_;
  Bytes image = disk_;
  ApplyAll(unsynced_, image);
  return image;
}

std::uint64_t MemoryInode::BlocksMissing(std::uint64_t from, std::uint64_t to) const {
  std::uint64_t missing = 0;
  for (std::uint64_t block = from / kBlockBytes; block * kBlockBytes < to; ++block) {
    if (block >= blocks_.size() || !blocks_[block]) ++missing;
  }
  return missing;
}

void MemoryInode::Allocate(std::uint64_t from, std::uint64_t to) {
  blocks_count_ += BlocksMissing(from, to);
  const std::uint64_t end = (to + kBlockBytes - 1) / kBlockBytes;
  if (blocks_.size() < end) blocks_.resize(end);
  for (std::uint64_t block = from / kBlockBytes; block < end; ++block) blocks_[block] = true;
}

void MemoryInode::Add(Change change) {
  Apply(change, 0, std::numeric_limits<std::uint64_t>::max(), cached_);
  if (change.truncates) cached_.resize(change.size_after);
  change.size_after = cached_.size();
  unsynced_.push_back(std::move(change));
}

void MemoryInode::Write(std::uint64_t position, BytesView bytes) {
  if (bytes.empty()) return;
  Allocate(position, position + bytes.size());
  Add({.position = position, .size = bytes.size(), .bytes = Bytes(bytes.begin(), bytes.end())});
}

void MemoryInode::Zero(std::uint64_t from, std::uint64_t to) {
  if (from >= to) return;
  Allocate(from, to);
  Add({.position = from, .size = to - from});
}

void MemoryInode::Truncate(std::uint64_t size_bytes) {
  Add({.position = size_bytes, .size_after = size_bytes, .truncates = true});
  const std::uint64_t end = (size_bytes + kBlockBytes - 1) / kBlockBytes;
  if (end >= blocks_.size()) return;
  const auto first = blocks_.begin() + static_cast<std::ptrdiff_t>(end);
  blocks_count_ -= static_cast<std::uint64_t>(std::count(first, blocks_.end(), true));
  blocks_.resize(end);
}

void MemoryInode::Sync() {
  ApplyAll(unsynced_, disk_);
  unsynced_.clear();
}

void MemoryInode::LoseUnsynced() {
  lost_ = lost_ || !unsynced_.empty();
  unsynced_.clear();
}

void MemoryInode::Replace(Bytes content) {
  disk_ = std::move(content);
  Crash();
}

void MemoryInode::Crash() {
  unsynced_.clear();
  OnDiskOnly();
}

void MemoryInode::OnDiskOnly() {
  cached_ = disk_;
  lost_ = false;
  blocks_.clear();
  blocks_count_ = 0;
  Allocate(0, disk_.size());
}

void MemoryInode::CrashKeeping(Random& random) {
  const std::size_t count = unsynced_.size();
  enum class Shape { kMixed, kMost, kLittle, kCut };
  const auto shape = static_cast<Shape>(random() % 4);
  // How many changes of the file's size arrived; where kCut: how many changes at all.
  const std::size_t arrived = random() % (count + 1);

  // Which changes touch a sector, in order; then how many of them arrived.
  std::map<std::uint64_t, std::vector<std::size_t>> history;
  for (std::size_t i = 0; i < count; ++i) {
    const Change& change = unsynced_[i];
    for (std::uint64_t at = change.position / kSectorBytes;
         at * kSectorBytes < change.position + change.size; ++at) {
      history[at].push_back(i);
    }
  }
  std::map<std::uint64_t, std::size_t> ends;  // Sector -> changes before this index arrived.
  const std::uint64_t cut_sectors = random();
  for (const auto& [sector, changes] : history) {
    if (shape == Shape::kCut) {
      ends[sector] = arrived;
      if (arrived == count) continue;
      const Change& torn = unsynced_[arrived];
      const std::uint64_t first = torn.position / kSectorBytes;
      const std::uint64_t sectors = torn.size / kSectorBytes + 1;
      if (sector >= first && sector - first < cut_sectors % sectors) ends[sector] = arrived + 1;
      continue;
    }
    const bool as_the_rest = shape != Shape::kMixed && random() % 8 != 0;
    std::size_t kept = random() % (changes.size() + 1);
    if (as_the_rest) kept = shape == Shape::kMost ? changes.size() : 0;
    ends[sector] = kept == 0 ? 0 : changes[kept - 1] + 1;
  }

  Bytes image = disk_;
  std::uint64_t size = image.size();
  // Space given back by a truncation that did not arrive can't hold anything newer.
  std::uint64_t reachable = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t i = 0; i < count; ++i) {
    const Change& change = unsynced_[i];
    const bool size_arrived =
        i < arrived || (shape == Shape::kCut && i == arrived && !change.truncates);
    if (size_arrived) size = change.size_after;
    if (change.truncates) {
      const std::uint64_t size_before = i == 0 ? disk_.size() : unsynced_[i - 1].size_after;
      const bool shrinks = change.size_after < size_before;
      if (!size_arrived && shrinks) reachable = std::min(reachable, change.size_after);
      if (size_arrived && image.size() > change.size_after) image.resize(change.size_after);
      continue;
    }
    for (std::uint64_t at = change.position / kSectorBytes;
         at * kSectorBytes < change.position + change.size; ++at) {
      if (i >= ends[at]) continue;
      Apply(change, at * kSectorBytes, std::min((at + 1) * kSectorBytes, reachable), image);
    }
  }
  image.resize(size);
  disk_ = std::move(image);
  unsynced_.clear();
  OnDiskOnly();
}

}  // namespace qalam
