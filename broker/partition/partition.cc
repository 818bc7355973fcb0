#include "broker/partition/partition.h"

#include <algorithm>

#include "broker/partition/writer_thread.h"
#include "common/check.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::chrono::hours kSweepInterval{1};
constexpr int kSweepsUntilForgotten = 25;  // A producer is remembered for at least a day.

void Wake(TaskPool& pool, std::vector<HighWatermark::Wake> woken) {
  if (woken.empty()) return;
  pool.Post([woken = std::move(woken)]() mutable {
    for (auto& wake : woken) wake();
  });
}

}  // namespace

Partition::Partition(PartitionContext& context, std::shared_ptr<PartitionHandle> handle,
                     std::unique_ptr<Log> log)
    : context_(context),
      handle_(std::move(handle)),
      log_(std::move(log)),
      settings_(handle_->settings.Load()),
      last_sweep_(context.clock.Now()) {
  handle_->view.Store(log_->view());
  handle_->durable_offset.store(log_->durable_offset());
  RaiseHighWatermark(log_->end_offset());
}

void Partition::Take(AppendCommand command) { queued_.push_back(std::move(command)); }

void Partition::Pump() {
  const bool may_write = !sync_in_flight_ || !fsync_mode();
  if (!may_write) return;
  if (!sync_in_flight_) {
    auto tasks = std::move(when_idle_);
    when_idle_.clear();
    for (auto& task : tasks) task();
  }
  if (failed_) {
    FailAll(*log_->failed());
    return;
  }
  while (!queued_.empty() && (!sync_in_flight_ || !fsync_mode()) && when_idle_.empty()) {
    auto group = FormGroup();
    if (!group.empty()) WriteGroup(std::move(group));
    if (failed_) return;
  }
}

void Partition::TakeNewSettings() {
  auto settings = handle_->settings.Load();
  if (settings == settings_) return;
  if (const Status status = log_->Reconfigure(settings->log); !status.ok()) {
    Logger("partition")
        .warn("settings not taken tp={} error={}", handle_->name.ToString(),
              status.error().ToString());
    return;
  }
  settings_ = std::move(settings);
}

std::vector<Partition::Decision> Partition::FormGroup() {
  if (!sync_in_flight_) TakeNewSettings();
  const std::size_t bytes_max = static_cast<std::size_t>(
      std::min<std::uint64_t>(settings_->log.group_bytes_max, settings_->log.segment_bytes_max));
  std::vector<Decision> group;
  std::unordered_map<ProducerId, Ahead> ahead;
  std::size_t bytes = 0;
  Offset next = log_->end_offset();
  while (!queued_.empty()) {
    AppendCommand& command = queued_.front();
    const std::size_t batch_bytes = command.batch.size();
    if (!group.empty() && bytes + batch_bytes > bytes_max) break;
    const Step step = Decide(command, next, ahead, group);
    if (step == Step::kNextGroup) break;
    queued_.pop_front();
    if (step == Step::kTaken && group.back().stamped) {
      bytes += batch_bytes;
      next = group.back().stamped->header.next_offset();
    }
  }
  return group;
}

Partition::Step Partition::Decide(AppendCommand& command, Offset next,
                                  std::unordered_map<ProducerId, Ahead>& ahead,
                                  std::vector<Decision>& group) {
  if (command.stream && command.stream->failed_generation == command.generation) {
    Refuse(command,
           Error(ErrorCode::kPrecedingFailed, "an earlier batch of this stream was refused"));
    return Step::kRefused;
  }
  if (command.refused) {
    Refuse(command, std::move(*command.refused));
    return Step::kRefused;
  }
  if (command.deadline && *command.deadline <= context_.clock.Now()) {
    Refuse(command,
           Error(ErrorCode::kTimedOut, "the deadline passed in the queue; nothing was written"));
    return Step::kRefused;
  }
  const BatchHeader& header = command.header;
  Decision decision;
  const auto known = header.has_producer() ? ahead.find(header.producer_id) : ahead.end();
  if (known != ahead.end()) {
    // The log learns of the batches before this one only when the group is written: anything but
    // the next in sequence is judged then.
    if (header.producer_epoch != known->second.epoch ||
        header.base_sequence != known->second.next_sequence) {
      return Step::kNextGroup;
    }
  } else {
    auto verdict = log_->producers().Check(header);
    if (!verdict.ok()) {
      Refuse(command, std::move(verdict).error());
      return Step::kRefused;
    }
    if (verdict->duplicate) {
      decision.result.base_offset = verdict->base_offset;
      decision.result.last_offset = verdict->last_offset;
      decision.result.leader_epoch = handle_->leader_epoch;
      decision.result.duplicate = true;
      // It is as durable as the original: one whose place is forgotten lies below what is written
      // now.
      decision.needed = verdict->last_offset >= 0 ? verdict->last_offset + 1 : next;
      decision.command = std::move(command);
      group.push_back(std::move(decision));
      return Step::kTaken;
    }
  }
  if (command.expected_offset && *command.expected_offset != next) {
    Refuse(command, Error(ErrorCode::kUnexpectedOffset,
                          handle_->name.ToString() + " ends at offset " + std::to_string(next) +
                              ", not at " + std::to_string(*command.expected_offset))
                        .With("log_end_offset", next)
                        .With("expected_offset", *command.expected_offset));
    return Step::kRefused;
  }
  if (header.has_producer()) {
    ahead[header.producer_id] = {header.producer_epoch,
                                 BatchHeader::AddSequence(header.last_sequence(), 1)};
  }
  StampedBatch stamped;
  stamped.header = header;
  stamped.header.base_offset = next;
  stamped.header.leader_epoch = handle_->leader_epoch;
  stamped.records = command.batch.view().subspan(kBatchHeaderBytes);
  decision.result.base_offset = next;
  decision.result.last_offset = stamped.header.last_offset();
  decision.result.leader_epoch = handle_->leader_epoch;
  if (header.log_append_time()) decision.result.append_time = header.max_timestamp;
  decision.needed = stamped.header.next_offset();
  decision.stamped = stamped;
  decision.command = std::move(command);
  group.push_back(std::move(decision));
  return Step::kTaken;
}

void Partition::Refuse(AppendCommand& command, Error error) {
  if (command.stream) command.stream->failed_generation = command.generation;
  if (command.reply.pending()) command.reply(std::move(error));
  command.budget = {};
}

void Partition::WriteGroup(std::vector<Decision> group) {
  std::vector<StampedBatch> batches;
  batches.reserve(group.size());
  for (const Decision& decision : group) {
    if (decision.stamped) batches.push_back(*decision.stamped);
  }
  if (!batches.empty()) {
    Status written = OkStatus();
    if (!announced_dirty_) written = context_.dirty.Add(handle_->name.ToString());
    if (written.ok()) {
      announced_dirty_ = true;
      written = log_->AppendGroup(batches);
    }
    if (!written.ok()) {
      const bool untouched = !log_->failed().has_value();
      const Error error = untouched ? written.error()
                                    : Error(ErrorCode::kAmbiguous,
                                            "the write failed: " + written.error().message());
      for (Decision& decision : group) Refuse(decision.command, error);
      if (!untouched) FailAll(written.error());
      return;
    }
    handle_->view.Store(log_->view());
  }
  for (Decision& decision : group) {
    waiting_.push_back({decision.needed, decision.result, std::move(decision.command.reply),
                        std::move(decision.command.budget)});
  }
  if (fsync_mode()) {
    // Only duplicates in it, and nothing under way: their originals are durable.
    if (batches.empty()) ReleaseAcks(log_->durable_offset(), Durability::kFsync);
    StartSync();
  } else {
    ReleaseAcks(log_->end_offset(), Durability::kOs);
    RaiseHighWatermark(log_->end_offset());
  }
}

void Partition::StartSync() {
  if (sync_in_flight_) return;
  auto ticket = log_->BeginSync();
  if (!ticket) return;
  sync_in_flight_ = true;
  last_sync_ = context_.clock.Now();
  context_.sync_pool.Post([handle = handle_, ticket = std::move(ticket)]() mutable {
    Status status = ticket->Run();
    WriterThread& writer = handle->writer;
    writer.Post(SyncDone{std::move(handle), std::move(ticket), std::move(status)});
  });
}

void Partition::OnSynced(SyncDone done) {
  sync_in_flight_ = false;
  const Result<Offset> durable = log_->OnSynced(std::move(done.ticket), done.status);
  if (!durable.ok()) {
    FailAll(durable.error());
    return;
  }
  handle_->durable_offset.store(*durable);
  if (fsync_mode()) {
    ReleaseAcks(*durable, Durability::kFsync);
    RaiseHighWatermark(*durable);
  }
}

void Partition::ReleaseAcks(Offset level, Durability durability) {
  while (!waiting_.empty() && waiting_.front().needed <= level) {
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    waiting.result.durability = durability;
    if (waiting.reply.pending()) waiting.reply(waiting.result);
  }
}

void Partition::RaiseHighWatermark(Offset offset) {
  Wake(context_.reader_pool, handle_->high_watermark.Raise(offset));
}

void Partition::FailAll(const Error& cause) {
  const bool first = !failed_;
  failed_ = true;
  for (Waiting& waiting : waiting_) {
    if (waiting.reply.pending()) {
      waiting.reply(
          Error(ErrorCode::kAmbiguous, "written, but the sync failed: " + cause.message()));
    }
  }
  waiting_.clear();
  RefuseQueued(Error(ErrorCode::kLogFailed, cause.message()));
  if (!first) return;
  handle_->problem.Store(std::make_shared<const Error>(ErrorCode::kLogFailed, cause.message()));
  handle_->state.store(PartitionHandle::State::kOffline);
  Wake(context_.reader_pool, handle_->high_watermark.Close());
  context_.on_log_failure(cause);
}

void Partition::RefuseQueued(const Error& error) {
  while (!queued_.empty()) {
    Refuse(queued_.front(), error);
    queued_.pop_front();
  }
}

void Partition::WhenIdle(UniqueFunction<void()> task) {
  when_idle_.push_back(std::move(task));
  Pump();
}

void Partition::Tick(MonotonicTime now) {
  if (failed_) return;
  if (const Status status = log_->Tick(now); !status.ok()) {
    FailAll(status.error());
    return;
  }
  handle_->view.Store(log_->view());
  if (now - last_sweep_ >= kSweepInterval) {
    last_sweep_ = now;
    log_->producers().SweepIdle(kSweepsUntilForgotten);
  }
  const auto interval = settings_->log.flush_mode == FlushMode::kOs
                            ? settings_->log.checkpoint_interval
                            : settings_->log.flush_interval;
  // Under fsync a ticket can only be for a checkpoint that is due: everything else syncs at once.
  if (fsync_mode() || now - last_sync_ >= interval) StartSync();
}

}  // namespace qalam
