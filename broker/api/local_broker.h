#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "broker/api/broker.h"
#include "broker/api/config_service.h"
#include "broker/metadata/controller.h"
#include "common/clock.h"
#include "common/file_system.h"

namespace qalam {

struct LocalBrokerOptions {
  NodeId node_id = 1;
  std::string log_directory;  // DIR/log
  std::string data_directory_id;
  std::string version;
  std::int32_t writer_threads = 1;
  std::int32_t sync_threads = 4;            // Of the pool that syncs; several files at once.
  std::int32_t reader_threads = 2;          // Of the pool that reads cold data.
  std::int32_t check_threads = 1;           // Of the pool that unpacks batches much larger inside.
  std::size_t mailbox_commands_max = 8192;  // Per writer thread.
  std::size_t append_bytes_in_flight_max = std::size_t{128}
                                           << 20;  // Node-wide, queued and unsynced.
  std::uint32_t group_bytes_max = 8u << 20;
  std::size_t recent_bytes_max = std::size_t{64}
                                 << 20;  // Node-wide, recent batches for tail readers.
  std::size_t decompressed_bytes_max = std::size_t{100} << 20;
  std::size_t fetch_bytes_max = std::size_t{8} << 20;  // Bound of one answer, whatever was asked.
  std::chrono::milliseconds fetch_wait_max{30'000};
  std::size_t parked_fetches_max = 100'000;
  std::chrono::milliseconds retention_check_interval{300'000};
  std::int32_t open_files_max = 0;  // 0: RLIMIT_NOFILE less a reserve of 64.
  bool auto_create_topics = false;
  std::size_t explain_ring_bytes = std::size_t{4} << 20;  // Of all decision rings; 0: none.
  std::string rings_directory;  // DIR/rings; empty: the rings are in memory only.
};

// The broker of this process: writer threads, their partitions, reader and sync pools, over one
// data directory and one Controller. Thread: any, except Start and Stop (the owner's).
class LocalBroker : public Broker {
 public:
  static std::unique_ptr<LocalBroker> Create(FileSystem& fs, const Clock& clock,
                                             Controller& controller, ConfigService& config,
                                             LocalBrokerOptions options);
  // Opens the partitions that the image names. Dirty ones (in use at an unclean stop) are recovered
  // now, in parallel; clean ones at first use. A partition that can't be opened is offline and says
  // why; its files are left alone. Directories in log_directory that no topic knows are moved
  // aside, reported, never deleted. Errors: kIo (the directory itself), kMetadataMissing (logs, but
  // no topics at all).
  virtual Status Start() = 0;
  // Stops taking requests; what is written is synced and acknowledged; what is queued is answered
  // kShuttingDown; parked readers are answered (empty) or ended; logs are closed; last, the clean
  // marker. False if `patience` passed before all was clean.
  virtual bool Stop(std::chrono::milliseconds patience) = 0;
  // Becomes true when a log failed: the process must exit with 74 after telling its clients.
  virtual void OnLogFailure(UniqueFunction<void(const Error&)> callback) = 0;
  // A default of all topics changed (Controller::SetTopicDefaults did it): every topic whose
  // settings in the controller's image differ from those in force takes them over. Does not block.
  virtual void RefreshTopics() = 0;
  // `qalam config set qalam.retention.clock=accept`: the wall clock is right as it is now, deletion
  // by time goes on from it.
  virtual void AcceptRetentionClock() = 0;
  // What waits where, a line a queue, for the log (SIGUSR1).
  virtual std::vector<std::string> DescribeQueues() = 0;
  virtual void SetAddress(std::string address) = 0;  // What DescribeCluster tells clients.
};

}  // namespace qalam
