#include "broker/api/local_broker_impl.h"

#include <algorithm>

#include "broker/api/describe.h"
#include "broker/api/resident_bytes.h"
#include "common/logging.h"
#include "common/record/batch_builder.h"

namespace qalam {
namespace {

constexpr std::chrono::seconds kFirstRetentionPass{30};

Error Stopping() {
  return Error(ErrorCode::kShuttingDown, "the broker is stopping; nothing was done");
}

}  // namespace

std::unique_ptr<LocalBroker> LocalBroker::Create(FileSystem& fs, const Clock& clock,
                                                 Controller& controller, ConfigService& config,
                                                 LocalBrokerOptions options) {
  return std::make_unique<LocalBrokerImpl>(fs, clock, controller, config, std::move(options));
}

LocalBrokerImpl::LocalBrokerImpl(FileSystem& fs, const Clock& clock, Controller& controller,
                                 ConfigService& config, LocalBrokerOptions options)
    : fs_(fs),
      clock_(clock),
      controller_(controller),
      config_(config),
      options_(std::move(options)),
      host_(fs, clock, options_),
      reads_{host_.reader_pool(), host_.timers(), clock, ParkedLimit(options_.parked_fetches_max)},
      started_ms_(clock.NowMs()) {
  host_.OnLogFailure([](const Error&) {});
}

Status LocalBrokerImpl::Start() {
  QALAM_RETURN_IF_ERROR(host_.Start(*controller_.image()));
  auto clock = RetentionClock::Open(fs_, options_.log_directory, clock_);
  if (!clock.ok()) {
    host_.Stop(std::chrono::milliseconds(0));
    return std::move(clock).error();
  }
  retention_clock_.emplace(std::move(clock).value());
  ScheduleRetention();
  return OkStatus();
}

bool LocalBrokerImpl::Stop(std::chrono::milliseconds patience) {
  stopping_.store(true);
  return host_.Stop(patience);
}

void LocalBrokerImpl::OnLogFailure(UniqueFunction<void(const Error&)> callback) {
  host_.OnLogFailure(std::move(callback));
}

void LocalBrokerImpl::SetAddress(std::string address) {
  MutexLock lock(mutex_);
  address_ = std::move(address);
}

Result<std::shared_ptr<PartitionHandle>> LocalBrokerImpl::Find(
    const TopicPartition& partition) const {
  const auto topic = host_.Find(partition.topic);
  if (!topic) return UnknownTopic(partition.topic, host_.All());
  const auto count = static_cast<PartitionId>(topic->partitions.size());
  if (partition.partition < 0 || partition.partition >= count) {
    return Error(ErrorCode::kUnknownPartition,
                 "topic \"" + partition.topic + "\" has partitions 0 to " +
                     std::to_string(count - 1) + ", not " + std::to_string(partition.partition))
        .With("topic", partition.topic)
        .With("partitions", std::int64_t{count});
  }
  return topic->partitions[static_cast<std::size_t>(partition.partition)];
}

void LocalBrokerImpl::Resolve(TopicPartition partition, bool may_create, HandleReply reply) {
  if (stopping_.load()) {
    reply(Stopping());
    return;
  }
  auto found = Find(partition);
  if (!found.ok()) {
    if (may_create && options_.auto_create_topics &&
        found.error().code() == ErrorCode::kUnknownTopic) {
      CreateTopicRequest request;
      request.name = partition.topic;
      CreateTopic(std::move(request), Reply<TopicInfo>([this, partition, reply = std::move(reply)](
                                                           Result<TopicInfo> created) mutable {
                    if (!created.ok() && created.error().code() != ErrorCode::kTopicExists) {
                      reply(std::move(created).error());
                      return;
                    }
                    Resolve(std::move(partition), false, std::move(reply));
                  }));
      return;
    }
    reply(std::move(found).error());
    return;
  }
  auto handle = std::move(found).value();
  host_.WithOpen(handle,
                 Reply<Unit>([handle, reply = std::move(reply)](Result<Unit> opened) mutable {
                   if (opened.ok()) {
                     reply(std::move(handle));
                   } else {
                     reply(std::move(opened).error());
                   }
                 }));
}

void LocalBrokerImpl::OpenProduce(TopicPartition partition, Acks acks,
                                  std::shared_ptr<const Origin> origin,
                                  Reply<std::unique_ptr<ProduceSession>> reply) {
  Resolve(std::move(partition), true,
          HandleReply([this, acks, origin = std::move(origin), reply = std::move(reply)](
                          Result<std::shared_ptr<PartitionHandle>> handle) mutable {
            if (!handle.ok()) {
              reply(std::move(handle).error());
              return;
            }
            reply(std::unique_ptr<ProduceSession>(std::make_unique<WriterSession>(
                std::move(handle).value(), acks, std::move(origin), host_.budget(), clock_)));
          }));
}

void LocalBrokerImpl::Append(AppendRequest request, Reply<AppendResult> reply) {
  if (request.records.empty()) {
    reply(
        Error(ErrorCode::kInvalidArgument, "records is empty: an append needs at least one record")
            .With("field", "records"));
    return;
  }
  const int producer_fields = (request.producer_id ? 1 : 0) + (request.producer_epoch ? 1 : 0) +
                              (request.base_sequence ? 1 : 0);
  if (producer_fields != 0 && producer_fields != 3) {
    reply(Error(ErrorCode::kInvalidArgument,
                "producer_id, producer_epoch and base_sequence: give all three or none")
              .With("field", "producer_id"));
    return;
  }
  const TopicPartition partition = request.partition;
  Resolve(
      partition, true,
      HandleReply([this, request = std::move(request), reply = std::move(reply)](
                      Result<std::shared_ptr<PartitionHandle>> handle) mutable {
        if (!handle.ok()) {
          reply(std::move(handle).error());
          return;
        }
        BatchBuilder builder;
        const TimestampMs now = clock_.NowMs();
        std::vector<HeaderInput> headers;
        for (const PlainRecord& record : request.records) {
          headers.clear();
          for (const PlainHeader& header : record.headers) {
            headers.push_back({header.key, header.value ? std::optional<BytesView>(*header.value)
                                                        : std::nullopt});
          }
          builder.Add(record.timestamp.value_or(now),
                      record.key ? std::optional<BytesView>(*record.key) : std::nullopt,
                      record.value ? std::optional<BytesView>(*record.value) : std::nullopt,
                      headers);
        }
        BatchBuilder::Trailer trailer;
        trailer.producer_id = request.producer_id.value_or(kNoProducerId);
        trailer.producer_epoch = request.producer_epoch.value_or(-1);
        trailer.base_sequence = request.base_sequence.value_or(-1);
        AppendCommand command = MakeAppend(std::move(handle).value(),
                                           SharedSlice::Own(builder.Finish(trailer)), clock_);
        command.expected_offset = request.expected_offset;
        command.origin = std::move(request.origin);
        command.received_at = clock_.Now();
        command.deadline = request.deadline;
        command.budget = host_.budget()->TryTake(command.batch.size());
        if (!command.budget) {
          reply(Error(ErrorCode::kOverloaded, "too many bytes wait to be written"));
          return;
        }
        if (request.acks == Acks::kNone) {
          command.wants_answer = false;
        } else {
          command.reply = std::move(reply);
        }
        WriterThread& writer = command.partition->writer;
        if (!writer.TryPost(command)) {
          if (waits) reply = std::move(command.reply);
          reply(Error(ErrorCode::kOverloaded, "the queue of the partition's writer is full"));
          return;
        }
        if (!waits) reply(AppendResult{});
      }));
}

void LocalBrokerImpl::Fetch(FetchRequest request, Reply<FetchResult> reply) {
  request.bytes_max = std::clamp<std::size_t>(request.bytes_max, 1, options_.fetch_bytes_max);
  request.wait_max = std::min(request.wait_max, options_.fetch_wait_max);
  const TopicPartition partition = request.partition;
  Resolve(partition, true,
          HandleReply([this, request = std::move(request), reply = std::move(reply)](
                          Result<std::shared_ptr<PartitionHandle>> handle) mutable {
            if (handle.ok()) {
              FetchOrWait(reads_, std::move(handle).value(), request, std::move(reply));
            } else {
              reply(std::move(handle).error());
            }
          }));
}

void LocalBrokerImpl::OpenTail(TopicPartition partition, Offset from, std::size_t bytes_max,
                               Reply<std::unique_ptr<TailSession>> reply) {
  bytes_max = std::clamp<std::size_t>(bytes_max, 1, options_.fetch_bytes_max);
  Resolve(std::move(partition), true,
          HandleReply([this, from, bytes_max, reply = std::move(reply)](
                          Result<std::shared_ptr<PartitionHandle>> handle) mutable {
            if (handle.ok()) {
              reply(MakeTail(reads_, std::move(handle).value(), from, bytes_max));
            } else {
              reply(std::move(handle).error());
            }
          }));
}

namespace {

OffsetAnswer AnswerOffset(const PartitionHandle& handle, const OffsetQuery& query) {
  OffsetAnswer answer;
  answer.partition = query.partition;
  answer.leader_epoch = handle.leader_epoch;
  if (const auto problem = handle.problem.Load()) {
    answer.error = *problem;
    return answer;
  }
  const auto view = handle.view.Load();
  const Offset end = handle.high_watermark.Load();
  if (query.at == OffsetQuery::At::kEarliest) {
    answer.offset = view->log_start_offset();
    return answer;
  }
  answer.offset = end;
  if (query.at == OffsetQuery::At::kLatest) return answer;
  const auto found = query.at == OffsetQuery::At::kTimestamp
                         ? view->FindTimestamp(query.timestamp, end)
                         : view->FindMaxTimestamp(end);
  if (!found.ok()) {
    answer.offset = kNoOffset;
    answer.error = found.error();
  } else if (*found) {
    answer.offset = (*found)->offset;
    answer.timestamp = (*found)->timestamp;
    answer.leader_epoch = (*found)->leader_epoch;
  }
  return answer;
}

}  // namespace

void LocalBrokerImpl::ListOffsets(std::string topic, std::vector<OffsetQuery> queries,
                                  Reply<std::vector<OffsetAnswer>> reply) {
  struct Asked {
    OffsetQuery query;
    Result<std::shared_ptr<PartitionHandle>> handle;
  };
  if (stopping_.load()) {
    reply(Stopping());
    return;
  }
  if (!host_.Find(topic)) {
    reply(UnknownTopic(topic, host_.All()));
    return;
  }
  std::vector<Asked> asked;
  std::vector<std::shared_ptr<PartitionHandle>> handles;
  for (const OffsetQuery& query : queries) {
    asked.push_back({query, Find({topic, query.partition})});
    if (asked.back().handle.ok()) handles.push_back(*asked.back().handle);
  }
  OpenAll(std::move(handles), [this, asked = std::move(asked), reply = std::move(reply)]() mutable {
    host_.reader_pool().Post([asked = std::move(asked), reply = std::move(reply)]() mutable {
      std::vector<OffsetAnswer> answers;
      for (const Asked& one : asked) {
        if (one.handle.ok()) {
          answers.push_back(AnswerOffset(**one.handle, one.query));
        } else {
          OffsetAnswer answer;
          answer.partition = one.query.partition;
          answer.error = one.handle.error();
          answers.push_back(std::move(answer));
        }
      }
      reply(std::move(answers));
    });
  });
}

void LocalBrokerImpl::InitProducer(Reply<ProducerIdentity> reply) {
  controller_.NextProducerId(
      Reply<ProducerId>([reply = std::move(reply)](Result<ProducerId> id) mutable {
        if (id.ok()) {
          reply(ProducerIdentity{*id, 0});
        } else {
          reply(std::move(id).error());
        }
      }));
}

void LocalBrokerImpl::CreateTopic(CreateTopicRequest request, Reply<TopicInfo> reply) {
  if (stopping_.load()) {
    reply(Stopping());
    return;
  }
  // Announcing blocks for a sync, so not on the caller's thread.
  host_.background().Post([this, request = std::move(request), reply = std::move(reply)]() mutable {
    const bool known = host_.Find(request.name) != nullptr;
    if (!request.validate_only && !known && ValidateTopicName(request.name).ok()) {
      if (const Status announced = host_.AnnounceCreation(request.name); !announced.ok()) {
        reply(announced.error());
        return;
      }
    }
    Controller::NewTopic topic;
    topic.name = std::move(request.name);
    topic.partitions_count = request.partitions_count;
    topic.replication_factor = request.replication_factor;
    topic.config = std::move(request.config);
    topic.validate_only = request.validate_only;
    const bool validate_only = request.validate_only;
    controller_.CreateTopic(
        std::move(topic),
        Controller::TopicReply([this, validate_only, reply = std::move(reply)](
                                   Result<std::shared_ptr<const TopicImage>> image) mutable {
          if (!image.ok()) {
            reply(std::move(image).error());
            return;
          }
          const TopicInfo info = DescribeTopicImage(**image);
          if (validate_only) {
            reply(info);
            return;
          }
          host_.Create(*image,
                       Reply<Unit>([info, reply = std::move(reply)](Result<Unit> made) mutable {
                         if (made.ok()) {
                           reply(info);
                         } else {
                           reply(std::move(made).error());
                         }
                       }));
        }));
  });
}

void LocalBrokerImpl::DeleteTopic(std::string name, bool validate_only, Reply<Unit> reply) {
  if (stopping_.load()) {
    reply(Stopping());
    return;
  }
  if (!host_.Find(name)) {
    reply(UnknownTopic(name, host_.All()));
    return;
  }
  controller_.DeleteTopic(
      name, validate_only,
      Controller::TopicReply([this, name, validate_only, reply = std::move(reply)](
                                 Result<std::shared_ptr<const TopicImage>> image) mutable {
        if (!image.ok()) {
          reply(std::move(image).error());
        } else if (validate_only) {
          reply(Unit{});
        } else {
          host_.Delete(name, std::move(reply));
        }
      }));
}

void LocalBrokerImpl::OpenAll(std::vector<std::shared_ptr<PartitionHandle>> handles,
                              UniqueFunction<void()> then) {
  if (handles.empty()) {
    then();
    return;
  }
  auto left = std::make_shared<std::atomic<std::size_t>>(handles.size());
  auto shared = std::make_shared<UniqueFunction<void()>>(std::move(then));
  for (auto& handle : handles) {
    host_.WithOpen(std::move(handle), Reply<Unit>([left, shared](const Result<Unit>&) {
                     if (left->fetch_sub(1) == 1) (*shared)();
                   }));
  }
}

void LocalBrokerImpl::DescribeTopic(std::string name, Reply<TopicDescription> reply) {
  const auto topic = host_.Find(name);
  if (!topic) {
    reply(UnknownTopic(name, host_.All()));
    return;
  }
  OpenAll(topic->partitions, [topic, reply = std::move(reply)]() mutable {
    TopicDescription description;
    description.topic = DescribeTopicImage(*topic->image);
    for (std::size_t p = 0; p < topic->partitions.size(); ++p) {
      description.partitions.push_back(
          DescribePartition(*topic->partitions[p], topic->image->partitions[p]));
    }
    description.config = DescribeTopicConfig(*topic->image);
    reply(std::move(description));
  });
}

namespace {

constexpr std::int32_t kPageSize = 1000;

std::size_t PageSize(const PageRequest& page) {
  return static_cast<std::size_t>(page.size <= 0 ? kPageSize : std::min(page.size, 10 * kPageSize));
}

}  // namespace

void LocalBrokerImpl::ListTopics(PageRequest page, Reply<Page<TopicInfo>> reply) {
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
  // A token is the first partition of the next page: NAME:NUMBER, NAME in the order of names.
  struct Listed {
    std::shared_ptr<const HostedTopic> topic;
    std::size_t partition;
  };
  if (!page.topic.empty() && !host_.Find(page.topic)) {
    reply(UnknownTopic(page.topic, host_.All()));
    return;
  }
  TopicPartition from;
  if (const std::size_t colon = page.token.rfind(':'); colon != std::string::npos) {
    from.topic = page.token.substr(0, colon);
    from.partition = std::atoi(page.token.c_str() + colon + 1);
  }
  std::vector<Listed> listed;
  std::string next;
  for (const auto& topic : host_.All()) {
    if (!page.topic.empty() && topic->image->name != page.topic) continue;
    for (std::size_t p = 0; p < topic->partitions.size() && next.empty(); ++p) {
      if (topic->partitions[p]->name < from) continue;
      if (listed.size() == PageSize(page)) {
        next = topic->image->name + ":" + std::to_string(p);
        break;
      }
      listed.push_back({topic, p});
    }
  }
  std::vector<std::shared_ptr<PartitionHandle>> handles;
  for (const Listed& one : listed) handles.push_back(one.topic->partitions[one.partition]);
  OpenAll(
      std::move(handles), [listed = std::move(listed), next, reply = std::move(reply)]() mutable {
        Page<PartitionInfo> answer;
        answer.next_token = next;
        for (const Listed& one : listed) {
          answer.items.push_back(DescribePartition(*one.topic->partitions[one.partition],
                                                   one.topic->image->partitions[one.partition]));
        }
        reply(std::move(answer));
      });
}

void LocalBrokerImpl::AlterTopicConfig(std::string name, ConfigChange change,
                                       Reply<std::vector<ConfigEntry>> reply) {
  if (!host_.Find(name)) {
    reply(UnknownTopic(name, host_.All()));
    return;
  }
  const bool validate_only = change.validate_only;
  controller_.AlterTopic(
      std::move(name), {std::move(change.set), std::move(change.unset), change.validate_only},
      Controller::TopicReply([this, validate_only, reply = std::move(reply)](
                                 Result<std::shared_ptr<const TopicImage>> image) mutable {
        if (!image.ok()) {
          reply(std::move(image).error());
          return;
        }
        if (!validate_only) host_.Alter(*image);
        reply(DescribeTopicConfig(**image));
      }));
}

void LocalBrokerImpl::TrimPartition(TopicPartition partition, Offset before, bool validate_only,
                                    Reply<Offset> reply) {
  auto found = Find(partition);
  if (!found.ok()) {
    reply(std::move(found).error());
    return;
  }
  auto handle = std::move(found).value();
  host_.WhenIdle(handle, [handle, before, validate_only,
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
    handle->view.Store(log.view());
    reply(std::move(trimmed));
  });
}

void LocalBrokerImpl::DescribeCluster(Reply<ClusterInfo> reply) {
  host_.reader_pool().Post([this, reply = std::move(reply)]() mutable {
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
    if (const auto free = fs_.FreeBytes(options_.log_directory); free.ok()) {
      broker.disk_free_bytes = static_cast<std::int64_t>(*free);
    }
    for (const auto& topic : host_.All()) {
      ++info.topics_count;
      for (const auto& handle : topic->partitions) {
        ++info.partitions_count;
        if (const auto view = handle->view.Load())
          broker.log_bytes += static_cast<std::int64_t>(view->size_bytes());
        if (const auto problem = handle->problem.Load()) {
          ++info.offline_partitions_count;
          info.problems.push_back(handle->name.ToString() + ": " + problem->ToString());
        }
      }
    }
    if (host_.strays() > 0) {
      info.problems.push_back(std::to_string(host_.strays()) +
                              " partition directories unknown to the metadata were moved aside");
    }
    if (retention_paused_.load()) {
      info.problems.push_back(
          "retention by time is paused: the clock jumped (qalam config set "
          "qalam.retention.clock=accept)");
    }
    info.brokers.push_back(std::move(broker));
    reply(std::move(info));
  });
}

void LocalBrokerImpl::GetConfig(std::vector<std::string> keys,
                                Reply<std::vector<ConfigEntry>> reply) {
  reply(config_.Get(keys));
}

void LocalBrokerImpl::SetConfig(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) {
  config_.Set(std::move(change), std::move(reply));
}

void LocalBrokerImpl::RefreshTopics() {
  const auto image = controller_.image();
  for (const auto& topic : host_.All()) {
    const auto found = image->topics.find(topic->image->name);
    if (found != image->topics.end() && found->second != topic->image) host_.Alter(found->second);
  }
}

void LocalBrokerImpl::ScheduleRetention() {
  const auto after =
      std::min<std::chrono::nanoseconds>(options_.retention_check_interval, kFirstRetentionPass);
  retention_after_ = retention_after_.count() == 0
                         ? after
                         : std::chrono::nanoseconds(options_.retention_check_interval);
  host_.timers().At(clock_.Now() + retention_after_, [this] {
    host_.background().Post([this] {
      RetentionPass();
      ScheduleRetention();
    });
  });
}

void LocalBrokerImpl::RetentionPass() {
  if (accept_clock_.exchange(false)) retention_clock_->Accept();
  auto now = retention_clock_->Pass(clock_);
  if (!now.ok()) {
    Logger("api").warn("retention clock not saved, deletion by time waits error={}",
                       now.error().ToString());
  }
  retention_paused_.store(retention_clock_->paused());
  const std::optional<TimestampMs> retention_now = now.ok() ? *now : std::nullopt;
  for (const auto& topic : host_.All()) {
    for (const auto& handle : topic->partitions) {
      host_.WhenIdle(handle, [this, handle, retention_now](Result<Partition*> idle) {
        if (!idle.ok()) return;
        Log& log = (*idle)->log();
        const auto start = log.ApplyRetention(retention_now, handle->high_watermark.Load());
        if (!start.ok()) {
          Logger("api").warn("retention tp={} error={}", handle->name.ToString(),
                             start.error().ToString());
          return;
        }
        handle->view.Store(log.view());
        auto deletable = log.TakeDeletable(clock_.Now());
        if (deletable.empty()) return;
        host_.background().Post([this, deletable = std::move(deletable)] {
          for (const std::string& path : deletable) (void)fs_.Remove(path);
        });
      });
    }
  }
}

}  // namespace qalam
