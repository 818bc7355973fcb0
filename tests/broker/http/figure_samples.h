#pragma once

#include <memory>
#include <string>

#include "broker/http/figure_rates.h"

namespace qalam {

// A sample with so many partitions of one topic and one writer; tests change what they are about.
inline BrokerFigures SomeSample(std::int32_t partitions, const std::string& topic = "t") {
  BrokerFigures figures;
  WriterFigures& writer = figures.writers.emplace_back();
  writer.group_batches = {{1, 4, 16}, {0, 0, 0, 0}, 0};
  writer.group_bytes = {{256, 1024}, {0, 0, 0}, 0};
  writer.write_seconds = {{0.001, 0.004}, {0, 0, 0}, 0};
  writer.sync_seconds = {{0.001, 0.004, 0.256, 1.0}, {0, 0, 0, 0, 0}, 0};
  for (std::int32_t i = 0; i < partitions; ++i) {
    PartitionFigures& partition = figures.partitions.emplace_back();
    partition.partition = {topic, i};
    partition.leader = 1;
    partition.leader_epoch = 5;
  }
  figures.disk_free_bytes = std::uint64_t{1} << 40;
  return figures;
}

inline std::shared_ptr<const BrokerFigures> Shared(BrokerFigures figures) {
  return std::make_shared<const BrokerFigures>(std::move(figures));
}

}  // namespace qalam
