#include "broker/partition/writer_thread.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/turn.h"

namespace qalam {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr std::chrono::nanoseconds kAwaitMax = std::chrono::microseconds(100);

Error Stopping() {
  return Error(ErrorCode::kShuttingDown, "the broker is stopping; nothing was written");
}

void Refuse(AppendCommand& command, Error error) {
  if (command.stream) command.stream->Fail(command.generation);
  command.budget = {};
  if (command.reply.pending()) command.reply(std::move(error));
}

}  // namespace

WriterThread::WriterThread(std::int32_t number, PartitionContext context,
                           std::size_t mailbox_commands_max, DecisionRing* decisions)
    : number_(number), context_(context), decisions_(decisions), mailbox_(mailbox_commands_max) {}

WriterThread::~WriterThread() { QALAM_CHECK(!thread_.joinable()); }

void WriterThread::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), ("writer-" + std::to_string(number_)).c_str());
}

void WriterThread::Stop() {
  RefuseAppends();
  Post([this] { stopping_.store(true); });
  if (thread_.joinable()) thread_.join();
  owner_.Release();
  // What nobody runs any more: replies are answered kShuttingDown as the commands are destroyed.
  mailbox_.Seal();
}

bool WriterThread::TryPost(AppendCommand& command) {
  if (refusing_.load()) {
    Refuse(command, Stopping());
    return true;
  }
  const std::shared_ptr<PartitionHandle> partition = command.partition;
  PartitionCommand wrapped(std::move(command));
  if (mailbox_.TryPost(wrapped, [&] { return partition->collecting.load(); })) return true;
  command = std::move(std::get<AppendCommand>(wrapped));
  // It became closed in between.
  if (!refusing_.load()) return false;
  Refuse(command, Stopping());
  return true;
}

void WriterThread::Deliver(PartitionCommand command) {
  if (!mailbox_.PostOrStandIn(std::move(command))) return;
  const Actor::Scope scope(actor_);
  owner_.AssertHeld();
  RunOnce(std::chrono::nanoseconds(0));
  mailbox_.EndStandIn(stopping_.load() || next_due_ < waits_for_, [](const auto& waiting) {
    const auto* const append = std::get_if<AppendCommand>(&waiting);
    return append != nullptr && append->partition->collecting.load();
  });
}

void WriterThread::Run() {
  while (!stopping_.load()) RunOnce(kTick);
}

void WriterThread::RunOnce(std::chrono::nanoseconds patience) {
  owner_.AssertHeld();
  if (!timed_.empty()) {
    const auto left = std::max(MonotonicTime::zero(), next_due_ - context_.clock.Now());
    patience = std::min<std::chrono::nanoseconds>(patience, left);
  }
  if (patience.count() > 0) {  // It may be stood in for.
    actor_ = Actor::Current();
    waits_for_ = next_due_;
  }
  mailbox_.Drain(drained_, patience);
  HandleDrained();
  LookForArrivals();
  {
    const Turn turn;
    PumpAll();
    CloseArrivals();
    const MonotonicTime now = context_.clock.Now();
    if (now >= next_due_) RunWhatIsDue(now);
    if (now - last_tick_ >= kTick) {
      last_tick_ = now;
      for (auto& [handle, partition] : partitions_) partition->Tick(now);
    }
  }
}

void WriterThread::HandleDrained() {
  owner_.AssertHeld();
  // What it acknowledges is sent before the next group is written.
  const Turn turn;
  for (PartitionCommand& command : drained_) {
    std::visit([this](auto& held) { Handle(std::move(held)); }, command);
  }
  drained_.clear();
}

void WriterThread::TakeMore() {
  mailbox_.Drain(drained_, std::chrono::nanoseconds(0));
  HandleDrained();
}

void WriterThread::LookForArrivals() {
  owner_.AssertHeld();
  std::size_t missing = 0;
  for (std::size_t i = 0; i < synced_.size();) {
    while (i < synced_.size()) missing += synced_[i++]->arrivals.Look();
    TakeMore();  // More may have come back from a sync.
  }
  if (missing > 0) AwaitArrivals(missing);
}

// Those who were answered just now are often back with their next batch before a sync would be: in
// one group with the others they cost one sync, not one for each half. Never longer than that sync
// would take, and only where nobody else waits for this thread.
void WriterThread::AwaitArrivals(std::size_t missing) {
  owner_.AssertHeld();
  const auto alone = [this] { return synced_.size() == 1 && to_pump_.size() == 1; };
  if (!alone() || to_pump_[0] == nullptr) return;
  const auto end = std::chrono::steady_clock::now() + std::min(kAwaitMax, to_pump_[0]->sync_took());
  while (missing > 0 && alone() && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
    missing = synced_[0]->arrivals.Look();
    TakeMore();
  }
}

// Where no next group is on its way.
void WriterThread::CloseArrivals() {
  owner_.AssertHeld();
  for (const auto& partition : synced_) {
    if (!partition->collecting.load()) partition->arrivals.Close();
  }
  synced_.clear();
}

void WriterThread::PumpAll() {
  owner_.AssertHeld();
  for (std::size_t i = 0; i < to_pump_.size(); ++i) {
    Partition* const partition = to_pump_[i];
    if (partition == nullptr) continue;
    partition->queued_for_pump = false;
    partition->Pump();
    const auto due = partition->due();
    if (!due) continue;
    next_due_ = std::min(next_due_, *due);
    if (std::exchange(partition->queued_for_due, true)) continue;
    timed_.push_back(partition);
  }
  to_pump_.clear();
  SendAnnouncement();
}

void WriterThread::Announce(std::shared_ptr<PartitionHandle> partition) {
  owner_.AssertHeld();
  to_announce_.push_back(std::move(partition));
}

void WriterThread::SendAnnouncement() {
  owner_.AssertHeld();
  if (announcement_in_flight_ || to_announce_.empty()) return;
  announcement_in_flight_ = true;
  context_.sync_pool.Post(
      [this, &dirty = context_.dirty, partitions = std::exchange(to_announce_, {})]() mutable {
        std::vector<std::string> names;
        names.reserve(partitions.size());
        for (const auto& partition : partitions) names.push_back(partition->name.ToString());
        Status status = dirty.Add(names);
        Deliver(DirtyAnnounced{std::move(partitions), std::move(status)});
      });
}

void WriterThread::RunWhatIsDue(MonotonicTime now) {
  owner_.AssertHeld();
  MonotonicTime next = MonotonicTime::max();
  std::erase_if(timed_, [&](Partition* partition) {
    auto due = partition->due();
    if (due && *due <= now) {
      partition->RunDue(now);
      due = partition->due();
    }
    partition->queued_for_due = due.has_value();
    if (due) next = std::min(next, *due);
    return !due.has_value();
  });
  next_due_ = next;
}

void WriterThread::Handle(AppendCommand command) {
  PartitionHandle& handle = *command.partition;
  if (handle.owned == nullptr || handle.state.load() == PartitionHandle::State::kGone) {
    const auto problem = handle.problem.Load();
    Refuse(command, problem ? *problem : Stopping());
    return;
  }
  if (refusing_.load()) {
    Refuse(command, Stopping());
    return;
  }
  Partition& partition = *handle.owned;
  partition.Take(std::move(command));
  QueuePump(partition);
}

void WriterThread::Handle(DirtyAnnounced announced) {
  owner_.AssertHeld();
  announcement_in_flight_ = false;
  for (const auto& handle : announced.partitions) {
    Partition* const partition = handle->owned;
    if (partition == nullptr) continue;
    partition->OnAnnounced(announced.status);
    QueuePump(*partition);
  }
}

void WriterThread::Handle(EpochBegun begun) {
  Partition* const partition = begun.partition->owned;
  if (partition == nullptr) return;
  partition->OnEpochBegun(std::move(begun));
  QueuePump(*partition);
}

void WriterThread::Handle(SyncDone done) {
  owner_.AssertHeld();
  Partition* const partition = done.partition->owned;
  if (partition == nullptr) return;
  synced_.push_back(done.partition);
  partition->OnSynced(std::move(done));
  QueuePump(*partition);
}

void WriterThread::QueuePump(Partition& partition) {
  owner_.AssertHeld();
  if (partition.queued_for_pump) return;
  partition.queued_for_pump = true;
  to_pump_.push_back(&partition);
}

void WriterThread::Adopt(std::shared_ptr<PartitionHandle> handle, std::unique_ptr<Log> log) {
  owner_.AssertHeld();
  QALAM_CHECK(handle->owned == nullptr);
  auto partition = std::make_unique<Partition>(context_, handle, std::move(log));
  handle->owned = partition.get();
  handle->state.store(PartitionHandle::State::kOpen);
  partitions_.emplace(handle.get(), std::move(partition));
}

std::unique_ptr<Partition> WriterThread::Release(PartitionHandle& handle) {
  owner_.AssertHeld();
  const auto found = partitions_.find(&handle);
  if (found == partitions_.end()) return nullptr;
  std::unique_ptr<Partition> partition = std::move(found->second);
  partitions_.erase(found);
  for (Partition*& queued : to_pump_) {
    if (queued == partition.get()) queued = nullptr;
  }
  std::erase(timed_, partition.get());
  handle.owned = nullptr;
  return partition;
}

std::vector<Partition*> WriterThread::partitions() {
  owner_.AssertHeld();
  std::vector<Partition*> all;
  all.reserve(partitions_.size());
  for (auto& [handle, partition] : partitions_) all.push_back(partition.get());
  return all;
}

}  // namespace qalam
