#include <algorithm>
#include <charconv>

#include "broker/api/describe.h"
#include "broker/api/local_broker_impl.h"
#include "broker/api/resident_bytes.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::int32_t kPageSize = 1000;
constexpr std::int32_t kPageSizeMax = 10'000;

std::size_t PageSize(const PageRequest& page) {
  return static_cast<std::size_t>(page.size <= 0 ? kPageSize : std::min(page.size, kPageSizeMax));
}

// The first partition of a page: NAME:NUMBER. Anything else is the very first.
TopicPartition ParseToken(const std::string& token) {
  TopicPartition from;
  const std::size_t colon = token.rfind(':');
  if (colon == std::string::npos) return from;
  from.topic = token.substr(0, colon);
  std::from_chars(token.data() + colon + 1, token.data() + token.size(), from.partition);
  return from;
}

}  // namespace

// Checked first, so that only what will most likely be made is announced.
void LocalBrokerImpl::CreateTopic(CreateTopicRequest request, Reply<TopicInfo> reply) {
  if (Stopping(reply)) return;
  Controller::NewTopic topic{std::move(request.name), request.partitions_count,
                             request.replication_factor, std::move(request.config), true};
  const bool only_checked = request.validate_only;
  Controller::NewTopic asked = topic;
  auto checked = [this, topic = std::move(topic), only_checked, reply = std::move(reply)](
                     Result<std::shared_ptr<const TopicImage>> image) mutable {
    if (!image.ok()) {
      RefuseCreation(std::move(image).error(), std::move(reply));
      return;
    }
    if (only_checked) {
      reply(DescribeTopicImage(**image));
      return;
    }
    topic.validate_only = false;
    // Waits for a sync, so not here.
    host_.reader_pool().Post([this, topic = std::move(topic), reply = std::move(reply)]() mutable {
      if (const Status announced = host_.root().AnnounceCreation(topic.name); !announced.ok()) {
        reply(announced.error());
        return;
      }
      MakeTopic(std::move(topic), std::move(reply));
    });
  };
  controller_.CreateTopic(std::move(asked), Controller::TopicReply(std::move(checked)));
}

void LocalBrokerImpl::MakeTopic(Controller::NewTopic topic, Reply<TopicInfo> reply) {
  auto recorded =
      [this, reply = std::move(reply)](Result<std::shared_ptr<const TopicImage>> image) mutable {
        if (!image.ok()) {
          RefuseCreation(std::move(image).error(), std::move(reply));
          return;
        }
        const TopicInfo info = DescribeTopicImage(**image);
        auto done = [this, info, reply = std::move(reply)](Result<Unit> made) mutable {
          if (made.ok()) {
            reply(info);
          } else {
            UndoCreation(info.name, std::move(made).error(), std::move(reply));
          }
        };
        host_.Create(*image, Reply<Unit>(std::move(done)));
      };
  controller_.CreateTopic(std::move(topic), Controller::TopicReply(std::move(recorded)));
}

// Not all of a new topic's partitions could be made: then it is not to be there at all.
void LocalBrokerImpl::UndoCreation(std::string name, Error error, Reply<TopicInfo> reply) {
  auto undone = [name, error = std::move(error),
                 reply = std::move(reply)](Result<Unit> deleted) mutable {
    const std::string what = deleted.ok()
                                 ? "\" was not created: "
                                 : "\" exists now, but not all of its partitions could be made: ";
    reply(Error(error.code(), "topic \"" + name + what + error.message()));
  };
  DeleteTopic(std::move(name), false, Reply<Unit>(std::move(undone)));
}

// A topic that exists may still be being made: whoever hears that it exists may use it at once.
void LocalBrokerImpl::RefuseCreation(Error error, Reply<TopicInfo> reply) {
  host_.AfterTopicChanges(
      [error = std::move(error), reply = std::move(reply)]() mutable { reply(std::move(error)); });
}

void LocalBrokerImpl::DeleteTopic(std::string name, bool validate_only, Reply<Unit> reply) {
  if (Stopping(reply)) return;
  controller_.DeleteTopic(
      std::move(name), validate_only,
      Controller::TopicReply([this, validate_only, reply = std::move(reply)](
                                 Result<std::shared_ptr<const TopicImage>> image) mutable {
        if (!image.ok()) {
          reply(std::move(image).error());
        } else if (validate_only) {
          reply(Unit{});
        } else {
          host_.Delete(std::move(image).value(), std::move(reply));
        }
      }));
}

void LocalBrokerImpl::DescribeTopic(std::string name, Reply<TopicDescription> reply) {
  if (Stopping(reply)) return;
  const auto topic = host_.Find(name);
  if (!topic) {
    reply(UnknownTopic(name, host_.All()));
    return;
  }
  OpenAll(topic->partitions, [this, topic, reply = std::move(reply)]() mutable {
    TopicDescription description;
    description.topic = DescribeTopicImage(*topic->image);
    for (std::size_t p = 0; p < topic->partitions.size(); ++p) {
      description.partitions.push_back(
          DescribePartition(*topic->partitions[p], topic->image->partitions[p], clock_.Now()));
    }
    description.config = DescribeTopicConfig(*topic->image);
    reply(std::move(description));
  });
}

void LocalBrokerImpl::ListTopics(PageRequest page, Reply<Page<TopicInfo>> reply) {
  if (Stopping(reply)) return;
  Page<TopicInfo> answer;
  for (const auto& topic : host_.All()) {
    if (!page.token.empty() && topic->image->name < page.token) continue;
    if (answer.items.size() == PageSize(page)) {
      answer.next_token = topic->image->name;
      break;
    }
    answer.items.push_back(DescribeTopicImage(*topic->image));
  }
  reply(std::move(answer));
}

void LocalBrokerImpl::ListPartitions(PageRequest page, Reply<Page<PartitionInfo>> reply) {
  if (Stopping(reply)) return;
  if (!page.topic.empty() && !host_.Find(page.topic)) {
    reply(UnknownTopic(page.topic, host_.All()));
    return;
  }
  struct Listed {
    std::shared_ptr<const HostedTopic> topic;
    std::size_t partition;
  };
  const TopicPartition from = ParseToken(page.token);
  std::vector<Listed> listed;
  std::string next;
  for (const auto& topic : host_.All()) {
    if (!next.empty()) break;
    if (!page.topic.empty() && topic->image->name != page.topic) continue;
    for (std::size_t p = 0; p < topic->partitions.size() && next.empty(); ++p) {
      if (topic->partitions[p]->name < from) continue;
      if (listed.size() == PageSize(page)) {
        next = topic->image->name + ":" + std::to_string(p);
      } else {
        listed.push_back({topic, p});
      }
    }
  }
  std::vector<std::shared_ptr<PartitionHandle>> handles;
  for (const Listed& one : listed) handles.push_back(one.topic->partitions[one.partition]);
  OpenAll(std::move(handles),
          [this, listed = std::move(listed), next, reply = std::move(reply)]() mutable {
            Page<PartitionInfo> answer;
            answer.next_token = next;
            for (const Listed& one : listed) {
              answer.items.push_back(DescribePartition(*one.topic->partitions[one.partition],
                                                       one.topic->image->partitions[one.partition],
                                                       clock_.Now()));
            }
            reply(std::move(answer));
          });
}

// --- settings ---

void LocalBrokerImpl::AlterTopicConfig(std::string name, ConfigChange change,
                                       Reply<std::vector<ConfigEntry>> reply) {
  if (Stopping(reply)) return;
  const bool validate_only = change.validate_only;
  const std::string topic = name;
  controller_.AlterTopic(
      std::move(name), {std::move(change.set), std::move(change.unset), change.validate_only},
      Controller::TopicReply([this, topic, validate_only, reply = std::move(reply)](
                                 Result<std::shared_ptr<const TopicImage>> image) mutable {
        if (!image.ok()) {
          reply(std::move(image).error());
          return;
        }
        if (!validate_only) TakeSettings(topic);
        reply(DescribeTopicConfig(**image));
      }));
}

void LocalBrokerImpl::TakeSettings(const std::string& topic) {
  MutexLock lock(settings_mutex_);
  const auto image = controller_.image();
  const auto found = image->topics.find(topic);
  if (found != image->topics.end()) host_.Alter(found->second);
}

void LocalBrokerImpl::RefreshTopics() {
  MutexLock lock(settings_mutex_);
  const auto image = controller_.image();
  for (const auto& topic : host_.All()) {
    const auto found = image->topics.find(topic->image->name);
    if (found != image->topics.end() && found->second != topic->image) host_.Alter(found->second);
  }
}

void LocalBrokerImpl::GetConfig(std::vector<std::string> keys,
                                Reply<std::vector<ConfigEntry>> reply) {
  if (Stopping(reply)) return;
  reply(config_.Get(keys));
}

void LocalBrokerImpl::SetConfig(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) {
  if (Stopping(reply)) return;
  config_.Set(std::move(change), std::move(reply));
}

// --- trimming and retention ---

void LocalBrokerImpl::TrimPartition(TopicPartition partition, Offset before, bool validate_only,
                                    Reply<Offset> reply) {
  if (Stopping(reply)) return;
  auto found = Find(partition);
  if (!found.ok()) {
    reply(std::move(found).error());
    return;
  }
  auto handle = std::move(found).value();
  host_.WhenIdle(handle, [this, handle, before, validate_only,
                          reply = std::move(reply)](Result<Partition*> idle) mutable {
    if (!idle.ok()) {
      reply(std::move(idle).error());
      return;
    }
    Log& log = (*idle)->log();
    const Offset high_watermark = handle->high_watermark.Load();
    const Offset wanted = before == -1 ? high_watermark : before;
    if (validate_only && wanted >= 0 && wanted <= high_watermark) {
      reply(std::max(wanted, log.log_start_offset()));
      return;
    }
    auto trimmed = log.Trim(wanted, high_watermark);
    (*idle)->PublishView();
    RemoveDeletable(handle, log);
    reply(std::move(trimmed));
  });
}

void LocalBrokerImpl::ScheduleRetention(std::chrono::nanoseconds after) {
  host_.timers().At(clock_.Now() + after, [this] {
    host_.background().Post([this] {
      RetentionPass();
      ScheduleRetention(options_.retention_check_interval);
    });
  });
}

void LocalBrokerImpl::RetentionPass() {
  RetentionClock& retention_clock = host_.root().retention_clock();
  if (accept_clock_.exchange(false)) retention_clock.Accept();
  auto now = retention_clock.Pass(clock_);
  if (!now.ok()) {
    Logger("api").warn("retention clock not saved, deletion by time waits error={}",
                       now.error().ToString());
  }
  retention_paused_.store(retention_clock.paused());
  const std::optional<TimestampMs> retention_now = now.ok() ? *now : std::nullopt;
  for (const auto& topic : host_.All()) {
    for (const auto& handle : topic->partitions) {
      // One that nobody has used, and that is empty, stays closed.
      const bool closed = handle->state.load() == PartitionHandle::State::kClosed;
      if (closed && !host_.root().HasWorkForRetention(handle->name)) continue;
      ApplyRetention(handle, retention_now);
    }
  }
}

void LocalBrokerImpl::ApplyRetention(std::shared_ptr<PartitionHandle> handle,
                                     std::optional<TimestampMs> retention_now) {
  host_.WhenIdle(handle, [this, handle, retention_now](Result<Partition*> idle) {
    if (!idle.ok()) return;
    Log& log = (*idle)->log();
    const auto start = log.ApplyRetention(retention_now, handle->high_watermark.Load());
    (*idle)->PublishView();
    if (!start.ok()) {
      Logger("api").warn("retention tp={} error={}", handle->name.ToString(),
                         start.error().ToString());
      return;
    }
    RemoveDeletable(handle, log);
  });
}

// Unlinks what may be, and comes again when the next may be. On the writer's thread.
void LocalBrokerImpl::RemoveDeletable(const std::shared_ptr<PartitionHandle>& handle, Log& log) {
  if (auto deletable = log.TakeDeletable(clock_.Now()); !deletable.empty()) {
    host_.background().Post([this, deletable = std::move(deletable)] {
      for (const std::string& path : deletable) (void)host_.root().RemoveFile(path);
    });
  }
  const auto next = log.next_deletable();
  if (!next || handle->removal_scheduled) return;
  handle->removal_scheduled = true;
  host_.timers().At(*next, [this, handle] {
    host_.WhenIdle(handle, [this, handle](Result<Partition*> idle) {
      if (!idle.ok()) return;
      handle->removal_scheduled = false;
      RemoveDeletable(handle, (*idle)->log());
    });
  });
}

// --- the cluster ---

void LocalBrokerImpl::DescribeCluster(Reply<ClusterInfo> reply) {
  if (Stopping(reply)) return;
  host_.reader_pool().Post(
      [this, reply = std::move(reply)]() mutable { reply(MakeClusterInfo()); });
}

ClusterInfo LocalBrokerImpl::MakeClusterInfo() {
  ClusterInfo info;
  info.cluster_id = controller_.image()->cluster_id;
  BrokerInfo broker;
  broker.id = options_.node_id;
  {
    MutexLock lock(mutex_);
    broker.address = address_;
  }
  broker.version = options_.version;
  broker.started_ms = started_ms_;
  broker.writer_threads = static_cast<std::int32_t>(host_.writers().size());
  broker.data_directory_id = options_.data_directory_id;
  broker.resident_bytes = ResidentBytes();
  broker.disk_free_bytes = host_.root().free_bytes();
  for (const auto& topic : host_.All()) {
    ++info.topics_count;
    for (const auto& handle : topic->partitions) {
      ++info.partitions_count;
      if (const auto view = handle->view.Load()) {
        broker.log_bytes += static_cast<std::int64_t>(view->size_bytes());
      }
      if (const auto problem = handle->problem.Load()) {
        ++info.offline_partitions_count;
        info.problems.push_back(handle->name.ToString() + ": " + problem->ToString());
      } else if (const auto refusal = RecentRefusal(*handle, clock_.Now())) {
        info.problems.push_back(handle->name.ToString() + ": " + *refusal);
      }
    }
  }
  if (host_.strays() > 0) {
    info.problems.push_back(std::to_string(host_.strays()) + " directories in " +
                            options_.log_directory +
                            " are of no topic and were moved aside (-stray); remove them if "
                            "nothing in them is wanted");
  }
  if (retention_paused_.load()) {
    info.problems.push_back(
        "retention by time is paused: the clock jumped (qalam config set "
        "qalam.retention.clock=accept)");
  }
  info.brokers.push_back(std::move(broker));
  return info;
}

std::vector<std::string> LocalBrokerImpl::DescribeQueues() {
  std::vector<std::string> lines;
  for (const auto& writer : host_.writers()) {
    lines.push_back("writer=" + std::to_string(writer->number()) +
                    " queued=" + std::to_string(writer->queue_depth()));
  }
  lines.push_back("append_bytes_in_flight=" + std::to_string(host_.budget()->used()) +
                  " max=" + std::to_string(options_.append_bytes_in_flight_max));
  lines.push_back("parked_readers=" + std::to_string(reads_.parked.count()) +
                  " max=" + std::to_string(options_.parked_fetches_max));
  return lines;
}

}  // namespace qalam
