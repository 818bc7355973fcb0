#include "broker/api/partition_host.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "broker/log/partition_metadata.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::string_view kCreatingPrefix = "create:";  // No topic's name has a colon.
constexpr std::string_view kDeleteSuffix = "-delete";
constexpr std::string_view kStraySuffix = "-stray";
constexpr std::size_t kOpenThreads = 8;  // Opening waits for the disk more than it works.
constexpr std::size_t kDescriptorsReserved = 64;

// Name of a partition's directory: topic, '-', number.
std::optional<TopicPartition> ParseDirectoryName(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == name.size()) return std::nullopt;
  PartitionId partition = 0;
  for (const char c : name.substr(dash + 1)) {
    if (c < '0' || c > '9' || partition > 100'000'000) return std::nullopt;
    partition = partition * 10 + (c - '0');
  }
  return TopicPartition{std::string(name.substr(0, dash)), partition};
}

std::size_t OpenSegmentsMax(std::int32_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto allowed = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
  const std::size_t max = wanted > 0 ? static_cast<std::size_t>(wanted) : allowed;
  return max > 2 * kDescriptorsReserved ? (max - kDescriptorsReserved) / 4
                                        : kDescriptorsReserved / 4;
}

// Runs `work(i)` for every i below `count` on a few threads and waits for all.
template <typename Work>
void InParallel(std::size_t count, Work work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < std::min(count, kOpenThreads); ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Waits until `expected` parts have reported. Thread: any.
class Latch {
 public:
  explicit Latch(std::size_t expected) : left_(expected) {}
  void Arrive() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) done_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t left_;
};

}  // namespace

PartitionHost::PartitionHost(FileSystem& fs, const Clock& clock, const LocalBrokerOptions& options)
    : fs_(fs),
      clock_(clock),
      options_(options),
      segment_cache_(std::make_shared<SegmentCache>(OpenSegmentsMax(options.open_files_max))),
      budget_(std::make_shared<ByteBudget>(options.append_bytes_in_flight_max)),
      sync_pool_("sync", static_cast<std::size_t>(options.sync_threads)),
      reader_pool_("reader", static_cast<std::size_t>(options.reader_threads)),
      background_("background", 1),
      timers_(clock) {}

PartitionHost::~PartitionHost() { QALAM_CHECK(!started_); }

std::string PartitionHost::DirectoryOf(const TopicPartition& partition) const {
  return JoinPath(options_.log_directory, partition.ToString());
}

PartitionSettings PartitionHost::SettingsOf(const TopicImage& image, std::int32_t partition) const {
  const TopicConfig& config = image.config;
  PartitionSettings settings;
  settings.limits.batch_bytes_max =
      std::min<std::size_t>(config.max_message_bytes, options_.group_bytes_max);
  settings.limits.decompressed_bytes_max = options_.decompressed_bytes_max;
  settings.limits.timestamp_type = config.timestamp_type;
  settings.limits.timestamp_before_max_ms = config.timestamp_before_max_ms;
  settings.limits.timestamp_after_max_ms = config.timestamp_after_max_ms;
  LogOptions& log = settings.log;
  log.directory = DirectoryOf({image.name, partition});
  log.segment_bytes_max = config.segment_bytes;
  log.segment_age_max = std::chrono::milliseconds(config.segment_ms);
  log.index_interval_bytes = config.index_interval_bytes;
  log.index_bytes_max = config.segment_index_bytes;
  log.retention_bytes = config.retention_bytes;
  log.retention_ms = config.retention_ms;
  log.file_delete_delay = std::chrono::milliseconds(config.file_delete_delay_ms);
  log.flush_mode = config.flush;
  log.flush_interval = std::chrono::milliseconds(config.flush_ms);
  log.group_bytes_max = options_.group_bytes_max;
  log.recent_bytes_max = std::min<std::size_t>(log.recent_bytes_max, options_.recent_bytes_max);
  log.direct_alignment = direct_alignment_;
  log.segment_cache = segment_cache_;
  return settings;
}

std::shared_ptr<const HostedTopic> PartitionHost::MakeHandles(
    std::shared_ptr<const TopicImage> image) {
  auto topic = std::make_shared<HostedTopic>();
  const std::size_t first = std::hash<std::string>{}(image->name);
  for (std::size_t p = 0; p < image->partitions.size(); ++p) {
    const auto number = static_cast<PartitionId>(p);
    topic->partitions.push_back(std::make_shared<PartitionHandle>(
        TopicPartition{image->name, number}, image->id, image->partitions[p].leader_epoch,
        *writers_[(first + p) % writers_.size()], SettingsOf(*image, number)));
  }
  topic->image = std::move(image);
  return topic;
}

Status PartitionHost::Start(const ClusterImage& image) {
  QALAM_RETURN_IF_ERROR(fs_.CreateDirectory(options_.log_directory));
  direct_alignment_ = fs_.ProbeDirectAlignment(options_.log_directory);
  QALAM_ASSIGN_OR_RETURN(dirty_, DirtySet::Open(fs_, options_.log_directory));
  QALAM_RETURN_IF_ERROR(MoveStraysAside(image));
  const PartitionContext context{fs_, clock_, *dirty_, sync_pool_, reader_pool_, on_log_failure_};
  for (std::int32_t i = 0; i < std::max(1, options_.writer_threads); ++i) {
    writers_.push_back(std::make_unique<WriterThread>(i, context, options_.mailbox_commands_max));
  }
  sync_pool_.Start();
  reader_pool_.Start();
  background_.Start();
  timers_.Start();
  for (auto& writer : writers_) writer->Start();
  started_ = true;
  return OpenAtStart(image);
}

// Directories that no topic knows are kept, out of the way. `-delete` ones are finished.
Status PartitionHost::MoveStraysAside(const ClusterImage& image) {
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs_.List(options_.log_directory));
  std::vector<std::string> strays;
  std::size_t known = 0;
  for (const DirectoryEntry& entry : entries) {
    if (!entry.is_directory || entry.name.ends_with(kStraySuffix)) continue;
    if (entry.name.ends_with(kDeleteSuffix)) {
      RemoveLater(JoinPath(options_.log_directory, entry.name), std::chrono::milliseconds(0));
      continue;
    }
    const auto parsed = ParseDirectoryName(entry.name);
    const auto topic = parsed ? image.topics.find(parsed->topic) : image.topics.end();
    bool ours = topic != image.topics.end() &&
                parsed->partition < static_cast<PartitionId>(topic->second->partitions.size());
    if (ours) {
      const auto id = ReadPartitionMetadata(fs_, JoinPath(options_.log_directory, entry.name));
      // Of an older topic of the same name. (Without the file: half made; judged when it is
      // opened.)
      if (id.ok() && *id != topic->second->id) ours = false;
    }
    if (ours) {
      ++known;
    } else if (parsed) {
      strays.push_back(entry.name);
    }
  }
  if (image.topics.empty() && !strays.empty()) {
    return Error(ErrorCode::kMetadataMissing,
                 options_.log_directory + " holds " + std::to_string(strays.size()) +
                     " partitions (first " + strays.front() + "), but the metadata knows no topic");
  }
  for (const std::string& name : strays) {
    const std::string aside = name + "." + Uuid::Random().ToString() + std::string(kStraySuffix);
    QALAM_RETURN_IF_ERROR(fs_.Rename(JoinPath(options_.log_directory, name),
                                     JoinPath(options_.log_directory, aside)));
    Logger("api").warn("partition unknown to the metadata moved aside from={} to={}", name, aside);
    ++strays_;
  }
  if (!strays.empty()) QALAM_RETURN_IF_ERROR(fs_.SyncDirectory(options_.log_directory));
  return OkStatus();
}

Status PartitionHost::OpenAtStart(const ClusterImage& image) {
  struct ToOpen {
    std::shared_ptr<PartitionHandle> handle;
    bool create = false;
    std::optional<Result<std::unique_ptr<Log>>> log;
  };
  std::vector<ToOpen> to_open;
  for (const auto& [name, topic] : image.topics) {
    const auto hosted = MakeHandles(topic);
    const bool creating = dirty_->Contains(std::string(kCreatingPrefix) + name);
    for (const auto& handle : hosted->partitions) {
      // One that was written to had its directory: if that is missing now, something is wrong.
      const bool written = dirty_->Contains(handle->name.ToString());
      if (creating || written) to_open.push_back({handle, creating && !written, {}});
    }
    MutexLock lock(mutex_);
    topics_[name] = hosted;
  }
  InParallel(to_open.size(), [&](std::size_t i) {
    ToOpen& work = to_open[i];
    if (work.create) {
      if (const Status made = MakeLog(*work.handle); !made.ok()) {
        work.log.emplace(made.error());
        return;
      }
    }
    work.log.emplace(OpenLog(*work.handle, false));
  });
  std::set<std::string, std::less<>> still_dirty;
  Latch latch(to_open.size());
  for (ToOpen& work : to_open) {
    if (!work.log->ok()) {
      SetOffline(*work.handle, work.log->error());
      latch.Arrive();
      continue;
    }
    // Recovered and synced, but in use again as soon as somebody writes: it stays in the set.
    still_dirty.insert(work.handle->name.ToString());
    work.handle->writer.Post(
        [&latch, handle = work.handle, log = std::move(*work.log).value()]() mutable {
          handle->writer.Adopt(handle, std::move(log));
          latch.Arrive();
        });
  }
  latch.Wait();
  return to_open.empty() ? OkStatus() : dirty_->Reset(std::move(still_dirty));
}

Result<std::unique_ptr<Log>> PartitionHost::OpenLog(const PartitionHandle& handle, bool clean) {
  auto log = Log::Open(fs_, clock_, handle.settings.Load()->log, handle.topic_id, clean);
  if (!log.ok()) {
    if (log.error().code() == ErrorCode::kNotFound) {
      return Error(ErrorCode::kCorruption,
                   "the directory of " + handle.name.ToString() +
                       " or its partition.metadata is missing: " + log.error().message());
    }
    return log;
  }
  const RecoveryReport& report = (*log)->recovery();
  if (report.recovered) {
    Logger("api").info("partition recovered tp={} end={} scanned_bytes={} torn_bytes_cut={}",
                       handle.name.ToString(), (*log)->end_offset(), report.scanned_bytes,
                       report.torn_bytes_cut);
  }
  for (const std::string& note : report.notes)
    Logger("api").warn("recovery tp={} note=\"{}\"", handle.name.ToString(), note);
  return log;
}

Status PartitionHost::MakeLog(const PartitionHandle& handle) {
  const std::string directory = DirectoryOf(handle.name);
  QALAM_ASSIGN_OR_RETURN(const bool exists, fs_.Exists(directory));
  if (exists) {
    const auto id = ReadPartitionMetadata(fs_, directory);
    if (id.ok() && *id == handle.topic_id) return OkStatus();
    // Half made: written last, the metadata file says that the rest is there.
    const std::string aside =
        directory + "." + Uuid::Random().ToString() + std::string(kStraySuffix);
    QALAM_RETURN_IF_ERROR(fs_.Rename(directory, aside));
  }
  return Log::Create(fs_, handle.settings.Load()->log, handle.topic_id);
}

void PartitionHost::SetOffline(PartitionHandle& handle, const Error& error) {
  Logger("api").error("partition offline tp={} error={}", handle.name.ToString(), error.ToString());
  handle.problem.Store(std::make_shared<const Error>(error));
  handle.state.store(PartitionHandle::State::kOffline);
}

std::shared_ptr<const HostedTopic> PartitionHost::Find(std::string_view topic) const {
  MutexLock lock(mutex_);
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const HostedTopic>> PartitionHost::All() const {
  std::vector<std::shared_ptr<const HostedTopic>> all;
  MutexLock lock(mutex_);
  for (const auto& [name, topic] : topics_) all.push_back(topic);
  return all;
}

Status PartitionHost::AnnounceCreation(const std::string& topic) {
  return dirty_->Add(std::string(kCreatingPrefix) + topic);
}

void PartitionHost::Create(std::shared_ptr<const TopicImage> image, Reply<Unit> reply) {
  const auto hosted = MakeHandles(std::move(image));
  background_.Post([this, hosted, reply = std::move(reply)]() mutable {
    std::vector<std::optional<Result<std::unique_ptr<Log>>>> logs(hosted->partitions.size());
    InParallel(logs.size(), [&](std::size_t i) {
      const Status made = MakeLog(*hosted->partitions[i]);
      logs[i].emplace(made.ok() ? OpenLog(*hosted->partitions[i], true)
                                : Result<std::unique_ptr<Log>>(made.error()));
    });
    std::optional<Error> failed;
    Latch latch(logs.size());
    for (std::size_t i = 0; i < logs.size(); ++i) {
      const auto& handle = hosted->partitions[i];
      if (!logs[i]->ok()) {
        failed = logs[i]->error();
        SetOffline(*handle, logs[i]->error());
        latch.Arrive();
        continue;
      }
      handle->writer.Post([&latch, handle, log = std::move(*logs[i]).value()]() mutable {
        handle->writer.Adopt(handle, std::move(log));
        latch.Arrive();
      });
    }
    latch.Wait();
    {
      MutexLock lock(mutex_);
      topics_[hosted->image->name] = hosted;
    }
    if (failed) {
      reply(std::move(*failed));
    } else {
      reply(Unit{});
    }
  });
}

void PartitionHost::Alter(std::shared_ptr<const TopicImage> image) {
  auto altered = std::make_shared<HostedTopic>();
  {
    MutexLock lock(mutex_);
    const auto found = topics_.find(image->name);
    if (found == topics_.end()) return;
    altered->partitions = found->second->partitions;
    altered->image = image;
    found->second = altered;
  }
  for (const auto& handle : altered->partitions) {
    handle->settings.Store(
        std::make_shared<const PartitionSettings>(SettingsOf(*image, handle->name.partition)));
    handle->writer.Post([handle] {
      if (handle->owned != nullptr) handle->owned->ApplySettings();
    });
  }
}

void PartitionHost::Delete(const std::string& name, Reply<Unit> reply) {
  std::shared_ptr<const HostedTopic> topic;
  {
    MutexLock lock(mutex_);
    const auto found = topics_.find(name);
    if (found == topics_.end()) {
      topic = nullptr;
    } else {
      topic = found->second;
      topics_.erase(found);
    }
  }
  if (!topic) {
    reply(Unit{});
    return;
  }
  const Error gone(ErrorCode::kUnknownTopic, "topic \"" + name + "\" was deleted");
  auto left = std::make_shared<std::atomic<std::size_t>>(topic->partitions.size());
  auto shared_reply = std::make_shared<Reply<Unit>>(std::move(reply));
  const std::chrono::milliseconds delay(topic->image->config.file_delete_delay_ms);
  const auto finish = [this, left, shared_reply, delay](const PartitionHandle& handle) {
    const std::string directory = DirectoryOf(handle.name);
    std::string shortened = handle.name.ToString();
    shortened.resize(std::min<std::size_t>(shortened.size(), 200));
    const std::string aside =
        JoinPath(options_.log_directory,
                 shortened + "." + Uuid::Random().ToString() + std::string(kDeleteSuffix));
    const Status moved = fs_.Rename(directory, aside);
    if (moved.ok()) {
      RemoveLater(aside, delay);
    } else if (moved.error().code() != ErrorCode::kNotFound) {
      Logger("api").warn("directory not moved aside dir={} error={}", directory,
                         moved.error().ToString());
    }
    if (left->fetch_sub(1) == 1) {
      (void)fs_.SyncDirectory(options_.log_directory);
      (*shared_reply)(Unit{});
    }
  };
  for (const auto& handle : topic->partitions) {
    handle->writer.Post([this, handle, gone, finish] {
      handle->state.store(PartitionHandle::State::kGone);
      handle->problem.Store(std::make_shared<const Error>(gone));
      auto wakes = handle->high_watermark.Close();
      reader_pool_.Post([wakes = std::move(wakes)]() mutable {
        for (auto& wake : wakes) wake();
      });
      if (handle->owned == nullptr) {
        finish(*handle);
        return;
      }
      handle->owned->RefuseQueued(gone);
      handle->owned->WhenIdle([handle, finish] {
        // Not from inside the partition: the writer lets go of it in its next turn.
        handle->writer.Post([handle, finish] {
          handle->writer.Release(*handle);
          finish(*handle);
        });
      });
    });
  }
}

void PartitionHost::OpenHere(const std::shared_ptr<PartitionHandle>& handle) {
  if (handle->state.load() != PartitionHandle::State::kClosed) return;
  auto log = OpenLog(*handle, true);
  if (!log.ok()) {
    SetOffline(*handle, log.error());
    return;
  }
  handle->writer.Adopt(handle, std::move(log).value());
}

void PartitionHost::WithOpen(std::shared_ptr<PartitionHandle> handle, Reply<Unit> reply) {
  const auto answer = [](PartitionHandle& of, Reply<Unit>& to) {
    if (of.state.load() == PartitionHandle::State::kOpen) {
      to(Unit{});
    } else if (const auto problem = of.problem.Load()) {
      to(*problem);
    } else {
      to(Error(ErrorCode::kShuttingDown, "the broker is stopping"));
    }
  };
  if (handle->state.load() != PartitionHandle::State::kClosed) {
    answer(*handle, reply);
    return;
  }
  WriterThread& writer = handle->writer;
  writer.Post([this, answer, handle = std::move(handle), reply = std::move(reply)]() mutable {
    OpenHere(handle);
    answer(*handle, reply);
  });
}

void PartitionHost::WhenIdle(std::shared_ptr<PartitionHandle> handle,
                             UniqueFunction<void(Result<Partition*>)> task) {
  WriterThread& writer = handle->writer;
  writer.Post([this, handle = std::move(handle), task = std::move(task)]() mutable {
    OpenHere(handle);
    if (handle->state.load() != PartitionHandle::State::kOpen || handle->owned == nullptr) {
      const auto problem = handle->problem.Load();
      task(problem ? *problem : Error(ErrorCode::kShuttingDown, "the broker is stopping"));
      return;
    }
    handle->owned->WhenIdle(
        [partition = handle->owned, task = std::move(task)]() mutable { task(partition); });
  });
}

void PartitionHost::RemoveLater(std::string path, std::chrono::milliseconds delay) {
  timers_.At(clock_.Now() + delay, [this, path = std::move(path)]() mutable {
    background_.Post([this, path = std::move(path)] { RemoveTree(path); });
  });
}

void PartitionHost::RemoveTree(const std::string& path) {
  const auto entries = fs_.List(path);
  if (!entries.ok()) return;
  for (const DirectoryEntry& entry : *entries) (void)fs_.Remove(JoinPath(path, entry.name));
  if (const Status removed = fs_.Remove(path); !removed.ok()) {
    Logger("api").warn("directory not removed dir={} error={}", path, removed.error().ToString());
  }
}

bool PartitionHost::Stop(std::chrono::milliseconds patience) {
  if (!started_) return true;
  const MonotonicTime deadline = clock_.Now() + patience;
  const Error stopping(ErrorCode::kShuttingDown, "the broker is stopping; nothing was written");
  for (auto& writer : writers_) writer->RefuseAppends();
  bool idle = false;
  while (!idle && clock_.Now() < deadline) {
    std::atomic<bool> busy{false};
    Latch latch(writers_.size());
    for (auto& writer : writers_) {
      writer->Post([&, raw = writer.get()] {
        for (Partition* const partition : raw->partitions()) {
          partition->RefuseQueued(stopping);
          if (!partition->idle()) busy = true;
        }
        latch.Arrive();
      });
    }
    latch.Wait();
    idle = !busy;
    if (!idle) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // Parked readers are answered.
  for (const auto& topic : All()) {
    for (const auto& handle : topic->partitions) {
      auto wakes = handle->high_watermark.Close();
      for (auto& wake : wakes) wake();
    }
  }
  std::set<std::string, std::less<>> left_dirty;
  if (idle) CloseAll(&left_dirty);
  for (auto& writer : writers_) writer->Stop();
  timers_.Stop();
  sync_pool_.Stop();
  reader_pool_.Stop();
  background_.Stop();
  started_ = false;
  writers_.clear();
  if (!idle) return false;
  if (dirty_->empty()) return true;
  return dirty_->Reset(std::move(left_dirty)).ok();
}

void PartitionHost::CloseAll(std::set<std::string, std::less<>>* left_dirty) {
  std::vector<std::unique_ptr<Partition>> released;
  std::mutex mutex;
  Latch latch(writers_.size());
  for (auto& writer : writers_) {
    writer->Post([&, raw = writer.get()] {
      for (Partition* const partition : raw->partitions()) {
        auto owned = raw->Release(partition->handle());
        owned->log().ReleaseOwner();
        std::lock_guard lock(mutex);
        released.push_back(std::move(owned));
      }
      latch.Arrive();
    });
  }
  latch.Wait();
  InParallel(released.size(), [&](std::size_t i) {
    const Status closed = released[i]->log().Close();
    if (closed.ok()) return;
    Logger("api").warn("log not closed cleanly tp={} error={}",
                       released[i]->handle().name.ToString(), closed.error().ToString());
    std::lock_guard lock(mutex);
    left_dirty->insert(released[i]->handle().name.ToString());
  });
  // Offline ones stay in doubt.
  for (const auto& topic : All()) {
    for (const auto& handle : topic->partitions) {
      if (handle->state.load() == PartitionHandle::State::kOffline)
        left_dirty->insert(handle->name.ToString());
    }
  }
}

}  // namespace qalam
