#include "broker/api/local_broker_impl.h"

#include <algorithm>

#include "broker/api/append_check.h"
#include "broker/api/describe.h"
#include "common/record/batch_builder.h"

namespace qalam {
namespace {

constexpr std::chrono::seconds kFirstRetentionPass{30};

Status CheckAppend(const AppendRequest& request) {
  if (request.records.empty()) {
    return Error(ErrorCode::kInvalidArgument, "records: an append needs at least one")
        .With("field", "records");
  }
  const int given = (request.producer_id ? 1 : 0) + (request.producer_epoch ? 1 : 0) +
                    (request.base_sequence ? 1 : 0);
  if (given == 0) return OkStatus();
  if (given != 3) {
    return Error(ErrorCode::kInvalidArgument,
                 "producer_id, producer_epoch, base_sequence: give all three or none")
        .With("field", "producer_id");
  }
  if (*request.producer_id < 0 || *request.producer_epoch < 0 || *request.base_sequence < 0) {
    return Error(ErrorCode::kInvalidArgument,
                 "producer_id, producer_epoch, base_sequence: none may be negative")
        .With("field", "producer_id");
  }
  return OkStatus();
}

// Lower bound of what the records take in a batch.
std::size_t PayloadBytes(const AppendRequest& request) {
  std::size_t bytes = 0;
  for (const PlainRecord& record : request.records) {
    bytes += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    for (const PlainHeader& header : record.headers) {
      bytes += header.key.size() + (header.value ? header.value->size() : 0);
    }
  }
  return bytes;
}

Bytes Encode(const AppendRequest& request, TimestampMs now) {
  const auto view = [](const std::optional<Bytes>& bytes) {
    return bytes ? std::optional<BytesView>(*bytes) : std::nullopt;
  };
  BatchBuilder builder;
  std::vector<HeaderInput> headers;
  for (const PlainRecord& record : request.records) {
    headers.clear();
    for (const PlainHeader& header : record.headers) {
      headers.push_back({header.key, view(header.value)});
    }
    builder.Add(record.timestamp.value_or(now), view(record.key), view(record.value), headers);
  }
  BatchBuilder::Trailer trailer;
  trailer.producer_id = request.producer_id.value_or(kNoProducerId);
  trailer.producer_epoch = request.producer_epoch.value_or(-1);
  trailer.base_sequence = request.base_sequence.value_or(-1);
  return builder.Finish(trailer);
}

}  // namespace

std::unique_ptr<LocalBroker> LocalBroker::Create(FileSystem& fs, const Clock& clock,
                                                 Controller& controller, ConfigService& config,
                                                 LocalBrokerOptions options) {
  return std::make_unique<LocalBrokerImpl>(fs, clock, controller, config, std::move(options));
}

LocalBrokerImpl::LocalBrokerImpl(FileSystem& fs, const Clock& clock, Controller& controller,
                                 ConfigService& config, LocalBrokerOptions options)
    : clock_(clock),
      controller_(controller),
      config_(config),
      options_(std::move(options)),
      host_(fs, clock, options_),
      reads_{host_.reader_pool(), host_.timers(), clock, ParkedLimit(options_.parked_fetches_max)},
      started_ms_(clock.NowMs()) {}

Status LocalBrokerImpl::Start() {
  QALAM_RETURN_IF_ERROR(host_.Start(*controller_.image()));
  ScheduleRetention(
      std::min<std::chrono::nanoseconds>(options_.retention_check_interval, kFirstRetentionPass));
  return OkStatus();
}

bool LocalBrokerImpl::Stop(std::chrono::milliseconds patience) {
  stopping_.store(true);
  return host_.Stop(patience);
}

void LocalBrokerImpl::OnLogFailure(UniqueFunction<void(const Error&)> callback) {
  host_.directory_state().OnFailure(std::move(callback));
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
  if (Stopping(reply)) return;
  auto found = Find(partition);
  if (found.ok()) {
    auto handle = std::move(found).value();
    host_.WithOpen(handle,
                   Reply<Unit>([handle, reply = std::move(reply)](Result<Unit> opened) mutable {
                     if (opened.ok()) {
                       reply(std::move(handle));
                     } else {
                       reply(std::move(opened).error());
                     }
                   }));
    return;
  }
  if (!may_create || !options_.auto_create_topics ||
      found.error().code() != ErrorCode::kUnknownTopic) {
    reply(std::move(found).error());
    return;
  }
  CreateTopicRequest request;
  request.name = partition.topic;
  CreateTopic(std::move(request), Reply<TopicInfo>([this, partition, reply = std::move(reply)](
                                                       Result<TopicInfo> created) mutable {
                // Somebody else may just have made it.
                if (!created.ok() && created.error().code() != ErrorCode::kTopicExists) {
                  reply(std::move(created).error());
                } else {
                  Resolve(std::move(partition), false, std::move(reply));
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
            reply(std::unique_ptr<ProduceSession>(
                std::make_unique<WriterSession>(std::move(handle).value(), acks, std::move(origin),
                                                host_.budget(), host_.checks_pool(), clock_)));
          }));
}

void LocalBrokerImpl::Append(AppendRequest request, Reply<AppendResult> reply) {
  if (Status valid = CheckAppend(request); !valid.ok()) {
    reply(std::move(valid).error());
    return;
  }
  if (request.received_at.count() == 0) request.received_at = clock_.Now();
  const TopicPartition partition = request.partition;
  Resolve(partition, true,
          HandleReply([this, request = std::move(request), reply = std::move(reply)](
                          Result<std::shared_ptr<PartitionHandle>> handle) mutable {
            if (handle.ok()) {
              AppendTo(std::move(handle).value(), std::move(request), std::move(reply));
            } else {
              reply(std::move(handle).error());
            }
          }));
}

void LocalBrokerImpl::AppendTo(std::shared_ptr<PartitionHandle> handle, AppendRequest request,
                               Reply<AppendResult> reply) {
  const std::size_t bytes_max = handle->settings.Load()->limits.batch_bytes_max;
  if (const std::size_t bytes = PayloadBytes(request); bytes > bytes_max) {
    reply(Error(ErrorCode::kBatchTooLarge, "the records have " + std::to_string(bytes) +
                                               " bytes, a batch may have " +
                                               std::to_string(bytes_max))
              .With("max_bytes", static_cast<std::int64_t>(bytes_max)));
    return;
  }
  AppendCommand command =
      MakeAppend(std::move(handle), SharedSlice::Own(Encode(request, clock_.NowMs())), clock_);
  command.expected_offset = request.expected_offset;
  command.origin = std::move(request.origin);
  command.received_at = request.received_at;
  command.deadline = request.deadline;
  command.budget = host_.budget()->TryTake(BudgetBytes(command));
  if (!command.budget) {
    reply(Error(ErrorCode::kOverloaded, "too many bytes wait to be written; nothing was written"));
    return;
  }
  // Under acks=none the sender hears at once that we have the records, or that they are no good.
  const bool waits = request.acks != Acks::kNone || command.refused.has_value();
  if (waits) command.reply = std::move(reply);
  WriterThread& writer = command.partition->writer;
  if (!writer.TryPost(command)) {
    if (waits) reply = std::move(command.reply);
    reply(Error(ErrorCode::kOverloaded,
                "the queue of the partition's writer is full; nothing was written"));
    return;
  }
  if (!waits) reply(AppendResult{});
}

void LocalBrokerImpl::InitProducer(Reply<ProducerIdentity> reply) {
  if (Stopping(reply)) return;
  controller_.NextProducerId(
      Reply<ProducerId>([reply = std::move(reply)](Result<ProducerId> id) mutable {
        if (id.ok()) {
          reply(ProducerIdentity{*id, 0});
        } else {
          reply(std::move(id).error());
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

}  // namespace qalam
