#include "broker/api/story_text.h"

#include <fmt/format.h>

#include <ctime>

namespace qalam {
namespace {

// With three digits or so.
std::string Digits(double value) {
  return fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

std::string Took(std::int64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 1'000'000) return Digits(value / 1e3) + " us";
  if (ns < 1'000'000'000) return Digits(value / 1e6) + " ms";
  return Digits(value / 1e9) + " s";
}

std::string Size(std::int64_t bytes) {
  if (bytes < 10'240) return fmt::format("{} B", bytes);
  const auto value = static_cast<double>(bytes);
  if (bytes < (10 << 20)) return fmt::format("{:.1f} KiB", value / 1024);
  return fmt::format("{:.1f} MiB", value / (1 << 20));
}

std::string Time(TimestampMs ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  char text[32] = "";
  if (ms < 0 || gmtime_r(&seconds, &utc) == nullptr ||
      std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc) == 0) {
    return "at an unknown time";
  }
  return fmt::format("{}.{:03} UTC", text, ms % 1000);
}

std::string From(const Sender& sender) {
  if (sender.protocol.empty()) return "a sender that is forgotten";
  return (sender.client_id.empty() ? "a client without an id" : "client " + sender.client_id) +
         " over " + sender.protocol + ", " + sender.peer;
}

std::string Why(GroupClosed closed) {
  switch (closed) {
    case GroupClosed::kQueueEmpty:
      return "nothing else waited";
    case GroupClosed::kFull:
      return "it was full";
    case GroupClosed::kSequence:
      return "the next batch could only be judged after it";
  }
  return "";
}

std::string Verdict(const BatchStory& batch) {
  std::string text = "accepted  ";
  if (batch.producer_id >= 0) {
    text += fmt::format("as the next of producer {}, epoch {}: sequence {}", batch.producer_id,
                        batch.producer_epoch, batch.base_sequence);
  } else {
    text += "without a producer id, so that a retry would not be recognised";
  }
  if (batch.expected_offset >= 0) {
    text += fmt::format("; the log ended at {}, as expected", batch.expected_offset);
  }
  return text;
}

std::string Acknowledgement(const BatchStory& batch) {
  if (!batch.group) return "not acknowledged, as far as is known";
  if (batch.durability == Durability::kMemory) {
    return "answered  at once (acks=none); " +
           std::string(batch.group->sync_ns >= 0 ? "on the disk " : "written ") +
           Took(batch.total_ns) + " after it was received";
  }
  return fmt::format("answered  {} after it was received, durability {}", Took(batch.total_ns),
                     batch.durability == Durability::kFsync ? "fsync" : "os");
}

}  // namespace

std::vector<std::string> StoryLines(const RecordStory& story) {
  const BatchStory& batch = story.batch;
  std::vector<std::string> lines;
  const Offset count = batch.last_offset - batch.base_offset + 1;
  lines.push_back(fmt::format(
      "record    {}:{}@{}, {}", story.partition.topic, story.partition.partition, story.offset,
      count == 1 ? fmt::format("alone in its batch of {}, leader epoch {}", Size(batch.bytes),
                               batch.leader_epoch)
                 : fmt::format("{} of {} in the batch {} to {}, {}, leader epoch {}",
                               story.offset - batch.base_offset + 1, count, batch.base_offset,
                               batch.last_offset, Size(batch.bytes), batch.leader_epoch)));
  lines.push_back("received  " + Time(batch.received_ms) + " from " + From(batch.sender));
  lines.push_back("checked   in " + Took(batch.check_ns) +
                  (batch.queue_ns >= 0 ? ", then waited " + Took(batch.queue_ns) : ""));
  lines.push_back(Verdict(batch));
  if (batch.group) {
    const GroupStory& group = *batch.group;
    lines.push_back(fmt::format(
        "written   by writer {} in group {} of {} ({}), closed because {}", group.writer_thread,
        group.number, group.batches == 1 ? "1 batch" : std::to_string(group.batches) + " batches",
        Size(group.bytes), Why(group.closed)));
    lines.push_back("took      write " + Took(group.write_ns) +
                    (group.sync_ns >= 0 ? ", sync " + Took(group.sync_ns) : ", no sync"));
  }
  lines.push_back(Acknowledgement(batch));
  if (batch.duplicates > 0) {
    lines.push_back(fmt::format(
        "repeated  {} by its producer, recognised and not written again",
        batch.duplicates == 1 ? std::string("once") : fmt::format("{} times", batch.duplicates)));
  }
  lines.push_back(batch.first_read_ns >= 0 ? "read      first " + Took(batch.first_read_ns) +
                                                 " after the acknowledgement, or a little earlier"
                                           : std::string("read      not yet, as far as is known"));
  if (!batch.traceparent.empty()) lines.push_back("trace     " + batch.traceparent);
  return lines;
}

}  // namespace qalam
