#include <utility>

#include "broker/api/local_broker_impl.h"
#include "broker/api/story_search.h"
#include "broker/api/story_text.h"

namespace qalam {
namespace {

Error RingOff() {
  return Error(ErrorCode::kNotFound,
               "nothing is remembered of writes: qalam.explain.ring.bytes is 0")
      .With("key", "qalam.explain.ring.bytes");
}

Error Forgotten(const PartitionHandle& handle, Offset offset) {
  return Error(ErrorCode::kNotFound, "offset " + std::to_string(offset) + " of " +
                                         handle.name.ToString() +
                                         " is in the log, but not in the decision ring (any more); "
                                         "qalam.explain.ring.bytes says how much it remembers")
      .With("offset", offset);
}

Status CheckWritten(const PartitionHandle& handle, Offset offset) {
  const auto view = handle.view.Load();
  if (!view) return OkStatus();  // Offline: what is known may be told all the same.
  const Offset start = view->log_start_offset();
  const Offset end = view->end_offset();
  if (offset >= start && offset < end) return OkStatus();
  return Error(ErrorCode::kOffsetOutOfRange,
               "offset " + std::to_string(offset) + " is outside " + handle.name.ToString() +
                   (start == end ? ", which is empty"
                                 : ", which has " + std::to_string(start) + " to " +
                                       std::to_string(end - 1)))
      .With("log_start_offset", start)
      .With("log_end_offset", end);
}

StoryQuestion QuestionOf(PartitionHandle& handle, const Clock& clock) {
  return {handle.name, handle.topic_id, handle.read_mark.pending(), clock.NowMs(), clock.Now()};
}

}  // namespace

void LocalBrokerImpl::ExplainRecord(TopicPartition partition, Offset offset,
                                    Reply<RecordStory> reply) {
  if (Stopping(reply)) return;
  const auto found = Find(partition);
  if (!found.ok()) {
    reply(found.error());
    return;
  }
  if (!host_.decisions().on()) {
    reply(RingOff());
    return;
  }
  // A partition that can't be opened has its story, too.
  host_.WithOpen(*found, Reply<Unit>([this, handle = *found, offset, reply = std::move(reply)](
                                         const Result<Unit>& /*opened*/) mutable {
    host_.reader_pool().Post(
        [this, handle = std::move(handle), offset, reply = std::move(reply)]() mutable {
          if (const Status written = CheckWritten(*handle, offset); !written.ok()) {
            reply(written.error());
            return;
          }
          auto batch = FindBatch(host_.decisions().all(), QuestionOf(*handle, clock_), offset);
          if (!batch) {
            reply(Forgotten(*handle, offset));
            return;
          }
          RecordStory story{handle->name, offset, *std::move(batch), {}};
          story.lines = StoryLines(story);
          reply(std::move(story));
        });
  }));
}

void LocalBrokerImpl::ListRefusals(TopicPartition partition, std::size_t limit,
                                   Reply<RefusalList> reply) {
  if (Stopping(reply)) return;
  const auto found = Find(partition);
  if (!found.ok()) {
    reply(found.error());
    return;
  }
  if (!host_.decisions().on()) {
    reply(RingOff());
    return;
  }
  host_.reader_pool().Post([this, handle = *found, limit, reply = std::move(reply)]() mutable {
    reply(FindRefusals(host_.decisions().all(), QuestionOf(*handle, clock_), limit));
  });
}

}  // namespace qalam
