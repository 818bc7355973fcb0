#include "broker/partition/writer_thread.h"

#include <pthread.h>

#include "common/check.h"

namespace qalam {
namespace {

constexpr std::chrono::milliseconds kTick{500};

}  // namespace

WriterThread::WriterThread(std::int32_t number, PartitionContext context,
                           std::size_t mailbox_commands_max)
    : number_(number), context_(context), mailbox_(mailbox_commands_max) {}

WriterThread::~WriterThread() { QALAM_CHECK(!thread_.joinable()); }

void WriterThread::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), ("writer-" + std::to_string(number_)).c_str());
}

void WriterThread::Stop() {
  mailbox_.Close();
  Post([this] { stopping_.store(true); });
  if (thread_.joinable()) thread_.join();
  // Whoever posted after the last turn hears kShuttingDown when his command is destroyed.
  std::vector<PartitionCommand> late;
  mailbox_.Drain(late, std::chrono::nanoseconds(0));
}

bool WriterThread::TryPost(AppendCommand& command) {
  // The variant is made only for a command that is taken.
  PartitionCommand wrapped(std::move(command));
  if (mailbox_.TryPost(wrapped)) return true;
  command = std::move(std::get<AppendCommand>(wrapped));
  return false;
}

void WriterThread::Run() {
  while (!stopping_.load()) RunOnce(kTick);
}

void WriterThread::RunOnce(std::chrono::nanoseconds patience) {
  drained_.clear();
  mailbox_.Drain(drained_, patience);
  for (PartitionCommand& command : drained_) {
    std::visit([this](auto& held) { Handle(std::move(held)); }, command);
  }
  drained_.clear();
  for (std::size_t i = 0; i < to_pump_.size(); ++i) {
    Partition* const partition = to_pump_[i];
    if (partition == nullptr) continue;
    partition->queued_for_pump = false;
    partition->Pump();
  }
  to_pump_.clear();
  const MonotonicTime now = context_.clock.Now();
  if (now - last_tick_ < kTick) return;
  last_tick_ = now;
  for (auto& [handle, partition] : partitions_) partition->Tick(now);
}

void WriterThread::Handle(AppendCommand command) {
  PartitionHandle& handle = *command.partition;
  const bool gone = handle.state.load() == PartitionHandle::State::kGone;
  if (handle.owned == nullptr || gone || refusing_.load()) {
    const auto problem = handle.problem.Load();
    Error error(ErrorCode::kShuttingDown, "the broker is stopping; nothing was written");
    if (problem) {
      error = *problem;
    } else if (gone) {
      error = Error(ErrorCode::kUnknownTopic, "topic \"" + handle.name.topic + "\" was deleted");
    }
    if (command.stream) command.stream->failed_generation = command.generation;
    if (command.reply.pending()) command.reply(std::move(error));
    return;
  }
  Partition& partition = *handle.owned;
  partition.Take(std::move(command));
  QueuePump(partition);
}

void WriterThread::Handle(SyncDone done) {
  Partition* const partition = done.partition->owned;
  if (partition == nullptr) return;
  partition->OnSynced(std::move(done));
  QueuePump(*partition);
}

void WriterThread::QueuePump(Partition& partition) {
  if (partition.queued_for_pump) return;
  partition.queued_for_pump = true;
  to_pump_.push_back(&partition);
}

void WriterThread::Adopt(std::shared_ptr<PartitionHandle> handle, std::unique_ptr<Log> log) {
  QALAM_CHECK(handle->owned == nullptr);
  auto partition = std::make_unique<Partition>(context_, handle, std::move(log));
  handle->owned = partition.get();
  handle->state.store(PartitionHandle::State::kOpen);
  partitions_.emplace(handle.get(), std::move(partition));
}

std::unique_ptr<Partition> WriterThread::Release(PartitionHandle& handle) {
  const auto found = partitions_.find(&handle);
  if (found == partitions_.end()) return nullptr;
  std::unique_ptr<Partition> partition = std::move(found->second);
  partitions_.erase(found);
  for (Partition*& queued : to_pump_) {
    if (queued == partition.get()) queued = nullptr;
  }
  handle.owned = nullptr;
  return partition;
}

std::vector<Partition*> WriterThread::partitions() {
  std::vector<Partition*> all;
  all.reserve(partitions_.size());
  for (auto& [handle, partition] : partitions_) all.push_back(partition.get());
  return all;
}

}  // namespace qalam
