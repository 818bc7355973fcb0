#include "broker/log/epoch_cache.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "broker/log/file_names.h"

namespace qalam {
namespace {

constexpr std::size_t kEpochCheckpointBytesMax = std::size_t{16} << 20;

// Takes the next line off `text`; false at the end.
bool TakeLine(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const std::size_t end = text.find('\n');
  line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return true;
}

template <typename T>
bool ParseNumber(std::string_view text, T& out) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && at == text.data() + text.size();
}

}  // namespace

Result<EpochCache> EpochCache::Load(FileSystem& fs, const std::string& directory) {
  const std::string path = JoinPath(directory, kEpochCheckpointName);
  auto content = ReadWholeFile(fs, path, kEpochCheckpointBytesMax);
  EpochCache cache;
  if (!content.ok()) {
    if (content.error().code() == ErrorCode::kNotFound) return cache;
    return std::move(content).error();
  }
  const auto bad = [&] {
    return Error(ErrorCode::kCorruption, path + " is not a leader epoch checkpoint");
  };
  std::string_view text = AsText(content.value());
  std::string_view line;
  std::size_t count = 0;
  if (!TakeLine(text, line) || line != "0") return bad();
  if (!TakeLine(text, line) || !ParseNumber(line, count)) return bad();
  while (TakeLine(text, line)) {
    const std::size_t space = line.find(' ');
    Entry entry;
    if (space == std::string_view::npos || !ParseNumber(line.substr(0, space), entry.epoch) ||
        !ParseNumber(line.substr(space + 1), entry.start_offset)) {
      return bad();
    }
    if (!cache.entries_.empty() && (entry.epoch <= cache.entries_.back().epoch ||
                                    entry.start_offset <= cache.entries_.back().start_offset)) {
      return bad();
    }
    cache.entries_.push_back(entry);
  }
  if (cache.entries_.size() != count) return bad();
  return cache;
}

Status EpochCache::Save(FileSystem& fs, const std::string& directory) const {
  std::string text = "0\n" + std::to_string(entries_.size()) + "\n";
  for (const Entry& entry : entries_) {
    text += std::to_string(entry.epoch) + " " + std::to_string(entry.start_offset) + "\n";
  }
  return ReplaceFile(fs, JoinPath(directory, kEpochCheckpointName), AsBytes(text));
}

bool EpochCache::Assign(Epoch epoch, Offset start_offset) {
  if (epoch <= last_epoch()) return false;
  TruncateFromEnd(start_offset);
  entries_.push_back({epoch, start_offset});
  return true;
}

void EpochCache::TruncateFromEnd(Offset end_offset) {
  while (!entries_.empty() && entries_.back().start_offset >= end_offset) entries_.pop_back();
}

void EpochCache::TruncateFromStart(Offset log_start) {
  const auto after = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.start_offset > log_start;
  });
  if (after == entries_.begin()) return;
  entries_.erase(entries_.begin(), after - 1);
  entries_.front().start_offset = log_start;
}

Epoch EpochCache::EpochOf(Offset offset) const {
  const auto after =
      std::partition_point(entries_.begin(), entries_.end(),
                           [&](const Entry& entry) { return entry.start_offset <= offset; });
  return after == entries_.begin() ? kNoEpoch : (after - 1)->epoch;
}

bool EpochCache::Agrees(Offset offset, Epoch epoch) const {
  const Epoch known = EpochOf(offset);
  if (known != kNoEpoch || entries_.empty()) return epoch == known;
  return epoch <= entries_.front().epoch;
}

}  // namespace qalam
