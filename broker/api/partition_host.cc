#include "broker/api/partition_host.h"

#include <algorithm>

#include "broker/api/latch.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::size_t kRecentBytesMin = std::size_t{128} << 10;

Error WhyNotOpen(const PartitionHandle& handle) {
  if (const auto problem = handle.problem.Load()) return *problem;
  return Error(ErrorCode::kShuttingDown, "the broker is stopping; nothing was done");
}

// Passes by itself: the partition is not offline for that.
bool PassesAgain(const Error& error) {
  return error.code() == ErrorCode::kTooManyRequests || error.code() == ErrorCode::kNoSpace;
}

}  // namespace

PartitionHost::PartitionHost(FileSystem& fs, const Clock& clock, const LocalBrokerOptions& options)
    : fs_(fs),
      clock_(clock),
      options_(options),
      budget_(std::make_shared<ByteBudget>(options.append_bytes_in_flight_max)),
      sync_pool_("sync", static_cast<std::size_t>(std::max(1, options.sync_threads))),
      wake_pool_("wake", static_cast<std::size_t>(std::max(1, options.reader_threads))),
      reader_pool_("reader", static_cast<std::size_t>(std::max(1, options.reader_threads))),
      checks_pool_("check", static_cast<std::size_t>(std::max(1, options.check_threads))),
      topics_pool_("topics", 1),
      background_("background", 1),
      timers_(clock),
      decisions_(fs, clock,
                 {options.explain_ring_bytes, std::max(1, options.writer_threads),
                  options.rings_directory}) {}

PartitionHost::~PartitionHost() { QALAM_CHECK(!started_); }

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
  log.segment_bytes_max = config.segment_bytes;
  log.segment_age_max = std::chrono::milliseconds(config.segment_ms);
  log.index_interval_bytes = config.index_interval_bytes;
  log.index_bytes_max = config.segment_index_bytes;
  log.retention_bytes = config.retention_bytes;
  log.retention_ms = config.retention_ms;
  log.file_delete_delay = AtMostForever(config.file_delete_delay_ms);
  log.flush_mode = config.flush;
  log.flush_interval = AtMostForever(config.flush_ms);
  log.group_bytes_max = options_.group_bytes_max;
  // The node's share of memory for readers at the tail, evenly; little is too little to be of use.
  const std::size_t share =
      options_.recent_bytes_max / std::max<std::size_t>(1, partitions_count_.load());
  log.recent_bytes_max = std::min(log.recent_bytes_max, std::max(share, kRecentBytesMin));
  root_->Complete(log, {image.name, partition});
  return settings;
}

// Spread evenly over the writer threads; where a topic begins depends on its name, so that topics
// of one partition don't all meet on the first thread.
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

std::shared_ptr<const HostedTopic> PartitionHost::Find(std::string_view topic) const {
  MutexLock lock(mutex_);
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const HostedTopic>> PartitionHost::All() const {
  std::vector<std::shared_ptr<const HostedTopic>> all;
  MutexLock lock(mutex_);
  all.reserve(topics_.size());
  for (const auto& [name, topic] : topics_) all.push_back(topic);
  return all;
}

// --- making and opening ---

void PartitionHost::Adopt(const std::shared_ptr<PartitionHandle>& handle,
                          Result<std::unique_ptr<Log>> log) {
  std::optional<Error> error;
  if (handle->state.load() != PartitionHandle::State::kClosed) {
    error = WhyNotOpen(*handle);  // Deleted meanwhile.
  } else if (log.ok()) {
    handle->writer.Adopt(handle, std::move(log).value());
  } else {
    error = log.error();
    if (PassesAgain(*error)) {
      Logger("api").warn("partition not opened, tried again at its next use tp={} error={}",
                         handle->name.ToString(), error->ToString());
    } else {
      Logger("api").error("partition offline tp={} error={}", handle->name.ToString(),
                          error->ToString());
      handle->problem.Store(std::make_shared<const Error>(*error));
      handle->state.store(PartitionHandle::State::kOffline);
      if (error->code() == ErrorCode::kLogFailed) directory_state_.Fail(*error);
    }
  }
  AnswerOpening(handle, error);
}

void PartitionHost::AnswerOpening(const std::shared_ptr<PartitionHandle>& handle,
                                  const std::optional<Error>& error) {
  std::vector<Reply<Unit>> waiting;
  {
    MutexLock lock(mutex_);
    const auto found = opening_.find(handle.get());
    if (found == opening_.end()) return;
    waiting = std::move(found->second);
    opening_.erase(found);
  }
  for (Reply<Unit>& reply : waiting) {
    if (error) {
      reply(*error);
    } else {
      reply(Unit{});
    }
  }
}

void PartitionHost::WithOpen(std::shared_ptr<PartitionHandle> handle, Reply<Unit> reply) {
  using State = PartitionHandle::State;
  State state = handle->state.load();
  if (state == State::kClosed) {
    MutexLock lock(mutex_);
    state = handle->state.load();  // Leaves kClosed before `opening_` lets go of it.
    if (state == State::kClosed) {
      auto& waiting = opening_[handle.get()];
      waiting.push_back(std::move(reply));
      if (waiting.size() > 1) return;
    }
  }
  if (state == State::kOpen) {
    reply(Unit{});
  } else if (state != State::kClosed) {
    reply(WhyNotOpen(*handle));
  } else {
    reader_pool_.Post([this, handle = std::move(handle)] {
      auto log = root_->OpenLog(*handle, true);
      WriterThread& writer = handle->writer;
      writer.Post(
          [this, handle, log = std::move(log)]() mutable { Adopt(handle, std::move(log)); });
    });
  }
}

void PartitionHost::WhenIdle(std::shared_ptr<PartitionHandle> handle,
                             UniqueFunction<void(Result<Partition*>)> task) {
  Reply<Unit> opened([handle, task = std::move(task)](Result<Unit> result) mutable {
    if (!result.ok()) {
      task(std::move(result).error());
      return;
    }
    WriterThread& writer = handle->writer;
    writer.Post([handle = std::move(handle), task = std::move(task)]() mutable {
      Partition* const partition = handle->owned;
      if (partition == nullptr) {
        task(WhyNotOpen(*handle));
        return;
      }
      partition->WhenIdle([partition, task = std::move(task)]() mutable { task(partition); });
    });
  });
  WithOpen(handle, std::move(opened));
}

// --- topics ---

void PartitionHost::Create(std::shared_ptr<const TopicImage> image, Reply<Unit> reply) {
  topics_pool_.Post([this, image = std::move(image), reply = std::move(reply)]() mutable {
    partitions_count_ += image->partitions.size();
    const auto hosted = MakeHandles(std::move(image));
    std::vector<Status> made(hosted->partitions.size());
    const auto latch = std::make_shared<Latch>(made.size());
    InParallel(made.size(), kOpenThreads, [&](std::size_t i) {
      const auto& handle = hosted->partitions[i];
      made[i] = root_->Make(*handle);
      auto log = made[i].ok() ? root_->OpenLog(*handle, true)
                              : Result<std::unique_ptr<Log>>(made[i].error());
      if (!log.ok()) made[i] = log.error();
      handle->writer.Post([this, handle, log = std::move(log), arrival = Arrival(latch)]() mutable {
        Adopt(handle, std::move(log));
      });
    });
    latch->Wait();
    {
      MutexLock lock(mutex_);
      topics_[hosted->image->name] = hosted;
    }
    for (const Status& status : made) {
      if (status.ok()) continue;
      reply(status.error());
      return;
    }
    reply(Unit{});
  });
}

void PartitionHost::Alter(std::shared_ptr<const TopicImage> image) {
  auto altered = std::make_shared<HostedTopic>();
  {
    MutexLock lock(mutex_);
    const auto found = topics_.find(image->name);
    if (found == topics_.end() || found->second->image->id != image->id) return;
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

void PartitionHost::Delete(std::shared_ptr<const TopicImage> image, Reply<Unit> reply) {
  topics_pool_.Post([this, image = std::move(image), reply = std::move(reply)]() mutable {
    DeleteNow(*image);
    reply(Unit{});
  });
}

void PartitionHost::DeleteNow(const TopicImage& image) {
  std::shared_ptr<const HostedTopic> topic;
  {
    MutexLock lock(mutex_);
    const auto found = topics_.find(image.name);
    if (found == topics_.end()) return;
    topic = found->second;
    topics_.erase(found);
  }
  partitions_count_ -= topic->partitions.size();
  const auto gone = std::make_shared<const Error>(
      Error(ErrorCode::kUnknownTopic, "topic \"" + image.name + "\" was deleted")
          .With("topic", image.name));
  const auto latch = std::make_shared<Latch>(topic->partitions.size());
  for (const auto& handle : topic->partitions) {
    handle->writer.Post([this, handle, gone, arrival = Arrival(latch)]() mutable {
      handle->problem.Store(gone);
      handle->state.store(PartitionHandle::State::kGone);
      wake_pool_.Post([wakes = handle->high_watermark.Close()]() mutable {
        for (auto& wake : wakes) wake();
      });
      if (handle->owned == nullptr) return;
      handle->owned->WindDown(*gone);
      handle->owned->WhenIdle([handle, arrival = std::move(arrival)]() mutable {
        // Not from inside the partition: the writer lets go of it in its next turn.
        handle->writer.Post(
            [handle, arrival = std::move(arrival)] { (void)handle->writer.Release(*handle); });
      });
    });
  }
  latch->Wait();
  std::vector<std::string> aside;
  for (const auto& handle : topic->partitions) {
    // Still owned: the broker stopped meanwhile. The next start finds the directory astray.
    if (handle->owned != nullptr) continue;
    auto moved = root_->MoveAsideToDelete(handle->name);
    if (moved.ok()) {
      aside.push_back(std::move(moved).value());
    } else if (moved.error().code() != ErrorCode::kNotFound) {
      Logger("api").warn("directory of a deleted topic not moved aside tp={} error={}",
                         handle->name.ToString(), moved.error().ToString());
    }
  }
  if (const Status synced = root_->Sync(); !synced.ok()) {
    Logger("api").warn("log directory not synced error={}", synced.error().ToString());
  }
  // A topic of that name that comes next begins anew.
  std::vector<std::string> names = {LogRoot::CreatingName(image.name)};
  for (const auto& handle : topic->partitions) names.push_back(handle->name.ToString());
  if (const Status removed = root_->dirty().Remove(names); !removed.ok()) {
    Logger("api").warn("dirty set not cleared of a deleted topic topic={} error={}", image.name,
                       removed.error().ToString());
  }
  for (const std::string& name : aside) {
    RemoveLater(name, AtMostForever(image.config.file_delete_delay_ms));
  }
}

void PartitionHost::RemoveLater(const std::string& name, std::chrono::milliseconds delay) {
  timers_.At(clock_.Now() + delay, [this, name] {
    background_.Post([this, name] {
      const Status removed = root_->Remove(name);
      if (removed.ok() || removed.error().code() == ErrorCode::kNotFound) return;
      Logger("api").warn("directory not removed name={} error={}", name,
                         removed.error().ToString());
    });
  });
}

}  // namespace qalam
