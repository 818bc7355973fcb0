#include "broker/partition/partition.h"

#include <algorithm>

#include "broker/partition/writer_thread.h"
#include "common/check.h"
#include "common/logging.h"
#include "common/mutant.h"

namespace qalam {
namespace {

constexpr std::chrono::hours kSweepInterval{1};
constexpr std::size_t kSyncsWaitingMax = 64;
constexpr int kSweepsUntilForgotten = 25;  // A producer is remembered for at least a day.

}  // namespace

Partition::Partition(PartitionContext& context, std::shared_ptr<PartitionHandle> handle,
                     std::unique_ptr<Log> log)
    : context_(context),
      handle_(std::move(handle)),
      log_(std::move(log)),
      settings_(handle_->settings.Load()),
      reader_wakes_(handle_->high_watermark, context.wake_pool),
      decisions_(handle_->writer.decisions(), *handle_, context.clock),
      last_sync_(context.clock.Now()),
      last_sweep_(context.clock.Now()) {
  PublishView();
  handle_->durable_offset.store(log_->durable_offset());
  reader_wakes_.Raise(log_->end_offset(), last_sync_);
}

Partition::~Partition() {
  AnswerWaiting(Error(ErrorCode::kAmbiguous, "written, but the broker stopped before the sync"));
  RefuseQueued(Error(ErrorCode::kShuttingDown, "the broker is stopping; nothing was written"));
}

void Partition::Take(AppendCommand command) { queued_.push_back(std::move(command)); }

void Partition::Pump() {
  if (!failed_ && context_.directory.failed()) FailAll(context_.directory.error());
  if (failed_) RefuseQueued(context_.directory.error());
  RunIdleTasks();
  while (!queued_.empty() && when_idle_.empty() && may_write() && !failed_) {
    if (announced_) {
      WriteGroup();
    } else {
      Announce();
    }
  }
}

void Partition::RunIdleTasks() {
  if (sync_in_flight_ || announcing_) return;
  auto tasks = std::exchange(when_idle_, {});
  for (auto& task : tasks) task();
}

void Partition::WhenIdle(UniqueFunction<void()> task) {
  when_idle_.push_back(std::move(task));
  RunIdleTasks();
}

// The first append of this run: an unclean stop from here on leaves the log in doubt, and the next
// start must know. Then where the epoch begins is made durable, and only then it is written.
void Partition::Announce() {
  announcing_ = true;
  handle_->writer.Announce(handle_);
}

void Partition::OnAnnounced(const Status& status) {
  if (failed_ || winding_down_) {  // Nothing is written any more.
    announcing_ = false;
    return;
  }
  auto ticket = status.ok() ? log_->BeginEpoch(handle_->leader_epoch) : nullptr;
  if (!ticket) {
    EndAnnouncement(status);
    return;
  }
  context_.sync_pool.Post([handle = handle_, ticket = std::move(ticket)]() mutable {
    Status begun = ticket->Run();
    WriterThread& writer = handle->writer;
    writer.Deliver(EpochBegun{std::move(handle), std::move(ticket), std::move(begun)});
  });
}

void Partition::OnEpochBegun(EpochBegun begun) {
  const Status status = log_->OnEpochBegun(std::move(begun.ticket), begun.status);
  if (log_->failed()) {
    announcing_ = false;
    FailAll(*log_->failed());
  } else {
    EndAnnouncement(status);
  }
}

void Partition::EndAnnouncement(const Status& status) {
  announcing_ = false;
  announced_ = status.ok();
  if (status.ok()) return;
  RefuseQueued(status.error());
  NoteRefusal(status.error());
}

void Partition::NoteRefusal(const Error& error) {
  if (!refused_last_) {
    Logger("partition")
        .warn("appends refused tp={} error={}", handle_->name.ToString(), error.ToString());
  }
  refused_last_ = true;
  handle_->write_refusal.Store(
      std::make_shared<const WriteRefusal>(WriteRefusal{error, context_.clock.Now()}));
}

void Partition::NoteWritten() {
  if (!refused_last_) return;
  refused_last_ = false;
  handle_->write_refusal.Store(nullptr);
  Logger("partition").info("appends taken again tp={}", handle_->name.ToString());
}

void Partition::ApplySettings() {
  WhenIdle([this] { TakeNewSettings(); });
}

void Partition::TakeNewSettings() {
  auto settings = handle_->settings.Load();
  if (settings == settings_ || settings == refused_settings_ || failed_) return;
  if (const Status status = log_->Reconfigure(settings->log); !status.ok()) {
    Logger("partition")
        .warn("settings not taken tp={} error={}", handle_->name.ToString(),
              status.error().ToString());
    refused_settings_ = std::move(settings);
    if (log_->failed()) FailAll(status.error());
    return;
  }
  settings_ = std::move(settings);
  // Reconfigure may have synced; and under another flush mode another end is visible.
  unsynced_since_.reset();
  handle_->durable_offset.store(log_->durable_offset());
}

void Partition::WriteGroup() {
  if (!sync_in_flight_) TakeNewSettings();
  if (failed_) return;
  GroupRules rules{handle_->name, log_->producers(), fence_};
  rules.end_offset = log_->end_offset();
  rules.leader_epoch = handle_->leader_epoch;
  rules.bytes_max = static_cast<std::size_t>(
      std::min<std::uint64_t>(settings_->log.group_bytes_max, settings_->log.segment_bytes_max));
  rules.now = context_.clock.Now();
  decisions_.TakeReadMark();
  AppendGroup group = FormGroup(queued_, rules);
  for (RefusedBatch& refused : group.refused) {
    Refuse(refused.command, std::move(refused.error), refused.log_end);
  }
  if (group.entries.empty()) return;

  const auto batches = group.Batches();
  GroupTimes times;
  times.formed = rules.now;
  if (!batches.empty()) {
    times.begun = context_.clock.Now();
    if (const Status written = log_->AppendGroup(batches); !written.ok()) {
      const bool goes_on = !log_->failed().has_value();
      const Error error =
          goes_on ? written.error()
                  : Error(ErrorCode::kAmbiguous, "the write failed: " + written.error().message());
      for (GroupEntry& entry : group.entries) Refuse(entry.command, error, rules.end_offset);
      if (goes_on) NoteRefusal(error);
      if (!goes_on) FailAll(written.error());
      return;
    }
    PublishView();
    NoteWritten();
    times.written = context_.clock.Now();
    Count(group, times.written - times.begun);
    if (!unsynced_since_) unsynced_since_ = rules.now;
  }
  decisions_.OnWritten(group, times);
  for (GroupEntry& entry : group.entries) {
    if (!entry.stamped) handle_->stats.duplicates.Add(1);
    waiting_.push_back({entry.needed, entry.result, entry.command.deadline,
                        std::move(entry.command.reply), std::move(entry.command.budget)});
  }
  if (!fsync_mode()) {
    ReleaseAcks(log_->end_offset(), Durability::kOs);
    return;
  }
  StartSync();
  if (MutantIs(Mutant::kAckBeforeSync)) ReleaseAcks(log_->end_offset(), Durability::kFsync);
  if (MutantIs(Mutant::kServeAboveDurable)) {
    reader_wakes_.Raise(log_->end_offset(), context_.clock.Now());
  }
  // Only duplicates in it, so there is nothing to sync: their originals are durable.
  if (!sync_in_flight_) ReleaseAcks(log_->durable_offset(), Durability::kFsync);
}

void Partition::Count(const AppendGroup& group, std::chrono::nanoseconds write) {
  PartitionStats& stats = handle_->stats;
  std::uint64_t batches = 0;
  std::uint64_t bytes = 0;
  for (const GroupEntry& entry : group.entries) {
    if (!entry.stamped) continue;
    ++batches;
    bytes += entry.command.batch.size();
    stats.records.Add(static_cast<std::uint64_t>(entry.command.header.records_count));
  }
  stats.batches.Add(batches);
  stats.bytes.Add(bytes);
  WriterStats& writer = handle_->writer.stats();
  writer.group_batches.Add(batches);
  writer.group_bytes.Add(bytes);
  writer.write_nanoseconds.Add(static_cast<std::uint64_t>(write.count()));
}

void Partition::StartSync() {
  if (sync_in_flight_ || failed_ || winding_down_) return;
  auto ticket = log_->BeginSync();
  if (!ticket) return;
  sync_in_flight_ = true;
  handle_->collecting.store(fsync_mode());
  if (fsync_mode()) handle_->arrivals.Open();
  unsynced_since_.reset();
  last_sync_ = context_.clock.Now();
  context_.sync_pool.PostNext([handle = handle_, ticket = std::move(ticket)]() mutable {
    Status status = ticket->Run();
    WriterThread& writer = handle->writer;
    writer.Deliver(SyncDone{std::move(handle), std::move(ticket), std::move(status)});
  });
}

void Partition::OnSynced(SyncDone done) {
  sync_in_flight_ = false;
  handle_->collecting.store(false);
  sync_took_ = context_.clock.Now() - last_sync_;
  handle_->writer.stats().sync_nanoseconds.Add(static_cast<std::uint64_t>(sync_took_.count()));
  const Result<Offset> durable = log_->OnSynced(std::move(done.ticket), done.status);
  if (!durable.ok()) {
    FailAll(durable.error());
  } else if (context_.directory.failed()) {
    FailAll(context_.directory.error());
  } else {
    handle_->durable_offset.store(*durable);
    if (fsync_mode()) ReleaseAcks(*durable, Durability::kFsync);
    if (MutantIs(Mutant::kWriteAheadOfSync)) StartSync();  // What was written meanwhile.
  }
}

void Partition::ReleaseAcks(Offset level, Durability durability) {
  const MonotonicTime now = context_.clock.Now();
  // Readable first: who hears that his record is there must find it.
  reader_wakes_.Raise(level, now);
  if (level >= log_->end_offset()) decisions_.OnAcknowledged(now, durability);
  while (!waiting_.empty() && waiting_.front().needed <= level) {
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    waiting.result.durability = durability;
    if (waiting.reply.pending()) waiting.reply(waiting.result);
  }
}

void Partition::Refuse(AppendCommand& command, Error error, Offset log_end) {
  decisions_.OnRefused(command, error, log_end, context_.clock.Now());
  if (command.stream) command.stream->Fail(command.generation);
  handle_->stats.refused.Add(1);
  handle_->writer.stats().refused.at(static_cast<std::size_t>(error.code())).Add(1);
  command.budget = {};
  if (command.reply.pending()) command.reply(std::move(error));
}

void Partition::WindDown(const Error& error) {
  decisions_.TakeReadMark();
  winding_down_ = true;
  RefuseQueued(error);
}

void Partition::RefuseQueued(const Error& error) {
  while (!queued_.empty()) {
    AppendCommand command = std::move(queued_.front());
    queued_.pop_front();
    Refuse(command, error, log_->end_offset());
  }
}

void Partition::AnswerWaiting(const Error& error) {
  while (!waiting_.empty()) {
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    if (waiting.reply.pending()) waiting.reply(error);
  }
}

void Partition::FailAll(const Error& cause) {
  if (failed_) return;
  failed_ = true;
  context_.directory.Fail(cause);
  const Error error = context_.directory.error();
  handle_->problem.Store(std::make_shared<const Error>(error));
  handle_->state.store(PartitionHandle::State::kOffline);
  AnswerWaiting(
      Error(ErrorCode::kAmbiguous, "written, but not known to be durable: " + cause.message()));
  RefuseQueued(error);
  reader_wakes_.Close();
}

std::optional<MonotonicTime> Partition::flush_due() const {
  if (settings_->log.flush_mode != FlushMode::kInterval) return std::nullopt;
  if (!unsynced_since_ || sync_in_flight_ || failed_ || winding_down_) return std::nullopt;
  return *unsynced_since_ + settings_->log.flush_interval;
}

std::optional<MonotonicTime> Partition::due() const {
  const auto flush = flush_due();
  const auto wake = reader_wakes_.due();
  return flush && wake ? std::min(*flush, *wake) : flush ? flush : wake;
}

void Partition::RunDue(MonotonicTime now) {
  if (const auto wake = reader_wakes_.due(); wake && *wake <= now) reader_wakes_.Run(now);
  if (const auto flush = flush_due(); flush && *flush <= now) StartSync();
}

void Partition::Tick(MonotonicTime now) {
  if (!failed_ && context_.directory.failed()) FailAll(context_.directory.error());
  if (failed_) return;
  decisions_.TakeReadMark();
  if (const Status status = log_->Tick(now); !status.ok()) {
    FailAll(status.error());
    return;
  }
  PublishView();
  for (Waiting& waiting : waiting_) {
    if (!waiting.deadline || *waiting.deadline > now || !waiting.reply.pending()) continue;
    Reply<AppendResult> reply = std::move(waiting.reply);
    reply(Error(ErrorCode::kAmbiguous, "written, but not durable when the deadline passed"));
  }
  if (now - last_sweep_ >= kSweepInterval) {
    last_sweep_ = now;
    log_->producers().SweepIdle(kSweepsUntilForgotten);
  }
  // Here only what no group's sync took along: a checkpoint that is due, and under kOs now and then
  // the data, so that recovery has less to read.
  if (settings_->log.flush_mode == FlushMode::kOs &&
      now - last_sync_ < settings_->log.checkpoint_interval) {
    return;
  }
  // When many partitions come due together, those whose batches wait for a sync go first.
  if (!sync_in_flight_ && context_.sync_pool.queued() > kSyncsWaitingMax) return;
  if (!flush_due() || *flush_due() <= now) StartSync();
}

}  // namespace qalam
