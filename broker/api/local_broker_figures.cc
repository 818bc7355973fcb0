#include <utility>

#include "broker/api/describe.h"
#include "broker/api/local_broker_impl.h"
#include "broker/api/resident_bytes.h"
#include "common/error.h"

namespace qalam {
namespace {

HistogramFigures Copy(const OwnedHistogram& from, double unit) {
  HistogramFigures figures;
  for (std::size_t i = 0; i < from.buckets(); ++i) {
    if (i + 1 < from.buckets()) figures.bounds.push_back(static_cast<double>(from.bound(i)) * unit);
    figures.counts.push_back(from.count(i));
  }
  figures.sum = static_cast<double>(from.sum()) * unit;
  return figures;
}

WriterFigures Copy(const WriterThread& from) {
  constexpr double kSeconds = 1e-9;
  WriterFigures figures;
  figures.number = from.number();
  figures.queue_depth = from.queue_depth();
  const WriterStats& stats = from.stats();
  figures.group_batches = Copy(stats.group_batches, 1);
  figures.group_bytes = Copy(stats.group_bytes, 1);
  figures.write_seconds = Copy(stats.write_nanoseconds, kSeconds);
  figures.sync_seconds = Copy(stats.sync_nanoseconds, kSeconds);
  for (const ErrorInfo& info : AllErrors()) {
    const std::uint64_t count = stats.refused.at(static_cast<std::size_t>(info.code)).value();
    if (count > 0) figures.refused.emplace_back(info.word, count);
  }
  return figures;
}

PartitionFigures Copy(const PartitionHandle& from, NodeId leader, MonotonicTime now) {
  PartitionFigures figures;
  figures.partition = from.name;
  figures.batches = from.stats.batches.value();
  figures.records = from.stats.records.value();
  figures.bytes = from.stats.bytes.value();
  figures.duplicates = from.stats.duplicates.value();
  figures.refused = from.stats.refused.value();
  figures.fetched_bytes = from.stats.fetched_bytes.load(std::memory_order_relaxed);
  if (const auto view = from.view.Load()) {
    figures.log_start_offset = view->log_start_offset();
    figures.high_watermark = from.high_watermark.Load();
    figures.size_bytes = view->size_bytes();
  }
  figures.offline = from.state.load() == PartitionHandle::State::kOffline;
  figures.writer_thread = from.writer.number();
  figures.leader = leader;
  figures.leader_epoch = from.leader_epoch;
  figures.status = DescribeStatus(from, now);
  return figures;
}

}  // namespace

void LocalBrokerImpl::ReadFigures(Reply<BrokerFigures> reply) {
  if (Stopping(reply)) return;
  host_.background().Post([this, reply = std::move(reply)]() mutable {
    BrokerFigures figures;
    figures.at_ms = clock_.NowMs();
    for (const auto& writer : host_.writers()) figures.writers.push_back(Copy(*writer));
    const MonotonicTime now = clock_.Now();
    const auto topics = host_.All();
    std::size_t count = 0;
    for (const auto& topic : topics) count += topic->partitions.size();
    figures.partitions.reserve(count);
    for (const auto& topic : topics) {
      for (std::size_t p = 0; p < topic->partitions.size(); ++p) {
        figures.partitions.push_back(
            Copy(*topic->partitions[p], topic->image->partitions[p].leader, now));
      }
    }
    figures.readers_parked = reads_.parked.count();
    figures.resident_bytes = static_cast<std::uint64_t>(ResidentBytes());
    figures.disk_free_bytes = static_cast<std::uint64_t>(host_.root().free_bytes());
    reply(std::move(figures));
  });
}

}  // namespace qalam
