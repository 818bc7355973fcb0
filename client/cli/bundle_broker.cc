#include "client/cli/bundle_broker.h"

#include <nlohmann/json.hpp>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/cluster_json.h"
#include "client/cli/figure_rates.h"
#include "client/cli/redact.h"
#include "client/cli/story_output.h"
#include "client/cli/top_json.h"
#include "client/cli/topic_output.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::int32_t kStreamsMax = 10'000;
constexpr std::size_t kStoriesMax = 20;    // Of partitions.
constexpr std::int32_t kRefusalsMax = 10;  // Of each.

// `what` of the answer, as `part` of the bundle; a failed question is a gap.
template <typename Ask, typename Convert>
bool AddAnswer(const char* part, const char* what, Bundle& bundle, Ask ask, Convert convert) {
  const auto answer = ask();
  if (answer.ok()) {
    bundle.AddJson(part, what, convert(*answer));
  } else {
    bundle.Lacks(part, answer.error().code() + ": " + answer.error().message());
  }
  return answer.ok();
}

ordered_json TopicsJson(const std::vector<abi0::TopicInfo>& topics) {
  ordered_json list = ordered_json::array();
  for (abi0::TopicInfo topic : topics) {
    for (auto& [key, value] : topic.config) {
      if (IsSecretName(key)) value = kRedacted;
    }
    list.push_back(TopicJson(topic));
  }
  return list;
}

ordered_json PartitionsJson(const std::vector<abi0::PartitionInfo>& partitions) {
  ordered_json list = ordered_json::array();
  for (const abi0::PartitionInfo& partition : partitions) {
    ordered_json item = {{"topic", partition.topic}};
    item.update(PartitionJson(partition));
    list.push_back(std::move(item));
  }
  return list;
}

ordered_json ConfigJson(const std::vector<abi0::ConfigEntry>& entries) {
  ordered_json list = ordered_json::array();
  for (abi0::ConfigEntry entry : entries) {
    if (IsSecretName(entry.key)) entry.value = kRedacted;
    list.push_back(ConfigEntryJson(entry));
  }
  return list;
}

ordered_json StreamsJson(const abi0::StreamList& streams) {
  ordered_json document = {{"count", streams.count}, {"streams", ordered_json::array()}};
  for (const abi0::StreamInfo& stream : streams.streams) {
    document["streams"].push_back({{"kind", stream.kind},
                                   {"topic", stream.topic},
                                   {"partition", stream.partition},
                                   {"client_id", stream.client_id},
                                   {"protocol", stream.protocol},
                                   {"peer", ShortenedPeer(stream.peer)},
                                   {"opened_ms", stream.opened_ms}});
  }
  return document;
}

// Without the sentences: the addresses in them are whole.
ordered_json ShortStory(abi0::RecordStory story) {
  story.sender.peer = ShortenedPeer(story.sender.peer);
  story.lines.clear();
  return StoryJson(story);
}

// How the newest writes went, and what was refused, of the partitions that have any. NOT_FOUND: no
// decision ring knows that write any more.
void AddStories(const abi0::Admin& admin, const std::vector<abi0::PartitionInfo>& partitions,
                Bundle& bundle) {
  ordered_json stories = ordered_json::array();
  ordered_json refusals = ordered_json::array();
  std::size_t asked = 0;
  for (const abi0::PartitionInfo& partition : partitions) {
    if (partition.high_watermark <= partition.log_start_offset) continue;
    if (++asked > kStoriesMax) break;
    const abi0::TopicPartition name{partition.topic, partition.partition};
    auto story = admin.ExplainRecord(name, partition.high_watermark - 1);
    const auto refused = admin.ListRefusals(name, kRefusalsMax);
    const bool told = story.ok() || story.error().Is("NOT_FOUND");
    if (!told || !refused.ok()) {
      const abi0::Error& error = told ? refused.error() : story.error();
      bundle.Lacks("broker/stories.json", error.code() + ": " + error.message());
      return;
    }
    if (story.ok()) stories.push_back(ShortStory(*std::move(story)));
    if (refused->refusals.empty()) continue;
    ordered_json item = {
        {"topic", name.topic}, {"partition", name.partition}, {"refusals", ordered_json::array()}};
    for (abi0::Refusal refusal : refused->refusals) {
      refusal.sender.peer = ShortenedPeer(refusal.sender.peer);
      item["refusals"].push_back(RefusalJson(refusal));
    }
    refusals.push_back(std::move(item));
  }
  bundle.AddJson("broker/stories.json", "the newest write of up to 20 partitions, step by step",
                 stories);
  bundle.AddJson("broker/refusals.json", "what was refused there lately", refusals);
}

ordered_json HistogramJson(const abi0::HistogramFigures& histogram) {
  return {{"bounds", histogram.bounds}, {"counts", histogram.counts}, {"sum", histogram.sum}};
}

ordered_json FiguresJson(const abi0::BrokerFigures& figures) {
  ordered_json document = {{"at_ms", figures.at_ms},
                           {"parked_readers", figures.parked_readers},
                           {"resident_bytes", figures.resident_bytes},
                           {"disk_free_bytes", figures.disk_free_bytes},
                           {"writers", ordered_json::array()},
                           {"partitions", ordered_json::array()}};
  for (const abi0::WriterFigures& writer : figures.writers) {
    document["writers"].push_back({{"number", writer.number},
                                   {"queue_depth", writer.queue_depth},
                                   {"group_batches", HistogramJson(writer.group_batches)},
                                   {"group_bytes", HistogramJson(writer.group_bytes)},
                                   {"write_seconds", HistogramJson(writer.write_seconds)},
                                   {"sync_seconds", HistogramJson(writer.sync_seconds)},
                                   {"refused", writer.refused}});
  }
  for (const abi0::PartitionFigures& partition : figures.partitions) {
    document["partitions"].push_back({{"topic", partition.topic},
                                      {"partition", partition.partition},
                                      {"batches", partition.batches},
                                      {"records", partition.records},
                                      {"bytes", partition.bytes},
                                      {"duplicates", partition.duplicates},
                                      {"refused", partition.refused},
                                      {"fetched_bytes", partition.fetched_bytes},
                                      {"log_start_offset", partition.log_start_offset},
                                      {"high_watermark", partition.high_watermark},
                                      {"size_bytes", partition.size_bytes},
                                      {"offline", partition.offline},
                                      {"writer_thread", partition.writer_thread},
                                      {"leader", partition.leader},
                                      {"leader_epoch", partition.leader_epoch},
                                      {"status", partition.status}});
  }
  return document;
}

void AddFigures(const abi0::Admin& admin, std::chrono::milliseconds interval, Bundle& bundle) {
  FigureRates rates;
  const auto ask = [&] { return admin.ReadFigures(); };
  std::chrono::steady_clock::time_point before;
  TopSample sample;
  const auto take = [&](const abi0::BrokerFigures& figures) {
    const auto now = std::chrono::steady_clock::now();
    sample.rates = rates.Add(figures, now - std::exchange(before, now));
    return FiguresJson(figures);
  };
  if (!AddAnswer("broker/figures-1.json", "what it counts", bundle, ask, take)) return;
  std::this_thread::sleep_for(interval);
  if (!AddAnswer("broker/figures-2.json", "the same, a moment later", bundle, ask, take)) return;
  if (sample.rates) {
    bundle.AddJson("broker/rates.json", "what happened between the two, as `qalam top` shows it",
                   TopJson(sample, TopView(), SIZE_MAX));
  }
}

}  // namespace

void AddBrokerParts(const Session& session, std::chrono::milliseconds interval, Bundle& bundle) {
  const auto client = session.Connect();
  if (!client.ok()) {
    bundle.Lacks("broker/", client.error().code() + ": " + client.error().message());
    return;
  }
  const abi0::Admin admin = client->admin();
  // One that can't be reached is not asked for everything else, a time-out each.
  const bool is_there = AddAnswer(
      "broker/cluster.json", "brokers with their versions, counts, problems", bundle,
      [&] { return admin.DescribeCluster(); }, ClusterJson);
  if (!is_there) return;
  AddAnswer(
      "broker/topics.json", "topics and their settings", bundle, [&] { return admin.ListTopics(); },
      TopicsJson);
  std::vector<abi0::PartitionInfo> partitions;
  AddAnswer(
      "broker/partitions.json", "leaders, epochs, offsets, sizes", bundle,
      [&] { return admin.ListPartitions(); },
      [&](const std::vector<abi0::PartitionInfo>& answer) {
        partitions = answer;
        return PartitionsJson(answer);
      });
  AddAnswer(
      "broker/config.json", "settings in force, and where each is from", bundle,
      [&] { return admin.GetConfig(); }, ConfigJson);
  AddAnswer(
      "broker/streams.json", "open streams; addresses shortened", bundle,
      [&] { return admin.ListStreams(kStreamsMax); }, StreamsJson);
  AddStories(admin, partitions, bundle);
  AddFigures(admin, interval, bundle);
}

}  // namespace qalam::cli
