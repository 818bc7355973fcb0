#include <utility>

#include "client/cluster_client.h"
#include "qalam/admin.h"
#include "qalam/v1/observe.grpc.pb.h"

namespace qalam::abi0 {
namespace {

using v1::ObserveService;

HistogramFigures FromWire(const v1::Histogram& histogram) {
  return {{histogram.bounds().begin(), histogram.bounds().end()},
          {histogram.counts().begin(), histogram.counts().end()},
          histogram.sum()};
}

WriterFigures FromWire(const v1::WriterFigures& writer) {
  WriterFigures figures;
  figures.number = writer.number();
  figures.queue_depth = writer.queue_depth();
  figures.group_batches = FromWire(writer.group_batches());
  figures.group_bytes = FromWire(writer.group_bytes());
  figures.write_seconds = FromWire(writer.write_seconds());
  figures.sync_seconds = FromWire(writer.sync_seconds());
  figures.refused.insert(writer.refused().begin(), writer.refused().end());
  return figures;
}

PartitionFigures FromWire(const v1::PartitionFigures& partition) {
  PartitionFigures figures;
  figures.topic = partition.topic();
  figures.partition = partition.partition();
  figures.batches = partition.batches();
  figures.records = partition.records();
  figures.bytes = partition.bytes();
  figures.duplicates = partition.duplicates();
  figures.refused = partition.refused();
  figures.fetched_bytes = partition.fetched_bytes();
  figures.log_start_offset = partition.log_start_offset();
  figures.high_watermark = partition.high_watermark();
  figures.size_bytes = partition.size_bytes();
  figures.offline = partition.offline();
  figures.writer_thread = partition.writer_thread();
  figures.leader_epoch = partition.leader_epoch();
  figures.leader = partition.leader();
  figures.status = partition.status();
  return figures;
}

}  // namespace

Result<BrokerFigures> Admin::ReadFigures(bool writers_only) const {
  v1::ReadFiguresRequest request;
  request.set_writers_only(writers_only);
  const auto answer = cluster_->Call<ObserveService>(&ObserveService::Stub::ReadFigures, request,
                                                     timeout_, CallKind::Read());
  if (!answer.ok()) return answer.error();
  BrokerFigures figures;
  figures.at_ms = answer->at_ms();
  for (const v1::WriterFigures& writer : answer->writers()) {
    figures.writers.push_back(FromWire(writer));
  }
  figures.partitions.reserve(static_cast<std::size_t>(answer->partitions_size()));
  for (const v1::PartitionFigures& partition : answer->partitions()) {
    figures.partitions.push_back(FromWire(partition));
  }
  figures.parked_readers = answer->parked_readers();
  figures.resident_bytes = answer->resident_bytes();
  figures.disk_free_bytes = answer->disk_free_bytes();
  return figures;
}

Result<StreamList> Admin::ListStreams(std::int32_t limit) const {
  v1::ListStreamsRequest request;
  request.set_limit(limit);
  const auto answer = cluster_->Call<ObserveService>(&ObserveService::Stub::ListStreams, request,
                                                     timeout_, CallKind::Read());
  if (!answer.ok()) return answer.error();
  StreamList list;
  for (const v1::StreamInfo& stream : answer->streams()) {
    list.streams.push_back({stream.kind(), stream.topic(), stream.partition(), stream.client_id(),
                            stream.protocol(), stream.peer(), stream.opened_ms()});
  }
  list.count = answer->count();
  return list;
}

}  // namespace qalam::abi0
