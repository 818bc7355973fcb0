#include "tests/qa/disk/log_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "broker/log/file_names.h"
#include "tests/broker/log/log_fixture.h"

namespace qalam::qa {

using log_test::BatchSpec;
using log_test::TopicId;

LogOptions SmallLog(std::size_t direct_alignment) {
  LogOptions options = log_test::SmallOptions(direct_alignment);
  options.checkpoint_bytes = 12 << 10;
  return options;
}

void LogStory::Live(FileSystem& fs, int steps) {
  if (Begin(fs)) {
    for (int i = 0; i < steps && Step(fs); ++i) {
    }
  }
  log_.reset();
}

void LogStory::LiveAndClose(FileSystem& fs, int steps) {
  bool well = Begin(fs);
  for (int i = 0; i < steps && well; ++i) well = Step(fs);
  if (!well || !log_->Close().ok()) {
    fmt::print(stderr, "a log that nothing breaks does not work\n");
    std::abort();
  }
  log_.reset();
  clean_ = true;
}

void LogStory::TakeUp(Offset start, Offset end) {
  known_.acknowledged_end = known_.written_end = end;
  known_.start_promised = known_.start_attempted = start;
  known_.sent.erase(known_.sent.lower_bound(end), known_.sent.end());
  clean_ = false;
  ++epoch_;
}

bool LogStory::Begin(FileSystem& fs) {
  if (!known_.created) {
    if (!Log::Create(fs, options_, TopicId()).ok()) return false;
    known_.created = true;
  }
  auto log = Log::Open(fs, clock_, options_, TopicId(), std::exchange(clean_, false));
  if (!log.ok()) return false;
  log_ = std::move(log).value();
  return true;
}

bool LogStory::Step(FileSystem& fs) {
  const std::uint64_t dice = Below(100);
  if (dice < 70) return Group();
  if (dice < 78) return Checkpoint();
  if (dice < 84) return Trim();
  if (dice < 89) return Retain();
  if (dice < 93) return Unlink(fs);
  if (dice < 96) {
    ++epoch_;
    return true;
  }
  return Reopen(fs);
}

bool LogStory::Group() {
  log_test::Group group(log_->end_offset(), epoch_);
  BatchSpec spec;
  spec.prefix = fmt::format("s{}o", ++serial_);
  spec.producer_id = kStoryProducer;
  spec.producer_epoch = 0;
  const std::uint64_t batches = 1 + Below(3);
  for (std::uint64_t i = 0; i < batches; ++i) {
    spec.records = static_cast<int>(1 + Below(3));
    spec.value_bytes = Below(4) == 0 ? Below(800) : Below(120);
    spec.base_sequence = static_cast<std::int32_t>(group.next_offset());
    for (int r = 0; r < spec.records; ++r) {
      known_.sent[group.next_offset() + r] = ValueAt(spec, group.next_offset() + r);
    }
    group.Add(spec);
  }
  known_.written_end = std::max(known_.written_end, group.next_offset());
  return log_->AppendGroup(group.stamped()).ok() && Sync();
}

bool LogStory::Sync() {
  auto ticket = log_->BeginSync();
  if (!ticket) return true;
  const Status status = ticket->Run();
  const auto durable = log_->OnSynced(std::move(ticket), status);
  if (!durable.ok()) return false;
  known_.acknowledged_end = *durable;
  return true;
}

bool LogStory::Checkpoint() {
  clock_.Advance(std::chrono::seconds(10));
  return log_->Tick(clock_.Now()).ok() && Sync();
}

bool LogStory::Trim() {
  const Offset start = log_->log_start_offset();
  const Offset span = log_->durable_offset() - start;
  const Offset before =
      start + static_cast<Offset>(Below(static_cast<std::uint64_t>(span) / 2 + 1));
  known_.start_attempted = std::max(known_.start_attempted, before);
  const auto trimmed = log_->Trim(before, log_->durable_offset());
  if (!trimmed.ok()) return false;
  known_.start_promised = *trimmed;
  return true;
}

bool LogStory::Retain() {
  options_.retention_bytes = static_cast<std::int64_t>((12 << 10) + Below(40 << 10));
  known_.start_attempted = known_.acknowledged_end;
  if (!log_->Reconfigure(options_).ok()) return false;
  const auto start = log_->ApplyRetention(std::nullopt, log_->durable_offset());
  if (!start.ok()) return false;
  known_.start_promised = known_.start_attempted = *start;
  return true;
}

bool LogStory::Unlink(FileSystem& fs) {
  clock_.Advance(std::chrono::minutes(5));
  for (const std::string& path : log_->TakeDeletable(clock_.Now())) {
    if (!fs.Remove(path).ok()) return false;
  }
  return true;
}

bool LogStory::Reopen(FileSystem& fs) {
  const bool closed = log_->Close().ok();
  log_.reset();
  if (!closed) return false;
  clean_ = true;
  ++epoch_;
  return Begin(fs);
}

std::optional<FoundLog> FindLog(FileSystem& fs, const LogOptions& options, const Known& known,
                                std::vector<std::string>& errors) {
  const ManualClock clock;
  if (!fs.SyncDirectory(ParentPath(options.directory)).ok()) errors.push_back("no parent");
  const auto opened = Log::Open(fs, clock, options, TopicId(), false);
  if (!opened.ok()) {
    if (known.created) errors.push_back("can't be opened: " + opened.error().ToString());
    return std::nullopt;
  }
  Log& log = **opened;
  FoundLog found{log.log_start_offset(), log.end_offset(), {}, {}};
  const auto expect = [&](bool held, const std::string& what) {
    if (!held) errors.push_back(what);
  };
  expect(found.end >= known.acknowledged_end,
         fmt::format("lost: ends at {}, acknowledged up to {}", found.end, known.acknowledged_end));
  expect(found.end <= known.written_end, fmt::format("invented: ends at {}", found.end));
  expect(found.start >= known.start_promised, fmt::format("came back: begins at {}", found.start));
  expect(found.start <= std::max(known.start_promised, known.start_attempted),
         fmt::format("deleted unasked: begins at {}", found.start));
  auto records = log_test::ReadAll(log);
  if (!records.ok()) {
    errors.push_back("can't be read: " + records.error().ToString());
    return std::nullopt;
  }
  expect(records->size() == static_cast<std::size_t>(found.end - found.start), "gaps");
  for (const auto& [offset, value] : *records) {
    const auto sent = known.sent.find(offset);
    expect(sent != known.sent.end() && sent->second == value,
           fmt::format("other content at offset {}", offset));
  }
  found.records = std::move(records).value();
  if (found.end > found.start) {
    // The last batch again is a duplicate, the next one is not.
    BatchHeader next;
    next.producer_id = kStoryProducer;
    next.producer_epoch = 0;
    next.base_sequence = static_cast<std::int32_t>(found.end);
    const auto fresh = log.producers().Check(next);
    expect(fresh.ok() && !fresh->duplicate, "the next sequence is not taken as new");
    next.base_sequence -= 1;
    const auto again = log.producers().Check(next);
    expect(again.ok() && again->duplicate, "the last sequence is not known as a duplicate");
  }
  const auto entries = fs.List(options.directory);
  for (const auto& entry : *entries) {
    if (entry.name.ends_with(kLogSuffix)) found.segments.push_back(entry.name);
  }
  return found;
}

}  // namespace qalam::qa
