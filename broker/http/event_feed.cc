#include "broker/http/event_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace qalam {
namespace {

using Level = FeedEntry::Level;

constexpr std::chrono::seconds kTellAgain{60};
constexpr double kSlowSyncSeconds = 0.5;

// Topics of a sample with the number of their partitions. The sample is in order.
std::vector<std::pair<const std::string*, std::size_t>> Topics(const BrokerFigures& figures) {
  std::vector<std::pair<const std::string*, std::size_t>> topics;
  for (const PartitionFigures& each : figures.partitions) {
    if (topics.empty() || *topics.back().first != each.partition.topic) {
      topics.emplace_back(&each.partition.topic, 0);
    }
    ++topics.back().second;
  }
  return topics;
}

// The mean of the slowest syncs between two samples: what the sum leaves for the highest bucket
// that counted any, when those below took all they may have taken.
double SlowestSeconds(const HistogramFigures& before, const HistogramFigures& now) {
  const auto counts = CountsBetween(before, now);
  double sum = now.sum - before.sum;
  std::size_t highest = counts.size();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) highest = i;
  }
  if (highest == counts.size()) return 0;
  for (std::size_t i = 0; i < highest; ++i) {
    sum -= static_cast<double>(counts[i]) * now.bounds[i];
  }
  const double least = highest == 0 ? 0 : now.bounds[highest - 1];
  return std::max(least, sum / static_cast<double>(counts[highest]));
}

std::string Name(const TopicPartition& partition) {
  return partition.topic + "/" + std::to_string(partition.partition);
}

std::string Plural(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::size_t EventFeed::Observe(TimestampMs at_ms, MonotonicTime now, const FigureRates& rates) {
  at_ms_ = at_ms;
  now_ = now;
  added_ = 0;
  std::erase_if(told_, [now](const auto& each) { return now - each.second >= kTellAgain; });
  const BrokerFigures& sample = *rates.now();
  if (rates.before() == nullptr) {
    const std::size_t offline = rates.totals().offline;
    Add(offline > 0 ? Level::kError : Level::kInfo,
        "broker started: " + Plural(Topics(sample).size(), "topic") + ", " +
            Plural(sample.partitions.size(), "partition") +
            (offline > 0 ? ", " + std::to_string(offline) + " offline" : ""));
  } else {
    CompareTopics(*rates.before(), sample);
    ComparePartitions(*rates.before(), sample);
    CompareWriters(*rates.before(), sample);
    CompareRefusals(*rates.before(), sample);
  }
  CheckDisk(sample);
  return std::min(added_, entries_.size());
}

void EventFeed::CompareTopics(const BrokerFigures& before, const BrokerFigures& now) {
  const auto olds = Topics(before);
  const auto news = Topics(now);
  std::size_t made = 0;
  std::size_t deleted = 0;
  auto old = olds.begin();
  const auto tell_deleted = [&] {
    if (++deleted <= kKindMax) Add(Level::kInfo, *old->first + ": topic deleted", *old->first);
    ++old;
  };
  for (const auto& [name, partitions] : news) {
    while (old != olds.end() && *old->first < *name) tell_deleted();
    if (old != olds.end() && *old->first == *name) {
      ++old;
    } else if (++made <= kKindMax) {
      Add(Level::kInfo, *name + ": topic made, " + Plural(partitions, "partition"), *name);
    }
  }
  while (old != olds.end()) tell_deleted();
  AddRest(Level::kInfo, made, "topics made");
  AddRest(Level::kInfo, deleted, "topics deleted");
}

void EventFeed::ComparePartitions(const BrokerFigures& before, const BrokerFigures& now) {
  std::size_t offline = 0;
  std::size_t back = 0;
  std::size_t epochs = 0;
  auto old = before.partitions.begin();
  for (const PartitionFigures& each : now.partitions) {
    while (old != before.partitions.end() && old->partition < each.partition) ++old;
    if (old == before.partitions.end()) break;
    if (old->partition != each.partition) continue;
    const TopicPartition& name = each.partition;
    if (each.offline && !old->offline && ++offline <= kKindMax) {
      Add(Level::kError, Name(name) + ": " + each.status, name.topic, name.partition);
    }
    if (!each.offline && old->offline && ++back <= kKindMax) {
      Add(Level::kInfo, Name(name) + ": back", name.topic, name.partition);
    }
    const bool moved = each.leader_epoch != old->leader_epoch || each.leader != old->leader;
    if (moved && ++epochs <= kKindMax) {
      Add(Level::kInfo,
          fmt::format("{}: epoch {}, leader {}", Name(name), each.leader_epoch, each.leader),
          name.topic, name.partition);
    }
  }
  AddRest(Level::kError, offline, "partitions offline");
  AddRest(Level::kInfo, back, "partitions back");
  AddRest(Level::kInfo, epochs, "partitions with a new epoch");
}

void EventFeed::CompareWriters(const BrokerFigures& before, const BrokerFigures& now) {
  for (std::size_t i = 0; i < now.writers.size() && i < before.writers.size(); ++i) {
    const double slowest =
        SlowestSeconds(before.writers[i].sync_seconds, now.writers[i].sync_seconds);
    const std::string writer = "writer " + std::to_string(now.writers[i].number);
    if (slowest < kSlowSyncSeconds || !MayTell(writer + " is slow")) continue;
    Add(Level::kWarning, fmt::format("{}: a sync took {:.1f} s", writer, slowest));
  }
}

void EventFeed::CompareRefusals(const BrokerFigures& before, const BrokerFigures& now) {
  std::map<std::string_view, std::uint64_t> reasons;
  for (const WriterFigures& writer : now.writers) {
    for (const auto& [word, count] : writer.refused) reasons[word] += count;
  }
  for (const WriterFigures& writer : before.writers) {
    for (const auto& [word, count] : writer.refused) reasons[word] -= count;
  }
  for (const auto& [word, count] : reasons) {
    if (count == 0 || !MayTell("refused " + std::string(word))) continue;
    Add(Level::kWarning,
        fmt::format("{} batch{} refused: ", count, count == 1 ? "" : "es") + std::string(word));
  }
}

void EventFeed::CheckDisk(const BrokerFigures& now) {
  if (!disk_low_ && now.disk_free_bytes < kDiskLowBytes) {
    disk_low_ = true;
    Add(Level::kWarning, fmt::format("little space left: {} MiB", now.disk_free_bytes >> 20));
  } else if (disk_low_ && now.disk_free_bytes > kDiskLowBytes + kDiskLowBytes / 4) {
    disk_low_ = false;
    Add(Level::kInfo, fmt::format("space again: {} MiB", now.disk_free_bytes >> 20));
  }
}

void EventFeed::Add(Level level, std::string text, const std::string& topic,
                    PartitionId partition) {
  entries_.push_back({at_ms_, level, std::move(text), topic, partition});
  if (entries_.size() > kEntriesMax) entries_.pop_front();
  ++added_;
}

void EventFeed::AddRest(Level level, std::size_t count, const std::string& what) {
  if (count > kKindMax) Add(level, fmt::format("and {} more {}", count - kKindMax, what));
}

bool EventFeed::MayTell(const std::string& trouble) {
  return told_.try_emplace(trouble, now_).second;
}

}  // namespace qalam
