#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace qalam {

// Names in a partition's directory: Kafka's, 20 digits of base offset and a suffix, plus our own
// (docs/formats/data-directory.md). Thread: any.
inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kCrcSuffix = ".crc";
// Everything that belongs to one segment.
inline constexpr std::array<std::string_view, 5> kSegmentSuffixes = {
    kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kSnapshotSuffix, kCrcSuffix};
inline constexpr std::string_view kDeletedSuffix = ".deleted";
inline constexpr std::string_view kAsideSuffix = ".aside";
inline constexpr std::string_view kTemporarySuffix = ".tmp";
inline constexpr std::string_view kDurableCheckpointName = "durable-checkpoint";
inline constexpr std::string_view kEpochCheckpointName = "leader-epoch-checkpoint";
inline constexpr std::string_view kPartitionMetadataName = "partition.metadata";

std::string SegmentFileName(Offset base_offset, std::string_view suffix);
// Base offset of `name` if it is 20 digits and exactly `suffix`.
std::optional<Offset> ParseSegmentFileName(std::string_view name, std::string_view suffix);

}  // namespace qalam
