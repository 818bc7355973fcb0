#include "broker/node/rebuild_metadata.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "broker/metadata/metadata_records.h"
#include "broker/metadata/rocksdb_store.h"
#include "common/bytes.h"

namespace qalam {
namespace {

constexpr std::size_t kSmallFileBytesMax = std::size_t{16} << 20;
constexpr int kProducerIdShift = 20;  // 2^20 ids for every millisecond since 1970.

struct FoundPartition {
  Epoch last_epoch = kNoEpoch;
};
struct FoundTopic {
  Uuid id;
  std::string first_directory;
  std::map<PartitionId, FoundPartition> partitions;
};
using FoundTopics = std::map<std::string, FoundTopic>;

// What could still be read of the old metadata.
struct Salvaged {
  std::map<std::string, TopicRecord> topics;
  std::map<std::string, std::map<PartitionId, Epoch>> epochs;
  std::map<std::string, std::string> dynamic_config;
  ProducerId next_producer_id = 0;
};

std::optional<std::int64_t> ToNumber(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

// <topic>-<partition>, split at the last '-'. Nothing: another kind of directory.
std::optional<std::pair<std::string, PartitionId>> SplitName(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0) return std::nullopt;
  const std::string_view digits = std::string_view(name).substr(dash + 1);
  const auto number = ToNumber(digits);
  if (!number || *number < 0 || *number > INT32_MAX || std::to_string(*number) != digits) {
    return std::nullopt;
  }
  std::string topic = name.substr(0, dash);
  if (!ValidateTopicName(topic).ok()) return std::nullopt;
  return std::pair(std::move(topic), static_cast<PartitionId>(*number));
}

Result<Uuid> ReadTopicId(FileSystem& fs, const std::string& directory) {
  const std::string path = JoinPath(directory, "partition.metadata");
  QALAM_ASSIGN_OR_RETURN(const Bytes bytes, ReadWholeFile(fs, path, kSmallFileBytesMax));
  constexpr std::string_view kKey = "topic_id: ";
  for (const std::string_view line : Lines(AsText(bytes))) {
    if (line.starts_with(kKey)) return Uuid::Parse(line.substr(kKey.size()));
  }
  return Error(ErrorCode::kCorruption, path + " has no topic_id");
}

// The last epoch in leader-epoch-checkpoint; kNoEpoch when nothing was written yet.
Result<Epoch> ReadLastEpoch(FileSystem& fs, const std::string& directory) {
  const std::string path = JoinPath(directory, "leader-epoch-checkpoint");
  const Result<Bytes> bytes = ReadWholeFile(fs, path, kSmallFileBytesMax);
  if (!bytes.ok()) {
    if (bytes.error().code() == ErrorCode::kNotFound) return kNoEpoch;
    return bytes.error();
  }
  Epoch last = kNoEpoch;
  const auto lines = Lines(AsText(*bytes));
  for (std::size_t i = 2; i < lines.size(); ++i) {  // After version and count.
    const auto epoch = ToNumber(lines[i].substr(0, lines[i].find(' ')));
    if (!epoch || *epoch < 0 || *epoch > INT32_MAX) {
      return Error(ErrorCode::kCorruption,
                   path + ": line " + std::to_string(i + 1) + " is not \"epoch offset\"");
    }
    last = std::max(last, static_cast<Epoch>(*epoch));
  }
  return last;
}

Result<FoundTopics> LookThroughLogs(FileSystem& fs, const std::string& log_path,
                                    RebuildReport& report) {
  FoundTopics topics;
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(log_path));
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory) continue;
    const auto name = SplitName(entry.name);
    const std::string directory = JoinPath(log_path, entry.name);
    if (!name) {
      report.notes.push_back(directory + " is not a partition's directory; left alone");
      continue;
    }
    const Result<Uuid> id = ReadTopicId(fs, directory);
    if (!id.ok()) {
      report.notes.push_back(directory + " left alone: " + id.error().message());
      continue;
    }
    FoundTopic& topic = topics[name->first];
    if (topic.partitions.empty()) {
      topic.id = *id;
      topic.first_directory = directory;
    } else if (topic.id != *id) {
      return Error(ErrorCode::kCorruption,
                   directory + " and " + topic.first_directory +
                       " belong to different topics of the same name (ids " + id->ToString() +
                       " and " + topic.id.ToString() + "); move the old one out of " + log_path +
                       " and try again")
          .With("path", directory);
    }
    const Result<Epoch> epoch = ReadLastEpoch(fs, directory);
    if (!epoch.ok()) report.notes.push_back(epoch.error().message());
    topic.partitions[name->second].last_epoch = epoch.ok() ? *epoch : kNoEpoch;
  }
  return topics;
}

Salvaged Salvage(FileSystem& fs, const std::string& metadata_path, RebuildReport& report) {
  Salvaged salvaged;
  RocksdbOptions options;
  options.directory = metadata_path;
  options.salvage = true;
  const auto store = OpenRocksdbStore(fs, options);
  if (!store.ok()) {
    report.notes.push_back("nothing taken over from the old metadata: " + store.error().message());
    return salvaged;
  }
  const auto entries = (*store)->List("");
  if (!entries.ok()) {
    report.notes.push_back("nothing taken over from the old metadata: " +
                           entries.error().message());
    return salvaged;
  }
  for (const MetadataStore::Entry& entry : *entries) {
    const std::string_view key = entry.key;
    if (key.starts_with(kTopicPrefix)) {
      Result<TopicRecord> topic = DecodeTopic(key, entry.value);
      if (topic.ok()) {
        std::string name = topic->name;
        salvaged.topics[std::move(name)] = std::move(topic).value();
      } else {
        report.notes.push_back(topic.error().message());
      }
    } else if (key.starts_with(kPartitionPrefix)) {
      const Result<PartitionRecord> partition = DecodePartition(key, entry.value);
      if (partition.ok()) {
        salvaged.epochs[partition->topic][partition->partition] = partition->image.leader_epoch;
      } else {
        report.notes.push_back(partition.error().message());
      }
    } else if (key.starts_with(kDynamicConfigPrefix)) {
      salvaged.dynamic_config[entry.key.substr(kDynamicConfigPrefix.size())] = entry.value;
    } else if (key == kNextProducerIdKey) {
      const auto next = DecodeNumber(key, entry.value);
      if (next.ok()) salvaged.next_producer_id = *next;
    }
  }
  return salvaged;
}

// All entries of the new store.
std::vector<MetadataStore::Change> Merge(const FoundTopics& found, const Salvaged& salvaged,
                                         const MetaProperties& meta, TimestampMs now,
                                         RebuildReport& report) {
  std::vector<MetadataStore::Change> changes;
  const auto put = [&](std::string key, std::string value) {
    changes.push_back({std::move(key), std::move(value), std::nullopt});
  };
  put(std::string(kClusterIdKey), meta.cluster_id);
  put(std::string(kNextProducerIdKey),
      std::to_string(std::max(salvaged.next_producer_id, now << kProducerIdShift)));
  for (const auto& [key, value] : salvaged.dynamic_config) {
    put(std::string(kDynamicConfigPrefix) + key, value);
  }
  FoundTopics topics = found;
  for (const auto& [name, record] : salvaged.topics) {
    if (topics.contains(name)) continue;
    topics[name].id = record.id;
    report.notes.push_back("topic \"" + name + "\" is in the old metadata, but has no log");
  }
  for (const auto& [name, topic] : topics) {
    TopicRecord record;
    record.name = name;
    record.id = topic.id;
    const auto old = salvaged.topics.find(name);
    const bool same = old != salvaged.topics.end() && old->second.id == topic.id;
    if (same) {
      record.overrides = old->second.overrides;
      record.partitions_count = old->second.partitions_count;
    } else {
      record.overrides = {{"retention.ms", "-1"}, {"retention.bytes", "-1"}};
      report.notes.push_back("topic \"" + name +
                             "\": its settings are lost; it now keeps its records for ever "
                             "(qalam topic alter " +
                             name + " -c retention.ms=...)");
    }
    if (!topic.partitions.empty()) {
      record.partitions_count =
          std::max(record.partitions_count, topic.partitions.rbegin()->first + 1);
    }
    put(TopicKey(name), EncodeTopic(record));
    for (PartitionId p = 0; p < record.partitions_count; ++p) {
      const auto at = topic.partitions.find(p);
      if (at == topic.partitions.end()) {
        report.notes.push_back("topic \"" + name + "\": the directory of partition " +
                               std::to_string(p) + " is missing");
      }
      // Nor below the count of starts: each announced an epoch, whether it was used or not.
      Epoch epoch = static_cast<Epoch>(std::min<std::int64_t>(meta.owner_epoch, INT32_MAX / 2));
      if (at != topic.partitions.end()) epoch = std::max(epoch, at->second.last_epoch);
      if (const auto of_topic = salvaged.epochs.find(name);
          same && of_topic != salvaged.epochs.end()) {
        const auto known = of_topic->second.find(p);
        if (known != of_topic->second.end()) epoch = std::max(epoch, known->second);
      }
      put(PartitionKey(name, p),
          EncodePartition({meta.node_id, epoch + 1, {meta.node_id}, {meta.node_id}}));
      ++report.partitions;
    }
    ++report.topics;
  }
  return changes;
}

// Renames `path` to a name that is free, if it is there. Where it went.
Result<std::string> MoveAside(FileSystem& fs, const std::string& path) {
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs.Exists(path));
  if (!exists) return std::string();
  for (int n = 1;; ++n) {
    const std::string aside = path + ".old-" + std::to_string(n);
    QALAM_ASSIGN_OR_RETURN(const bool taken, fs.Exists(aside));
    if (taken) continue;
    QALAM_RETURN_IF_ERROR(fs.Rename(path, aside));
    return aside;
  }
}

}  // namespace

Result<RebuildReport> RebuildMetadata(FileSystem& fs, const Clock& clock,
                                      const DataDirectory& directory) {
  RebuildReport report;
  const std::string metadata = JoinPath(directory.path(), "metadata");
  const std::string guard = JoinPath(directory.path(), "metadata.guard");
  QALAM_ASSIGN_OR_RETURN(const FoundTopics found,
                         LookThroughLogs(fs, directory.log_path(), report));
  RocksdbOptions fresh;
  fresh.directory = metadata + ".new";
  // A rebuild that was killed between the renames left what it had made, and nothing else.
  QALAM_ASSIGN_OR_RETURN(const bool has_metadata, fs.Exists(metadata));
  QALAM_ASSIGN_OR_RETURN(const bool has_fresh, fs.Exists(fresh.directory));
  const bool interrupted = !has_metadata && has_fresh;
  const Salvaged salvaged = Salvage(fs, interrupted ? fresh.directory : metadata, report);

  // Complete beside the old one first, then two renames.
  fresh.guard_path = guard + ".new";
  fresh.may_create = true;
  QALAM_RETURN_IF_ERROR(MoveAside(fs, fresh.directory));
  QALAM_RETURN_IF_ERROR(MoveAside(fs, fresh.guard_path));
  {
    QALAM_ASSIGN_OR_RETURN(const auto store, OpenRocksdbStore(fs, fresh));
    QALAM_RETURN_IF_ERROR(
        store->CompareAndSet(Merge(found, salvaged, directory.meta(), clock.NowMs(), report)));
  }
  QALAM_ASSIGN_OR_RETURN(report.moved_to, MoveAside(fs, metadata));
  QALAM_RETURN_IF_ERROR(MoveAside(fs, guard));
  QALAM_RETURN_IF_ERROR(fs.Rename(fresh.directory, metadata));
  QALAM_RETURN_IF_ERROR(fs.Rename(fresh.guard_path, guard));
  QALAM_RETURN_IF_ERROR(fs.SyncDirectory(directory.path()));
  return report;
}

}  // namespace qalam
