#include <algorithm>

#include "broker/api/describe.h"
#include "broker/api/local_broker_impl.h"

namespace qalam {
namespace {

Error NotOpen(const PartitionHandle& handle) {
  if (const auto problem = handle.problem.Load()) return *problem;
  return Error(ErrorCode::kShuttingDown, handle.name.ToString() + " is not open; try again");
}

OffsetAnswer AnswerOffset(const PartitionHandle& handle, const OffsetQuery& query) {
  OffsetAnswer answer;
  answer.partition = query.partition;
  answer.leader_epoch = handle.leader_epoch;
  const auto view = handle.view.Load();
  const auto problem = handle.problem.Load();
  if (problem || !view) {
    answer.error = NotOpen(handle);
    return answer;
  }
  const Offset end = handle.high_watermark.Load();
  if (query.at == OffsetQuery::At::kEarliest) {
    answer.offset = view->log_start_offset();
    return answer;
  }
  answer.offset = end;
  if (query.at == OffsetQuery::At::kLatest) return answer;
  // Nothing that late: the end, without a timestamp.
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

struct Asked {
  OffsetQuery query;
  Result<std::shared_ptr<PartitionHandle>> handle;
};

std::vector<OffsetAnswer> AnswerAll(const std::vector<Asked>& asked) {
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
  return answers;
}

}  // namespace

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

void LocalBrokerImpl::ListOffsets(std::string topic, std::vector<OffsetQuery> queries,
                                  Reply<std::vector<OffsetAnswer>> reply) {
  if (Stopping(reply)) return;
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
  // Searching by time reads the disk.
  OpenAll(std::move(handles), [this, asked = std::move(asked), reply = std::move(reply)]() mutable {
    host_.reader_pool().Post([asked = std::move(asked), reply = std::move(reply)]() mutable {
      reply(AnswerAll(asked));
    });
  });
}

void LocalBrokerImpl::ListEpochs(TopicPartition partition, Reply<std::vector<EpochStart>> reply) {
  Resolve(std::move(partition), false,
          HandleReply(
              [reply = std::move(reply)](Result<std::shared_ptr<PartitionHandle>> handle) mutable {
                const auto view = handle.ok() ? (*handle)->view.Load() : nullptr;
                if (view) {
                  reply(view->epochs());
                } else {
                  reply(handle.ok() ? NotOpen(**handle) : std::move(handle).error());
                }
              }));
}

}  // namespace qalam
