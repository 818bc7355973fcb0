#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/api/local_broker.h"
#include "broker/api/timer_thread.h"
#include "broker/metadata/cluster_image.h"
#include "broker/partition/decision_rings.h"
#include "broker/partition/log_root.h"
#include "broker/partition/partition_handle.h"
#include "broker/partition/task_pool.h"
#include "broker/partition/writer_thread.h"

namespace qalam {

// A topic and its partitions in this process. Immutable.
struct HostedTopic {
  std::shared_ptr<const TopicImage> image;
  std::vector<std::shared_ptr<PartitionHandle>> partitions;
};

// The partitions of this node: their directories, their writer threads, and the pools that serve
// them. Makes, opens, recovers, closes and removes them. Thread: any, except Start and Stop.
class PartitionHost {
 public:
  PartitionHost(FileSystem& fs, const Clock& clock, const LocalBrokerOptions& options);
  ~PartitionHost();  // Stopped, or never started. Who holds a handle must not post any more.

  // As LocalBroker::Start. After an error nothing runs.
  Status Start(const ClusterImage& image);
  // As LocalBroker::Stop.
  bool Stop(std::chrono::milliseconds patience);

  std::shared_ptr<const HostedTopic> Find(std::string_view topic) const;
  std::vector<std::shared_ptr<const HostedTopic>> All() const;  // By name.

  // The topic is in the metadata: makes its directories and opens its partitions. What can't be
  // made is made at its first use. Creations and deletions are carried out one after another, in
  // the order of the calls.
  void Create(std::shared_ptr<const TopicImage> image, Reply<Unit> reply);
  // The topic is gone from the metadata: moves its directories aside; they are removed after the
  // delay.
  void Delete(std::shared_ptr<const TopicImage> image, Reply<Unit> reply);
  // Runs `task` when the creations and deletions asked for so far are done.
  void AfterTopicChanges(UniqueFunction<void()> task) { topics_pool_.Post(std::move(task)); }
  // New settings, in force for the next group.
  void Alter(std::shared_ptr<const TopicImage> image);

  // Answers once the partition is open; opens it first where this is its first use. Errors: why it
  // is offline, or can't be opened now.
  void WithOpen(std::shared_ptr<PartitionHandle> handle, Reply<Unit> reply);
  // Runs `task` on the partition's thread when no sync is under way. Errors as WithOpen.
  void WhenIdle(std::shared_ptr<PartitionHandle> handle,
                UniqueFunction<void(Result<Partition*>)> task);

  const std::vector<std::unique_ptr<WriterThread>>& writers() const { return writers_; }
  TaskPool& reader_pool() { return reader_pool_; }  // May block on the disk.
  TaskPool& checks_pool() { return checks_pool_; }  // Computes only.
  TaskPool& background() { return background_; }    // One thread.
  TimerThread& timers() { return timers_; }
  std::shared_ptr<ByteBudget> budget() { return budget_; }
  LogRoot& root() { return *root_; }  // From Start on.
  LogDirectoryState& directory_state() { return directory_state_; }
  const DecisionRings& decisions() const { return decisions_; }
  std::size_t strays() const { return strays_; }

 private:
  static constexpr std::size_t kOpenThreads = 8;  // Opening waits for the disk more than it works.
  using Topics = std::map<std::string, std::shared_ptr<const HostedTopic>, std::less<>>;

  PartitionSettings SettingsOf(const TopicImage& image, std::int32_t partition) const;
  std::shared_ptr<const HostedTopic> MakeHandles(std::shared_ptr<const TopicImage> image);
  Status MoveStraysAside(const LogRoot::Scan& scan, const ClusterImage& image);
  Status OpenAtStart(const ClusterImage& image, const LogRoot::Scan& scan);
  // On the partition's thread: takes the log, or the reason why there is none.
  void Adopt(const std::shared_ptr<PartitionHandle>& handle, Result<std::unique_ptr<Log>> log);
  void AnswerOpening(const std::shared_ptr<PartitionHandle>& handle,
                     const std::optional<Error>& error);
  void DeleteNow(const TopicImage& image);
  void RemoveLater(const std::string& name, std::chrono::milliseconds delay);
  bool Quiesce(MonotonicTime deadline);
  std::set<std::string, std::less<>> CloseAll();
  void StopThreads();
  // Keeps the decision rings' files up to date, from now on.
  void SaveDecisionsLater();

  FileSystem& fs_;
  const Clock& clock_;
  const LocalBrokerOptions options_;
  LogDirectoryState directory_state_;
  std::unique_ptr<LogRoot> root_;
  std::shared_ptr<ByteBudget> budget_;
  TaskPool sync_pool_;
  TaskPool wake_pool_;
  TaskPool reader_pool_;
  TaskPool checks_pool_;
  TaskPool topics_pool_;  // One thread: creations and deletions, in order.
  TaskPool background_;
  TimerThread timers_;
  DecisionRings decisions_;
  std::vector<std::unique_ptr<WriterThread>> writers_;  // Until the end: handles refer to them.
  std::atomic<std::size_t> partitions_count_{0};
  std::size_t strays_ = 0;
  bool started_ = false;
  mutable Mutex mutex_;
  Topics topics_ QALAM_GUARDED_BY(mutex_);
  std::unordered_map<const PartitionHandle*, std::vector<Reply<Unit>>> opening_
      QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
