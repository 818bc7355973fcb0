#include "tests/qa/checker/history_reader.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "tests/qa/checker/line_fields.h"

namespace qalam::qa {
namespace {

Error AtLine(std::size_t line, const std::string& what) {
  return {ErrorCode::kInvalidArgument, "line " + std::to_string(line) + ": " + what};
}

template <typename Enum>
Enum OneOf(LineFields& fields, const char* name,
           std::initializer_list<std::pair<const char*, Enum>> words, Enum otherwise) {
  const std::string text = fields.Text(name);
  for (const auto& [word, value] : words) {
    if (text == word) return value;
  }
  fields.Fail(std::string("field \"") + name + "\" has an unknown value \"" + text + "\"");
  return otherwise;
}

Found ReadFound(LineFields& fields, std::size_t line) {
  return {.line = line,
          .offset = fields.Number("offset"),
          .record = fields.TextOrNull("record"),
          .digest = fields.Text("digest"),
          .epoch = fields.Number("epoch"),
          .append_ms = fields.Number("append_ms")};
}

std::int64_t BeginBefore(LineFields& fields, std::int64_t t_ns) {
  const std::int64_t begin_ns = fields.Number("begin_ns");
  if (begin_ns > t_ns) fields.Fail("answered before asked: begin_ns > t_ns");
  return begin_ns;
}

// Takes the lines one by one, in the order of the file; Finish() then does what needs all of them.
class Reader {
 public:
  Status Line(std::size_t line, std::string_view text) {
    LineFields fields(text);
    const std::string event = fields.Text("event");
    const std::int64_t t_ns = fields.Number("t_ns");
    if (fields.ok() && !OfRun(event, line, t_ns, fields)) {
      const std::string name = fields.Text("partition");
      if (!OfPartition(event, line, t_ns, history_.partitions[name], fields)) {
        fields.Fail("unknown event \"" + event + "\"");
      }
      if (event == "found") OfReadback(name, line, fields);
    }
    fields.Finish();
    return fields.ok() ? OkStatus() : AtLine(line, fields.error());
  }

  Result<History> Finish() {
    if (history_.plan.line == 0)
      return Error(ErrorCode::kInvalidArgument, "the history has no \"plan\"");
    for (auto& [name, partition] : history_.partitions) {
      SortByTime(partition.sends);
      SortByTime(partition.outcomes);
      SortByTime(partition.watermarks);
      SortByTime(partition.leads);
      SortByTime(partition.trims);
      SortByTime(partition.readbacks);
      std::stable_sort(partition.reads.begin(), partition.reads.end(),
                       [](const Read& a, const Read& b) { return a.t_ns < b.t_ns; });
      QALAM_RETURN_IF_ERROR(PairOutcomes(name, partition));
    }
    SortByTime(history_.brokers);
    SortByTime(history_.faults);
    return std::move(history_);
  }

 private:
  // Lines come in ascending order, so a stable sort leaves ties by line.
  template <typename T>
  static void SortByTime(std::vector<T>& events) {
    std::stable_sort(events.begin(), events.end(),
                     [](const T& a, const T& b) { return a.t_ns < b.t_ns; });
  }

  bool OfRun(const std::string& event, std::size_t line, std::int64_t t_ns, LineFields& fields) {
    if (event == "plan") {
      if (history_.plan.line != 0) fields.Fail("a second \"plan\"");
      history_.plan = {.line = line,
                       .acks_min = fields.Number("acks_min"),
                       .reads_min = fields.Number("reads_min"),
                       .readbacks_min = fields.Number("readbacks_min"),
                       .faults = fields.OptionalTexts("faults"),
                       .append_time_ascends = fields.OptionalFlag("append_time_ascends", false),
                       .answer_ms_max = fields.OptionalNumber("answer_ms_max"),
                       .progress_ms_max = fields.OptionalNumber("progress_ms_max")};
      if (history_.plan.acks_min == 0) fields.Fail("acks_min must be at least 1");
    } else if (event == "fault") {
      history_.faults.push_back({.line = line,
                                 .t_ns = t_ns,
                                 .name = fields.Text("name"),
                                 .until_ns = fields.OptionalNumber("until_ns")});
      if (history_.faults.back().until_ns.value_or(t_ns) < t_ns) fields.Fail("until_ns < t_ns");
    } else if (event == "broker") {
      history_.brokers.push_back({line, t_ns, fields.Text("broker"),
                                  OneOf<BrokerStep>(fields, "step",
                                                    {{"start", BrokerStep::kStart},
                                                     {"stop", BrokerStep::kStop},
                                                     {"kill", BrokerStep::kKill},
                                                     {"power-cut", BrokerStep::kPowerCut}},
                                                    BrokerStep::kStart)});
    } else {
      return false;
    }
    return true;
  }

  bool OfPartition(const std::string& event, std::size_t line, std::int64_t t_ns,
                   PartitionHistory& partition, LineFields& fields) {
    if (event == "send") {
      TakeSend(line, t_ns, partition, fields);
    } else if (event == "ack" || event == "refuse" || event == "unknown") {
      TakeOutcome(event, line, t_ns, partition, fields);
    } else if (event == "read") {
      partition.reads.push_back({.t_ns = t_ns,
                                 .begin_ns = BeginBefore(fields, t_ns),
                                 .reader = fields.Text("reader"),
                                 .high_watermark = fields.Number("high_watermark"),
                                 .found = ReadFound(fields, line)});
    } else if (event == "watermark") {
      partition.watermarks.push_back({.line = line,
                                      .t_ns = t_ns,
                                      .begin_ns = BeginBefore(fields, t_ns),
                                      .log_start = fields.Number("log_start"),
                                      .high_watermark = fields.Number("high_watermark"),
                                      .durable_end = fields.OptionalNumber("durable_end")});
    } else if (event == "lead") {
      partition.leads.push_back({line, t_ns, fields.Text("broker"), fields.Number("epoch")});
    } else if (event == "trim") {
      partition.trims.push_back({line, t_ns, fields.Number("log_start")});
    } else if (event == "readback") {
      TakeReadback(line, t_ns, partition, fields);
    } else {
      return event == "found";
    }
    return true;
  }

  void TakeSend(std::size_t line, std::int64_t t_ns, PartitionHistory& partition,
                LineFields& fields) {
    Send send = {.line = line,
                 .t_ns = t_ns,
                 .producer = fields.Text("producer"),
                 .seq = fields.Number("seq"),
                 .record = fields.Text("record"),
                 .digest = fields.Text("digest"),
                 .idempotent = fields.OptionalFlag("idempotent", true)};
    partition.sends.push_back(std::move(send));
  }

  static void TakeOutcome(const std::string& event, std::size_t line, std::int64_t t_ns,
                          PartitionHistory& partition, LineFields& fields) {
    Outcome outcome = {.line = line, .t_ns = t_ns, .record = fields.Text("record")};
    if (event == "ack") {
      outcome.kind = OutcomeKind::kAck;
      outcome.offset = fields.Number("offset");
      outcome.epoch = fields.Number("epoch");
      outcome.durability = OneOf<Durability>(
          fields, "durability",
          {{"fsync", Durability::kFsync}, {"os", Durability::kOs}, {"memory", Durability::kMemory}},
          Durability::kFsync);
      outcome.duplicate = fields.OptionalFlag("duplicate", false);
    } else {
      outcome.kind = event == "refuse" ? OutcomeKind::kRefuse : OutcomeKind::kUnknown;
      fields.Text("code");
    }
    partition.outcomes.push_back(std::move(outcome));
  }

  static void TakeReadback(std::size_t line, std::int64_t t_ns, PartitionHistory& partition,
                           LineFields& fields) {
    Readback readback = {.line = line,
                         .t_ns = t_ns,
                         .begin_ns = BeginBefore(fields, t_ns),
                         .way = fields.Text("way"),
                         .log_start = fields.Number("log_start"),
                         .log_end = fields.Number("log_end")};
    if (readback.log_end < readback.log_start) fields.Fail("log_end < log_start");
    for (const Readback& other : partition.readbacks) {
      if (other.way == readback.way) fields.Fail("a second \"readback\" by " + readback.way);
    }
    partition.readbacks.push_back(std::move(readback));
  }

  void OfReadback(const std::string& name, std::size_t line, LineFields& fields) {
    const std::string way = fields.Text("way");
    Found found = ReadFound(fields, line);
    for (Readback& readback : history_.partitions[name].readbacks) {
      if (readback.way != way) continue;
      readback.found.push_back(std::move(found));
      return;
    }
    fields.Fail("\"found\" before its \"readback\" by \"" + way + "\"");
  }

  Status PairOutcomes(const std::string& name, const PartitionHistory& partition) {
    std::unordered_map<std::string, const Send*> sends;
    std::map<std::pair<std::string, std::int64_t>, const Send*> sequences;
    for (const Send& send : partition.sends) {
      if (!all_tokens_.emplace(send.record, send.line).second) {
        return AtLine(send.line, "record \"" + send.record + "\" is sent a second time");
      }
      if (!sequences.emplace(std::pair(send.producer, send.seq), &send).second) {
        return AtLine(send.line, "seq " + std::to_string(send.seq) + " of producer \"" +
                                     send.producer + "\" is used a second time");
      }
      sends.emplace(send.record, &send);
    }
    std::unordered_map<std::string, std::size_t> answered;
    for (const Outcome& outcome : partition.outcomes) {
      const auto send = sends.find(outcome.record);
      if (send == sends.end()) {
        return AtLine(outcome.line, "no \"send\" of \"" + outcome.record + "\" to " + name);
      }
      if (outcome.t_ns < send->second->t_ns) return AtLine(outcome.line, "answered before sent");
      if (!answered.emplace(outcome.record, outcome.line).second) {
        return AtLine(outcome.line, "a second outcome of \"" + outcome.record + "\"");
      }
    }
    return OkStatus();
  }

  History history_;
  std::unordered_map<std::string, std::size_t> all_tokens_;
};

}  // namespace

Result<History> ReadHistory(std::string_view text) {
  Reader reader;
  std::size_t line = 0;
  while (!text.empty()) {
    ++line;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return AtLine(line, "cut short: no newline at its end");
    QALAM_RETURN_IF_ERROR(reader.Line(line, text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return reader.Finish();
}

}  // namespace qalam::qa
