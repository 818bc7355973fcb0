#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "broker/api/latch.h"
#include "broker/api/partition_host.h"
#include "common/check.h"
#include "common/logging.h"

// PartitionHost's beginning and end: what a start finds, what a stop leaves.
namespace qalam {
namespace {

// Of metadata that has nothing but the cluster's id.
constexpr std::uint64_t kFreshRevision = 1;

constexpr std::size_t kDescriptorsReserved = 64;

constexpr std::chrono::seconds kSaveInterval{1};  // Of the decision rings.

// Sealed segments kept open: a quarter, since a segment has a log and readers have their own, and
// the active segments of all partitions need the rest.
std::size_t OpenSegmentsMax(std::int32_t open_files_max) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto allowed = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
  const std::size_t max = open_files_max > 0 ? static_cast<std::size_t>(open_files_max) : allowed;
  return (std::max(max, 2 * kDescriptorsReserved) - kDescriptorsReserved) / 4;
}

// The topic that has this partition.
std::optional<Uuid> TopicIdOf(const ClusterImage& image, const TopicPartition& partition) {
  const auto topic = image.topics.find(partition.topic);
  if (topic == image.topics.end() || partition.partition < 0 ||
      static_cast<std::size_t>(partition.partition) >= topic->second->partitions.size()) {
    return std::nullopt;
  }
  return topic->second->id;
}

}  // namespace

Status PartitionHost::Start(const ClusterImage& image) {
  QALAM_CHECK(!started_ && writers_.empty());
  QALAM_ASSIGN_OR_RETURN(root_, LogRoot::Open(fs_, clock_, options_.log_directory,
                                              OpenSegmentsMax(options_.open_files_max)));
  QALAM_ASSIGN_OR_RETURN(const LogRoot::Scan scan,
                         root_->List([&image](const TopicPartition& partition) {
                           return TopicIdOf(image, partition);
                         }));
  QALAM_RETURN_IF_ERROR(MoveStraysAside(scan, image));
  const PartitionContext context{clock_, root_->dirty(), directory_state_, sync_pool_, wake_pool_};
  decisions_.Load();
  for (std::int32_t i = 0; i < std::max(1, options_.writer_threads); ++i) {
    writers_.push_back(std::make_unique<WriterThread>(i, context, options_.mailbox_commands_max,
                                                      decisions_.of(i)));
  }
  for (TaskPool* const pool :
       {&sync_pool_, &wake_pool_, &reader_pool_, &checks_pool_, &topics_pool_, &background_}) {
    pool->Start();
  }
  timers_.Start();
  for (auto& writer : writers_) writer->Start();
  started_ = true;
  if (const Status opened = OpenAtStart(image, scan); !opened.ok()) {
    StopThreads();
    return opened;
  }
  for (const std::string& name : scan.deleted) RemoveLater(name, std::chrono::milliseconds(0));
  if (decisions_.on() && !options_.rings_directory.empty()) SaveDecisionsLater();
  return OkStatus();
}

void PartitionHost::SaveDecisionsLater() {
  timers_.At(clock_.Now() + kSaveInterval, [this] {
    background_.Post([this] {
      decisions_.Save();
      SaveDecisionsLater();
    });
  });
}

Status PartitionHost::MoveStraysAside(const LogRoot::Scan& scan, const ClusterImage& image) {
  strays_ = scan.strays_before;
  if (scan.strays.empty()) return OkStatus();
  // A store that has had topics may have none now: the last one was deleted just before a kill.
  if (image.topics.empty() && image.revision <= kFreshRevision) {
    return Error(ErrorCode::kMetadataMissing, options_.log_directory + " holds " +
                                                  std::to_string(scan.strays.size()) +
                                                  " partitions (first " + scan.strays.front() +
                                                  "), but the metadata knows no topic");
  }
  for (const std::string& name : scan.strays) {
    QALAM_ASSIGN_OR_RETURN(const std::string aside, root_->MoveAsideAsStray(name));
    Logger("api").warn("partition unknown to the metadata moved aside from={} to={}", name, aside);
    ++strays_;
  }
  return root_->Sync();
}

Status PartitionHost::OpenAtStart(const ClusterImage& image, const LogRoot::Scan& scan) {
  std::vector<std::shared_ptr<PartitionHandle>> to_open;
  std::set<std::string, std::less<>> creating;
  for (const auto& [name, topic] : image.topics) partitions_count_ += topic->partitions.size();
  for (const auto& [name, topic] : image.topics) {
    const auto hosted = MakeHandles(topic);
    const bool announced = root_->IsCreating(name);
    if (announced) creating.insert(name);
    for (const auto& handle : hosted->partitions) {
      const std::string directory = handle->name.ToString();
      const bool there = scan.partitions.contains(directory);
      // Missing, and not because it was about to be made: opening it says so.
      if (announced || !there || root_->dirty().Contains(directory)) to_open.push_back(handle);
    }
    MutexLock lock(mutex_);
    topics_[name] = hosted;
  }
  // Log::Open relies on it; once for all.
  if (!to_open.empty()) QALAM_RETURN_IF_ERROR(root_->Sync());
  const auto latch = std::make_shared<Latch>(to_open.size());
  InParallel(to_open.size(), kOpenThreads, [&](std::size_t i) {
    const auto& handle = to_open[i];
    auto log = root_->OpenLog(*handle, false);
    handle->writer.Post([this, handle, log = std::move(log), arrival = Arrival(latch)]() mutable {
      Adopt(handle, std::move(log));
    });
  });
  latch->Wait();
  // What could not be opened stays in doubt. What was recovered is in use again as soon as somebody
  // writes, so it stays too.
  std::set<std::string, std::less<>> in_doubt;
  for (const auto& handle : to_open) {
    const std::string name = handle->name.ToString();
    const bool open = handle->state.load() == PartitionHandle::State::kOpen;
    if (open || root_->dirty().Contains(name)) in_doubt.insert(name);
    if (!open && creating.contains(handle->name.topic)) {
      in_doubt.insert(LogRoot::CreatingName(handle->name.topic));
    }
  }
  return root_->dirty().empty() && in_doubt.empty() ? OkStatus()
                                                    : root_->dirty().Reset(std::move(in_doubt));
}

bool PartitionHost::Stop(std::chrono::milliseconds patience) {
  if (!started_) return true;
  const MonotonicTime deadline = clock_.Now() + patience;
  for (auto& writer : writers_) writer->RefuseAppends();
  const bool quiet = Quiesce(deadline);
  // Parked readers are answered.
  for (const auto& topic : All()) {
    for (const auto& handle : topic->partitions) {
      auto wakes = handle->high_watermark.Close();
      for (auto& wake : wakes) wake();
    }
  }
  std::set<std::string, std::less<>> in_doubt;
  if (quiet) in_doubt = CloseAll();
  StopThreads();
  if (!quiet) return false;
  if (root_->dirty().empty() && in_doubt.empty()) return true;
  return root_->dirty().Reset(std::move(in_doubt)).ok();
}

// Until nothing is queued, written but unsynced, or being made. False: `deadline` passed before.
bool PartitionHost::Quiesce(MonotonicTime deadline) {
  const Error stopping(ErrorCode::kShuttingDown, "the broker is stopping; nothing was written");
  while (true) {
    const auto busy = std::make_shared<std::atomic<bool>>(false);
    const auto latch = std::make_shared<Latch>(writers_.size());
    for (auto& writer : writers_) {
      writer->Post([raw = writer.get(), stopping, busy, arrival = Arrival(latch)] {
        for (Partition* const partition : raw->partitions()) {
          partition->WindDown(stopping);
          if (!partition->idle()) busy->store(true);
        }
      });
    }
    if (!latch->WaitUntil(clock_, deadline)) return false;
    if (!busy->load() && topics_pool_.idle()) return true;
    if (clock_.Now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Returns what is not cleanly closed.
std::set<std::string, std::less<>> PartitionHost::CloseAll() {
  Mutex mutex;
  std::vector<std::unique_ptr<Partition>> released;
  const auto latch = std::make_shared<Latch>(writers_.size());
  for (auto& writer : writers_) {
    writer->Post([&, raw = writer.get(), arrival = Arrival(latch)] {
      for (Partition* const partition : raw->partitions()) {
        auto owned = raw->Release(partition->handle());
        owned->log().ReleaseOwner();
        MutexLock lock(mutex);
        released.push_back(std::move(owned));
      }
    });
  }
  latch->Wait();
  std::set<std::string, std::less<>> in_doubt;
  InParallel(released.size(), kOpenThreads, [&](std::size_t i) {
    const Status closed = released[i]->log().Close();
    if (closed.ok()) return;
    Logger("api").warn("log not closed cleanly tp={} error={}",
                       released[i]->handle().name.ToString(), closed.error().ToString());
    // Everything acknowledged was synced before, but whoever stops us must hear of the disk.
    if (released[i]->log().failed()) directory_state_.Fail(closed.error());
    MutexLock lock(mutex);
    in_doubt.insert(released[i]->handle().name.ToString());
  });
  // The metadata may have recorded a topic and failed all the same: the next start will know.
  for (const std::string& topic : root_->AnnouncedTopics()) {
    if (!Find(topic)) in_doubt.insert(LogRoot::CreatingName(topic));
  }
  // Those that are offline, or could not be made yet, stay as they were.
  for (const auto& topic : All()) {
    for (const auto& handle : topic->partitions) {
      const auto state = handle->state.load();
      if (state == PartitionHandle::State::kOffline) in_doubt.insert(handle->name.ToString());
      if (state == PartitionHandle::State::kClosed && root_->NeverHadData(*handle)) {
        in_doubt.insert(LogRoot::CreatingName(handle->name.topic));
      }
    }
  }
  return in_doubt;
}

void PartitionHost::StopThreads() {
  // Writers first: what they drop tells those who wait in the pools.
  for (auto& writer : writers_) writer->Stop();
  timers_.Stop();
  for (TaskPool* const pool :
       {&sync_pool_, &topics_pool_, &background_, &reader_pool_, &checks_pool_, &wake_pool_}) {
    pool->Stop();
  }
  decisions_.Save();
  decltype(opening_) dropped;
  {
    MutexLock lock(mutex_);
    dropped.swap(opening_);
  }
  started_ = false;
}

}  // namespace qalam
