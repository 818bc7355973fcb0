#include "broker/metadata/controller.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <variant>

#include "broker/metadata/controller_state.h"
#include "common/check.h"
#include "common/logging.h"
#include "common/mailbox.h"
#include "common/published.h"
#include "common/thread_role.h"

namespace qalam {
namespace {

spdlog::logger& Log() {
  static spdlog::logger& log = Logger("metadata");
  return log;
}

using Config = std::map<std::string, std::string>;

struct CreateCommand {
  Controller::NewTopic topic;
  Controller::TopicReply reply;
};
struct DeleteCommand {
  std::string name;
  bool validate_only = false;
  Controller::TopicReply reply;
};
struct AlterCommand {
  std::string name;
  Controller::ConfigChange change;
  Controller::TopicReply reply;
};
struct ProducerIdCommand {
  Reply<ProducerId> reply;
};
struct ConfigCommand {
  Controller::ConfigChange change;
  Reply<Config> reply;
};
struct DefaultsCommand {
  TopicConfig defaults;
  Reply<Unit> reply;
};
struct StopCommand {};
using Command = std::variant<CreateCommand, DeleteCommand, AlterCommand, ProducerIdCommand,
                             ConfigCommand, DefaultsCommand, StopCommand>;

// As Kafka: an id that opens with '-' looks like an option to every command line.
Uuid NewTopicId() {
  while (true) {
    const Uuid id = Uuid::Random();
    if (id.ToString().front() != '-') return id;
  }
}

std::shared_ptr<const TopicImage> WithoutId(const TopicImage& image) {
  auto checked = std::make_shared<TopicImage>(image);
  checked->id = Uuid{};
  return checked;
}

class ControllerThread final : public Controller {
 public:
  ControllerThread(MetadataStore& store, ControllerState state, std::size_t mailbox_commands_max)
      : store_(store),
        state_(std::move(state)),
        mailbox_(mailbox_commands_max),
        image_(state_.MakeImage()),
        dynamic_config_(std::make_shared<const Config>(state_.dynamic_config())) {}
  ~ControllerThread() override { QALAM_CHECK(!thread_.joinable()); }

  void Start() override {
    thread_ = std::thread([this] { Run(); });
  }
  void Stop() override {
    closed_.store(true, std::memory_order_release);
    mailbox_.Close();
    mailbox_.Post(StopCommand{});
    if (thread_.joinable()) thread_.join();
  }

  void CreateTopic(NewTopic topic, TopicReply reply) override {
    Send(CreateCommand{std::move(topic), std::move(reply)});
  }
  void DeleteTopic(std::string name, bool validate_only, TopicReply reply) override {
    Send(DeleteCommand{std::move(name), validate_only, std::move(reply)});
  }
  void AlterTopic(std::string name, ConfigChange change, TopicReply reply) override {
    Send(AlterCommand{std::move(name), std::move(change), std::move(reply)});
  }
  void NextProducerId(Reply<ProducerId> reply) override {
    Send(ProducerIdCommand{std::move(reply)});
  }
  void SetDynamicConfig(ConfigChange change, Reply<Config> reply) override {
    Send(ConfigCommand{std::move(change), std::move(reply)});
  }
  void SetTopicDefaults(TopicConfig defaults, Reply<Unit> reply) override {
    Send(DefaultsCommand{defaults, std::move(reply)});
  }
  Config dynamic_config() const override { return *dynamic_config_.Load(); }
  std::shared_ptr<const ClusterImage> image() const override { return image_.Load(); }

 private:
  template <typename C>
  void Send(C question) {
    Command command(std::move(question));
    if (mailbox_.TryPost(command)) return;
    if (closed_.load(std::memory_order_acquire)) return;  // The reply says so when it is dropped.
    std::get<C>(command).reply(
        Error(ErrorCode::kOverloaded, "the controller's queue is full; nothing was changed"));
  }

  void Run();
  // Makes `plan` durable, then visible. The state is untouched when the store refuses.
  Status Commit(const ControllerPlan& plan);

  void Do(CreateCommand& command);
  void Do(DeleteCommand& command);
  void Do(AlterCommand& command);
  void Do(ProducerIdCommand& command);
  void Do(ConfigCommand& command);
  void Do(DefaultsCommand& command);
  void Do(StopCommand&) {}

  MetadataStore& store_;
  ThreadRole owner_;
  ControllerState state_ QALAM_GUARDED_BY(owner_);
  ProducerId producer_id_next_ QALAM_GUARDED_BY(owner_) = 0;
  ProducerId producer_id_end_ QALAM_GUARDED_BY(owner_) = 0;
  Mailbox<Command> mailbox_;
  std::atomic<bool> closed_ = false;
  Published<ClusterImage> image_;
  Published<Config> dynamic_config_;
  std::thread thread_;
};

void ControllerThread::Run() {
  owner_.AssertHeld();
  constexpr std::chrono::seconds kPatience{60};
  std::vector<Command> commands;
  while (true) {
    commands.clear();
    mailbox_.Drain(commands, kPatience);
    for (Command& command : commands) {
      if (std::holds_alternative<StopCommand>(command)) return;
      std::visit([this](auto& question) { Do(question); }, command);
    }
  }
}

Status ControllerThread::Commit(const ControllerPlan& plan) {
  owner_.AssertHeld();
  QALAM_ASSIGN_OR_RETURN(const std::uint64_t revision, store_.CompareAndSet(plan.changes));
  state_.Apply(plan, revision);
  if (!plan.topics.empty() || !plan.deleted_topics.empty()) image_.Store(state_.MakeImage());
  return OkStatus();
}

void ControllerThread::Do(CreateCommand& command) {
  owner_.AssertHeld();
  Result<ControllerPlan> plan = state_.CreateTopic(command.topic, NewTopicId());
  if (!plan.ok()) return command.reply(plan.error());
  std::shared_ptr<const TopicImage> image = plan->topics.front();
  if (command.topic.validate_only) return command.reply(WithoutId(*image));
  if (const Status done = Commit(*plan); !done.ok()) return command.reply(done.error());
  Log().info("topic created topic={} id={} partitions={}", image->name, image->id.ToString(),
             image->partitions.size());
  command.reply(std::move(image));
}

void ControllerThread::Do(DeleteCommand& command) {
  owner_.AssertHeld();
  Result<ControllerPlan> plan = state_.DeleteTopic(command.name);
  if (!plan.ok()) return command.reply(plan.error());
  std::shared_ptr<const TopicImage> image = state_.topic(command.name);
  if (command.validate_only) return command.reply(WithoutId(*image));
  if (const Status done = Commit(*plan); !done.ok()) return command.reply(done.error());
  Log().info("topic deleted topic={} id={} partitions={}", image->name, image->id.ToString(),
             image->partitions.size());
  command.reply(std::move(image));
}

void ControllerThread::Do(AlterCommand& command) {
  owner_.AssertHeld();
  Result<ControllerPlan> plan = state_.AlterTopic(command.name, command.change);
  if (!plan.ok()) return command.reply(plan.error());
  std::shared_ptr<const TopicImage> image = plan->topics.front();
  if (command.change.validate_only) return command.reply(WithoutId(*image));
  if (const Status done = Commit(*plan); !done.ok()) return command.reply(done.error());
  Log().info("topic altered topic={} settings={}", image->name, image->overrides.size());
  command.reply(std::move(image));
}

void ControllerThread::Do(ProducerIdCommand& command) {
  owner_.AssertHeld();
  if (producer_id_next_ == producer_id_end_) {
    const ProducerId from = state_.next_producer_id();
    const ControllerPlan plan = state_.TakeProducerIds();
    if (const Status done = Commit(plan); !done.ok()) return command.reply(done.error());
    producer_id_next_ = from;
    producer_id_end_ = state_.next_producer_id();
  }
  command.reply(producer_id_next_++);
}

void ControllerThread::Do(ConfigCommand& command) {
  owner_.AssertHeld();
  const ControllerPlan plan = state_.ChangeDynamicConfig(command.change);
  if (command.change.validate_only) return command.reply(*plan.dynamic_config);
  if (const Status done = Commit(plan); !done.ok()) return command.reply(done.error());
  dynamic_config_.Store(std::make_shared<const Config>(state_.dynamic_config()));
  command.reply(state_.dynamic_config());
}

void ControllerThread::Do(DefaultsCommand& command) {
  owner_.AssertHeld();
  if (const Status done = state_.SetTopicDefaults(command.defaults); !done.ok()) {
    return command.reply(done.error());
  }
  image_.Store(state_.MakeImage());
  command.reply(Unit{});
}

}  // namespace

Result<std::unique_ptr<Controller>> Controller::Create(MetadataStore& store, const Clock& clock,
                                                       ControllerOptions options) {
  const std::size_t mailbox_commands_max = options.mailbox_commands_max;
  const MonotonicTime begin = clock.Now();
  QALAM_ASSIGN_OR_RETURN(const auto entries, store.List(""));
  QALAM_ASSIGN_OR_RETURN(ControllerState state, ControllerState::Load(std::move(options), entries));
  const ControllerPlan plan = state.StartPlan();
  QALAM_ASSIGN_OR_RETURN(const std::uint64_t revision, store.CompareAndSet(plan.changes));
  state.Apply(plan, revision);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock.Now() - begin);
  Log().info("metadata loaded topics={} changes={} took_ms={}", plan.topics.size(),
             plan.changes.size(), took.count());
  return std::unique_ptr<Controller>(
      std::make_unique<ControllerThread>(store, std::move(state), mailbox_commands_max));
}

}  // namespace qalam
