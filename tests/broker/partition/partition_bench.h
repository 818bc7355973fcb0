#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/partition/writer_thread.h"
#include "common/check.h"
#include "common/record/batch_builder.h"
#include "common/record/batch_view.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_file_system.h"

namespace qalam {

// One WriterThread without its thread, over files in memory: the test makes every turn, every sync
// and every wake-up happen. Thread: one.
struct PartitionBench {
  static constexpr const char* kDirectory = "/log";

  // The answer of one append, once it is there.
  using Answer = std::shared_ptr<std::optional<Result<AppendResult>>>;

  explicit PartitionBench(std::size_t mailbox_commands_max = 1000, DecisionRing* ring = nullptr) {
    QALAM_CHECK(files.CreateDirectory(kDirectory).ok());
    dirty = std::move(DirtySet::Open(fs, kDirectory)).value();
    state.OnFailure([this](const Error& error) { failures.push_back(error); });
    writer.emplace(0, PartitionContext{clock, *dirty, state, sync_pool, wake_pool},
                   mailbox_commands_max, ring);
  }

  static PartitionSettings Settings(FlushMode mode = FlushMode::kFsync) {
    PartitionSettings settings;
    settings.log.flush_mode = mode;
    return settings;
  }

  std::shared_ptr<PartitionHandle> Make(const std::string& topic,
                                        PartitionSettings settings = Settings()) {
    auto handle = MakeHandle(topic, settings);
    writer->Adopt(handle, OpenLog(*handle));
    return handle;
  }
  // The two halves of Make.
  std::shared_ptr<PartitionHandle> MakeHandle(const std::string& topic,
                                              PartitionSettings settings = Settings()) {
    const TopicPartition name{topic, 0};
    settings.log.directory = JoinPath(kDirectory, name.ToString());
    return std::make_shared<PartitionHandle>(name, Uuid{}, kEpoch, *writer, settings);
  }
  std::unique_ptr<Log> OpenLog(const PartitionHandle& handle) {
    const LogOptions options = handle.settings.Load()->log;
    QALAM_CHECK(Log::Create(fs, options, Uuid{}).ok());
    auto log = Log::Open(fs, clock, options, Uuid{}, true);
    QALAM_CHECK(log.ok());
    return std::move(log).value();
  }
  // Its first append, done and acknowledged, so that the next ones go straight to the log.
  std::shared_ptr<PartitionHandle> MakeUsed(const std::string& topic,
                                            PartitionSettings settings = Settings()) {
    auto handle = Make(topic, settings);
    const Answer first = Submit(handle);
    Settle();
    QALAM_CHECK(first->has_value() && (*first)->ok());
    return handle;
  }

  struct BatchOptions {
    std::int32_t records = 1;
    std::size_t value_bytes = 10;
    ProducerId producer = kNoProducerId;
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
  };
  AppendCommand Command(std::shared_ptr<PartitionHandle> handle, const BatchOptions& options) {
    BatchBuilder builder;
    const Bytes value(options.value_bytes, std::byte{'x'});
    for (std::int32_t i = 0; i < options.records; ++i) {
      builder.Add(clock.NowMs(), std::nullopt, BytesView(value));
    }
    BatchBuilder::Trailer trailer;
    if (options.producer >= 0) {
      trailer.producer_id = options.producer;
      trailer.producer_epoch = options.epoch;
      trailer.base_sequence = options.sequence;
    }
    AppendCommand command;
    command.partition = std::move(handle);
    command.batch = SharedSlice::Own(builder.Finish(trailer));
    command.header = BatchHeader::Decode(command.batch.view());
    return command;
  }
  Answer Submit(AppendCommand command) {
    auto answer = std::make_shared<std::optional<Result<AppendResult>>>();
    command.reply = Reply<AppendResult>(
        [answer](Result<AppendResult> result) { answer->emplace(std::move(result)); });
    QALAM_CHECK(writer->TryPost(command));
    return answer;
  }
  Answer Submit(const std::shared_ptr<PartitionHandle>& handle) {
    return Submit(Command(handle, BatchOptions{}));
  }
  Answer Submit(const std::shared_ptr<PartitionHandle>& handle, const BatchOptions& options) {
    return Submit(Command(handle, options));
  }

  void Turn() { writer->RunOnce(std::chrono::nanoseconds(0)); }
  bool Sync() { return sync_pool.RunOne(); }
  // Until nothing is left to do.
  void Settle() {
    do {
      Turn();
    } while (Sync());
    Turn();
    while (wake_pool.RunOne()) {
    }
  }
  // Base offsets of the batches in the log.
  static std::vector<Offset> BaseOffsets(const PartitionHandle& handle) {
    const auto view = handle.view.Load();
    std::vector<Offset> offsets;
    Offset from = view->log_start_offset();
    while (from < view->end_offset()) {
      auto read = view->Read(from, view->end_offset(), 1 << 20);
      QALAM_CHECK(read.ok() && read->next_offset > from);
      for (const SharedSlice& slice : read->batches) {
        BatchCursor cursor(slice.view());
        while (auto batch = std::move(cursor.Next()).value()) {
          offsets.push_back(batch->header.base_offset);
        }
      }
      from = read->next_offset;
    }
    return offsets;
  }

  static constexpr Epoch kEpoch = 7;
  MemoryFileSystem files;
  FaultFileSystem fs{files};
  ManualClock clock;
  std::unique_ptr<DirtySet> dirty;
  LogDirectoryState state;
  std::vector<Error> failures;
  TaskPool sync_pool{"sync", 1};
  TaskPool wake_pool{"wake", 1};
  std::optional<WriterThread> writer;
};

}  // namespace qalam
