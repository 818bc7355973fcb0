#include "tests/qa/checker/history_generator.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace qalam::qa {
namespace {

constexpr std::int64_t kTickNs = 1'000'000;

// A partition of a broker without faults, and those who use it.
struct Model {
  std::string name;
  std::vector<Found> log;  // All ever appended; below `start` it is deleted.
  std::int64_t start = 0;
  std::int64_t epoch = 1;
  std::vector<std::deque<Send>> unsettled;  // By producer: sent, the broker has not yet decided.
  std::vector<Outcome> unanswered;          // Decided, the answer is on its way.
  std::vector<std::optional<std::int64_t>> next;  // By reader: the offset it reads next.

  std::int64_t end() const { return static_cast<std::int64_t>(log.size()); }
};

class Generator {
 public:
  explicit Generator(const GeneratorOptions& options) : options_(options), random_(options.seed) {
    // Without the distance between the ticks many events happen at the same time.
    tick_ns_ = Chance(20) ? 1 : kTickNs;
    squash_ = tick_ns_ == 1 ? 4 : 1;
    const int partitions = Pick(1, options.partitions_max);
    producers_ = Pick(1, 4);
    readers_ = Pick(1, 3);
    plain_producer_ = Chance(30) ? 0 : -1;
    for (int i = 0; i < partitions; ++i) {
      Model model;
      model.name = "orders/" + std::to_string(i);
      model.unsettled.resize(static_cast<std::size_t>(producers_));
      model.next.resize(static_cast<std::size_t>(readers_));
      models_.push_back(std::move(model));
    }
  }

  History Run() {
    for (Model& model : models_) Lead(model);
    for (int i = 0; i < 3; ++i) SendOne(AnyModel());
    for (int i = 0; i < options_.steps; ++i) Step(AnyModel());
    for (Model& model : models_) WindUp(model);
    if (Chance(30)) FaultAtTheLastSend();
    for (Model& model : models_) ReadAllBack(model);
    MakePlan();
    return std::move(history_);
  }

 private:
  int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool Chance(int percent) { return Pick(1, 100) <= percent; }
  Model& AnyModel() {
    return models_[static_cast<std::size_t>(Pick(0, static_cast<int>(models_.size()) - 1))];
  }
  std::int64_t PickOffset(const Model& model) {
    return Pick(static_cast<int>(model.start), static_cast<int>(model.end()));
  }
  PartitionHistory& Of(const Model& model) { return history_.partitions[model.name]; }
  std::int64_t Now() { return ++tick_ / squash_ * tick_ns_; }

  void Step(Model& model) {
    const int dice = Pick(1, 100);
    if (dice <= 25) {
      SendOne(model);
    } else if (dice <= 45) {
      Settle(model, static_cast<std::size_t>(Pick(0, producers_ - 1)));
    } else if (dice <= 65) {
      Answer(model);
    } else if (dice <= 88) {
      ReadSome(model, static_cast<std::size_t>(Pick(0, readers_ - 1)));
    } else if (dice <= 94) {
      Sample(model);
    } else if (dice <= 97) {
      Trim(model);
    } else {
      Restart();
    }
  }

  void SendOne(Model& model) {
    const int producer = Pick(0, producers_ - 1);
    Send send;
    send.t_ns = Now();
    send.producer = "p" + std::to_string(producer);
    send.seq = ++seq_;
    send.record = send.producer + "-" + std::to_string(send.seq);
    send.digest = std::to_string(random_());
    send.idempotent = producer != plain_producer_;
    Of(model).sends.push_back(send);
    model.unsettled[static_cast<std::size_t>(producer)].push_back(std::move(send));
  }

  // The broker decides about a producer's oldest send.
  void Settle(Model& model, std::size_t producer) {
    std::deque<Send>& sends = model.unsettled[producer];
    if (sends.empty()) return;
    const Send send = sends.front();
    sends.pop_front();
    Outcome outcome{.kind = OutcomeKind::kAck, .record = send.record};
    const int dice = Pick(1, 100);
    if (dice <= 6) {
      outcome.kind = OutcomeKind::kRefuse;
    } else if (dice <= 20) {
      outcome.kind = OutcomeKind::kUnknown;
      if (Chance(50)) Append(model, send);
      if (Chance(50) && !send.idempotent) Append(model, send);
    } else {
      outcome.offset = model.end();
      outcome.epoch = model.epoch;
      outcome.durability = Chance(90)   ? Durability::kFsync
                           : Chance(50) ? Durability::kOs
                                        : Durability::kMemory;
      Append(model, send);
    }
    model.unanswered.push_back(std::move(outcome));
  }

  void Append(Model& model, const Send& send) {
    model.log.push_back({.offset = model.end(),
                         .record = send.record,
                         .digest = send.digest,
                         .epoch = model.epoch,
                         .append_ms = tick_});
  }

  // Answers arrive in any order.
  void Answer(Model& model) {
    if (model.unanswered.empty()) return;
    const int index = Pick(0, static_cast<int>(model.unanswered.size()) - 1);
    Outcome outcome = model.unanswered[static_cast<std::size_t>(index)];
    model.unanswered.erase(model.unanswered.begin() + index);
    outcome.t_ns = Now();
    if (outcome.kind == OutcomeKind::kAck && Chance(20)) {  // Sent again, and answered only then.
      outcome.duplicate = true;
      outcome.epoch = model.epoch;
    }
    Of(model).outcomes.push_back(std::move(outcome));
  }

  void ReadSome(Model& model, std::size_t reader) {
    std::optional<std::int64_t>& next = model.next[reader];
    if (!next) next = Chance(70) ? model.start : PickOffset(model);
    next = std::max(*next, model.start);
    const std::int64_t begin_ns = Now();
    for (int i = Pick(1, 4); i > 0 && *next < model.end(); --i) {
      Read read;
      read.t_ns = Now();
      read.begin_ns = begin_ns;
      read.reader = "r" + std::to_string(reader);
      read.high_watermark = model.end();
      read.found = model.log[static_cast<std::size_t>((*next)++)];
      Of(model).reads.push_back(std::move(read));
    }
  }

  void Sample(Model& model) {
    Watermark sample;
    sample.begin_ns = Now();
    sample.t_ns = Now();
    sample.log_start = model.start;
    sample.high_watermark = model.end();
    if (Chance(60)) sample.durable_end = model.end();
    Of(model).watermarks.push_back(sample);
  }

  void Trim(Model& model) {
    const int end = static_cast<int>(model.end());
    // Seldom much, so that there is something to lose.
    model.start = std::min(end, Pick(static_cast<int>(model.start), end / 3 + 1));
    Of(model).trims.push_back({.t_ns = Now(), .log_start = model.start});
  }

  void Lead(Model& model) {
    Of(model).leads.push_back({.t_ns = Now(), .broker = "b1", .epoch = model.epoch});
  }

  void Restart() {
    const bool hard = Chance(70);
    const std::int64_t t_ns = Now();
    history_.brokers.push_back(
        {.t_ns = t_ns, .broker = "b1", .step = hard ? BrokerStep::kKill : BrokerStep::kStop});
    const std::int64_t back_ns = Now();
    history_.brokers.push_back({.t_ns = back_ns, .broker = "b1", .step = BrokerStep::kStart});
    history_.faults.push_back(
        {.t_ns = t_ns, .name = hard ? "kill" : "restart", .until_ns = back_ns});
    for (Model& model : models_) {
      model.epoch += Pick(1, 2);
      Lead(model);
    }
  }

  // Most sends are answered at last; some never are, and the log may or may not have them.
  void WindUp(Model& model) {
    SendOne(model);
    for (std::size_t producer = 0; producer < model.unsettled.size(); ++producer) {
      while (!model.unsettled[producer].empty()) Settle(model, producer);
    }
    while (!model.unanswered.empty() && !(Chance(10) && model.unanswered.size() < 3)) Answer(model);
    Send last{.t_ns = Now(), .producer = "last", .record = "last-" + model.name, .digest = "1"};
    Of(model).sends.push_back(last);
    Outcome ack{.t_ns = Now(),
                .kind = OutcomeKind::kAck,
                .record = last.record,
                .offset = model.end(),
                .epoch = model.epoch};
    Append(model, last);
    Of(model).outcomes.push_back(ack);
  }

  // The latest fault that still counts as one under load.
  void FaultAtTheLastSend() {
    std::int64_t last_ns = 0;
    for (const auto& [name, partition] : history_.partitions) {
      last_ns = std::max(last_ns, partition.sends.back().t_ns);
    }
    history_.faults.push_back({.t_ns = last_ns, .name = "slow-disk"});
  }

  void ReadAllBack(Model& model) {
    constexpr const char* kWays[] = {"client", "kcat", "files"};
    const int ways = Pick(1, 3);
    for (int i = 0; i < ways; ++i) {
      if (Chance(15)) Trim(model);  // Retention knows nothing of read-backs.
      Readback readback;
      readback.begin_ns = Now();
      readback.t_ns = Now();
      readback.way = kWays[i];
      readback.log_start = model.start;
      readback.log_end = model.end();
      readback.found.assign(model.log.begin() + model.start, model.log.end());
      Of(model).readbacks.push_back(std::move(readback));
    }
  }

  void MakePlan() {
    Plan& plan = history_.plan;
    std::int64_t acks = 0;
    std::int64_t reads = 0;
    for (const auto& [name, partition] : history_.partitions) {
      reads += static_cast<std::int64_t>(partition.reads.size());
      for (const Outcome& outcome : partition.outcomes) {
        if (outcome.kind == OutcomeKind::kAck) ++acks;
      }
    }
    plan.acks_min = std::max<std::int64_t>(1, acks - Pick(0, 5));
    plan.reads_min = std::max<std::int64_t>(0, reads - Pick(0, 5));
    for (const Fault& fault : history_.faults) plan.faults.push_back(fault.name);
    plan.append_time_ascends = Chance(50);
    if (Chance(50)) plan.answer_ms_max = tick_;
    if (Chance(50)) plan.progress_ms_max = tick_;
  }

  GeneratorOptions options_;
  std::mt19937_64 random_;
  std::int64_t tick_ = 0;
  std::int64_t tick_ns_ = kTickNs;
  std::int64_t squash_ = 1;
  int producers_ = 1;
  int readers_ = 1;
  int plain_producer_ = -1;  // Its sends are not idempotent.
  std::int64_t seq_ = 0;
  std::vector<Model> models_;
  History history_;
};

}  // namespace

History GenerateHistory(const GeneratorOptions& options) { return Generator(options).Run(); }

}  // namespace qalam::qa
