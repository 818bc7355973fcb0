#include "broker/partition/decision_rings.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::string_view kPrefix = "writer-";
constexpr std::string_view kSuffix = ".ring";
constexpr std::int32_t kWritersMax = 256;

std::optional<std::int32_t> WriterOf(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::int32_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || rest != end || number < 0 || number >= kWritersMax) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

DecisionRings::DecisionRings(FileSystem& fs, const Clock& clock, DecisionRingsOptions options)
    : fs_(fs), options_(std::move(options)) {
  if (options_.bytes == 0) return;
  const TimestampMs now = clock.NowMs();
  const RingShape shape =
      RingShape::Of(options_.bytes / static_cast<std::size_t>(std::max(1, options_.writers)));
  for (std::int32_t i = 0; i < options_.writers; ++i) {
    rings_.push_back(
        std::make_unique<DecisionRing>(i, static_cast<std::uint32_t>(now / 1000), shape));
    rings_.back()->SetWholeSince(now);
    const bool kept = !options_.directory.empty();
    files_.push_back(kept ? std::make_unique<RingFile>(fs_, PathOf(i), *rings_.back()) : nullptr);
  }
}

std::string DecisionRings::PathOf(std::int32_t writer) const {
  return JoinPath(options_.directory,
                  std::string(kPrefix) + std::to_string(writer) + std::string(kSuffix));
}

void DecisionRings::Load() {
  if (!on() || options_.directory.empty()) return;
  const auto entries = fs_.List(options_.directory);
  if (!entries.ok()) {
    if (entries.error().code() != ErrorCode::kNotFound) {
      GiveUp(options_.directory, entries.error());
    }
    return;
  }
  std::vector<std::int32_t> found;
  for (const DirectoryEntry& entry : *entries) {
    if (const auto writer = WriterOf(entry.name)) found.push_back(*writer);
  }
  // Those of writers that are no more come first: they are older than what follows them.
  std::sort(found.begin(), found.end(), std::greater<>());
  std::map<std::int32_t, TimestampMs> whole_since;
  for (const std::int32_t writer : found) {
    const auto since = Restore(writer);
    TimestampMs& ours = whole_since[writer % options_.writers];
    ours = std::max(ours, since.value_or(0));
    if (writer >= options_.writers) {
      orphans_.push_back(PathOf(writer));
    } else if (since) {
      of(writer)->SetWholeSince(ours);
    }
  }
}

std::optional<TimestampMs> DecisionRings::Restore(std::int32_t writer) {
  const std::string path = PathOf(writer);
  const auto restored = RestoreRing(fs_, path, *of(writer % options_.writers));
  if (!restored.ok()) {
    Logger("partition")
        .warn("decision ring not read, begun anew path={} error={}", path,
              restored.error().ToString());
    return std::nullopt;
  }
  if (restored->damaged_blocks > 0) {
    Logger("partition")
        .warn("decision ring damaged path={} blocks={}", path, restored->damaged_blocks);
  }
  return restored->refusals_whole_since;
}

void DecisionRings::Save() {
  if (!on() || options_.directory.empty()) return;
  if (!std::exchange(made_directory_, true)) {
    if (const Status made = fs_.CreateDirectory(options_.directory); !made.ok()) {
      GiveUp(options_.directory, made.error());
      files_.clear();
    }
  }
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i] == nullptr) continue;
    const Status written = files_[i]->Write();
    if (written.ok()) continue;
    GiveUp(PathOf(static_cast<std::int32_t>(i)), written.error());
    files_[i].reset();
  }
  for (const std::string& orphan : std::exchange(orphans_, {})) (void)fs_.Remove(orphan);
}

void DecisionRings::GiveUp(const std::string& path, const Error& error) {
  Logger("partition").warn("decision ring not kept path={} error={}", path, error.ToString());
}

}  // namespace qalam
