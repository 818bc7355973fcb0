#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "broker/log/log_options.h"
#include "broker/log/log_view.h"
#include "broker/partition/arrivals.h"
#include "broker/partition/high_watermark.h"
#include "broker/partition/partition_stats.h"
#include "broker/partition/read_mark.h"
#include "common/clock.h"
#include "common/ids.h"
#include "common/published.h"
#include "common/record/batch_validator.h"

namespace qalam {

class Partition;
class WriterThread;

// What a topic's settings mean for one partition. Immutable.
struct PartitionSettings {
  BatchLimits limits;
  LogOptions log;
};

// The disk or the process is full: the last group was refused, and the same may work later.
struct WriteRefusal {
  Error error;
  MonotonicTime at{};
};

// A partition as every thread but its owner sees it: where it is, how far it is, and how to reach
// its owner. Lives as long as anybody holds it, also after the topic is gone. Thread: any, except
// `owned`.
class PartitionHandle {
 public:
  PartitionHandle(TopicPartition tp, Uuid id, Epoch epoch, WriterThread& writer_thread,
                  PartitionSettings initial)
      : name(std::move(tp)),
        topic_id(id),
        leader_epoch(epoch),
        writer(writer_thread),
        settings(std::make_shared<const PartitionSettings>(std::move(initial))) {}

  enum class State {
    kClosed,  // Clean and not used since the start: opened at first use.
    kOpen,
    kOffline,  // `problem` says why.
    kGone,     // The topic was deleted.
  };

  const TopicPartition name;
  const Uuid topic_id;
  const Epoch leader_epoch;
  WriterThread& writer;
  Published<PartitionSettings> settings;

  std::atomic<State> state{State::kClosed};
  Published<Error> problem;
  HighWatermark high_watermark;
  Published<LogView> view;  // Null until open.
  std::atomic<Offset> durable_offset{0};
  // A sync is under way and the next group collects behind it: what is posted meanwhile needs to
  // wake nobody, the sync's return does.
  std::atomic<bool> collecting{false};
  Arrivals arrivals;                      // For the group that collects.
  Published<WriteRefusal> write_refusal;  // Null after a group that was written.
  mutable PartitionStats stats;
  mutable ReadMark read_mark;

  // Only the writer's thread touches these.
  Partition* owned = nullptr;      // Null until open.
  bool removal_scheduled = false;  // Of files that retention and trimming took out.
};

}  // namespace qalam
