#include "tests/qa/checker/history_writer.h"

#include <nlohmann/json.hpp>

namespace qalam::qa {
namespace {

using nlohmann::ordered_json;

class Writer {
 public:
  void Run(const History& history) {
    const Plan& plan = history.plan;
    ordered_json line = {{"event", "plan"},
                         {"t_ns", 0},
                         {"acks_min", plan.acks_min},
                         {"reads_min", plan.reads_min},
                         {"readbacks_min", plan.readbacks_min},
                         {"faults", plan.faults}};
    if (plan.append_time_ascends) line["append_time_ascends"] = true;
    if (plan.answer_ms_max) line["answer_ms_max"] = *plan.answer_ms_max;
    if (plan.progress_ms_max) line["progress_ms_max"] = *plan.progress_ms_max;
    Put(line);
    for (const BrokerEvent& event : history.brokers) {
      constexpr const char* kSteps[] = {"start", "stop", "kill", "power-cut"};
      Put({{"event", "broker"},
           {"t_ns", event.t_ns},
           {"broker", event.broker},
           {"step", kSteps[static_cast<int>(event.step)]}});
    }
    for (const Fault& fault : history.faults) {
      line = {{"event", "fault"}, {"t_ns", fault.t_ns}, {"name", fault.name}};
      if (fault.until_ns) line["until_ns"] = *fault.until_ns;
      Put(line);
    }
  }

  void Of(const std::string& name, const PartitionHistory& partition) {
    partition_ = name;
    for (const Send& send : partition.sends) Put(send);
    for (const Outcome& outcome : partition.outcomes) Put(outcome);
    for (const Read& read : partition.reads) {
      ordered_json line = Begin("read", read.t_ns);
      line["begin_ns"] = read.begin_ns;
      line["reader"] = read.reader;
      line["high_watermark"] = read.high_watermark;
      Put(std::move(line), read.found);
    }
    for (const Watermark& sample : partition.watermarks) Put(sample);
    for (const Lead& lead : partition.leads) {
      ordered_json line = Begin("lead", lead.t_ns);
      line["broker"] = lead.broker;
      line["epoch"] = lead.epoch;
      Put(line);
    }
    for (const Trim& trim : partition.trims) {
      ordered_json line = Begin("trim", trim.t_ns);
      line["log_start"] = trim.log_start;
      Put(line);
    }
    for (const Readback& readback : partition.readbacks) Put(readback);
  }

  std::string Take() { return std::move(text_); }

 private:
  ordered_json Begin(const char* event, std::int64_t t_ns) const {
    return {{"event", event}, {"t_ns", t_ns}, {"partition", partition_}};
  }

  void Put(const ordered_json& line) { text_ += line.dump() + "\n"; }

  void Put(ordered_json line, const Found& found) {
    line["offset"] = found.offset;
    line["record"] = nullptr;
    if (found.record) line["record"] = *found.record;
    line["digest"] = found.digest;
    line["epoch"] = found.epoch;
    line["append_ms"] = found.append_ms;
    Put(line);
  }

  void Put(const Send& send) {
    ordered_json line = Begin("send", send.t_ns);
    line["producer"] = send.producer;
    line["seq"] = send.seq;
    line["record"] = send.record;
    line["digest"] = send.digest;
    if (!send.idempotent) line["idempotent"] = false;
    Put(line);
  }

  void Put(const Outcome& outcome) {
    constexpr const char* kEvents[] = {"ack", "refuse", "unknown"};
    constexpr const char* kDurabilities[] = {"fsync", "os", "memory"};
    ordered_json line = Begin(kEvents[static_cast<int>(outcome.kind)], outcome.t_ns);
    line["record"] = outcome.record;
    if (outcome.kind == OutcomeKind::kAck) {
      line["offset"] = outcome.offset;
      line["epoch"] = outcome.epoch;
      line["durability"] = kDurabilities[static_cast<int>(outcome.durability)];
      if (outcome.duplicate) line["duplicate"] = true;
    } else {
      line["code"] = outcome.kind == OutcomeKind::kRefuse ? "INVALID_RECORD" : "TIMED_OUT";
    }
    Put(line);
  }

  void Put(const Watermark& sample) {
    ordered_json line = Begin("watermark", sample.t_ns);
    line["begin_ns"] = sample.begin_ns;
    line["log_start"] = sample.log_start;
    line["high_watermark"] = sample.high_watermark;
    if (sample.durable_end) line["durable_end"] = *sample.durable_end;
    Put(line);
  }

  void Put(const Readback& readback) {
    ordered_json line = Begin("readback", readback.t_ns);
    line["begin_ns"] = readback.begin_ns;
    line["way"] = readback.way;
    line["log_start"] = readback.log_start;
    line["log_end"] = readback.log_end;
    Put(line);
    for (const Found& found : readback.found) {
      line = Begin("found", readback.t_ns);
      line["way"] = readback.way;
      Put(std::move(line), found);
    }
  }

  std::string partition_;
  std::string text_;
};

}  // namespace

std::string WriteHistory(const History& history) {
  Writer writer;
  writer.Run(history);
  for (const auto& [name, partition] : history.partitions) writer.Of(name, partition);
  return writer.Take();
}

}  // namespace qalam::qa
