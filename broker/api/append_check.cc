#include "broker/api/append_check.h"

#include <algorithm>
#include <utility>

#include "common/record/batch_validator.h"
#include "common/reply.h"

namespace qalam {
namespace {

constexpr std::size_t kUnpackedBytesSoon = std::size_t{1} << 20;

AppendCommand Command(std::shared_ptr<PartitionHandle> handle, SharedSlice batch,
                      Result<ValidatedBatch> validated, const Clock& clock) {
  AppendCommand command;
  command.checked_at = clock.Now();
  if (validated.ok() && validated->header.transactional()) {
    // Written, it would have to stay invisible until a commit that nobody can make.
    command.refused = Error(ErrorCode::kInvalidRecord,
                            "a transactional batch: this broker knows no transactions");
  } else if (validated.ok()) {
    command.header = validated->header;
    if (validated->trace) command.trace = std::make_unique<const TraceParent>(*validated->trace);
  } else {
    command.refused = std::move(validated).error();
  }
  command.partition = std::move(handle);
  command.batch = std::move(batch);
  return command;
}

}  // namespace

AppendCommand MakeAppend(std::shared_ptr<PartitionHandle> handle, SharedSlice batch,
                         const Clock& clock) {
  const auto settings = handle->settings.Load();
  auto validated = ValidateBatch(batch.view(), settings->limits, clock.NowMs());
  return Command(std::move(handle), std::move(batch), std::move(validated), clock);
}

std::optional<AppendCommand> MakeAppendSoon(const std::shared_ptr<PartitionHandle>& handle,
                                            const SharedSlice& batch, const Clock& clock) {
  const auto settings = handle->settings.Load();
  BatchLimits limits = settings->limits;
  limits.decompressed_bytes_max = std::min(limits.decompressed_bytes_max, kUnpackedBytesSoon);
  auto validated = ValidateBatch(batch.view(), limits, clock.NowMs());
  if (!validated.ok() && validated.error().code() == ErrorCode::kDecompressionLimit &&
      limits.decompressed_bytes_max < settings->limits.decompressed_bytes_max) {
    return std::nullopt;
  }
  return Command(handle, batch, std::move(validated), clock);
}

std::shared_ptr<AppendCheck> AppendCheck::Begin(TaskPool& pool,
                                                std::shared_ptr<PartitionHandle> handle,
                                                SharedSlice batch, const Clock& clock) {
  auto check = std::make_shared<AppendCheck>();
  // A reply, as that is answered also when the pool drops what it was given.
  Reply<AppendCommand> reply([check, handle, batch, &clock](Result<AppendCommand> made) mutable {
    if (made.ok()) {
      check->Done(std::move(made).value());
    } else {
      check->Done(Command(std::move(handle), std::move(batch), std::move(made).error(), clock));
    }
  });
  pool.Post([handle = std::move(handle), batch = std::move(batch), &clock,
             reply = std::move(reply)]() mutable {
    reply(MakeAppend(std::move(handle), std::move(batch), clock));
  });
  return check;
}

std::optional<AppendCommand> AppendCheck::Take() {
  MutexLock lock(mutex_);
  return std::exchange(command_, std::nullopt);
}

void AppendCheck::OnDone(UniqueFunction<void()> callback) {
  {
    MutexLock lock(mutex_);
    if (!done_) {
      callback_ = std::move(callback);
      return;
    }
  }
  callback();
}

void AppendCheck::Done(AppendCommand command) {
  UniqueFunction<void()> callback;
  {
    MutexLock lock(mutex_);
    command_.emplace(std::move(command));
    done_ = true;
    callback = std::move(callback_);
  }
  if (callback) callback();
}

}  // namespace qalam
