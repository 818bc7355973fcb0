#include "broker/api/sessions.h"
#include "common/record/batch_validator.h"

namespace qalam {

AppendCommand MakeAppend(std::shared_ptr<PartitionHandle> handle, SharedSlice batch,
                         const Clock& clock) {
  AppendCommand command;
  const auto settings = handle->settings.Load();
  auto validated = ValidateBatch(batch.view(), settings->limits, clock.NowMs());
  if (validated.ok() && validated->header.transactional()) {
    // Written, it would have to stay invisible until a commit that nobody can make.
    command.refused = Error(ErrorCode::kInvalidRecord,
                            "a transactional batch: this broker knows no transactions");
  } else if (validated.ok()) {
    command.header = validated->header;
  } else {
    command.refused = std::move(validated).error();
  }
  command.partition = std::move(handle);
  command.batch = std::move(batch);
  return command;
}

std::size_t BudgetBytes(const AppendCommand& command) {
  return command.batch.size() + sizeof(AppendCommand);
}

WriterSession::WriterSession(std::shared_ptr<PartitionHandle> handle, Acks acks,
                             std::shared_ptr<const Origin> origin,
                             std::shared_ptr<ByteBudget> budget, const Clock& clock)
    : handle_(std::move(handle)),
      acks_(acks),
      origin_(std::move(origin)),
      budget_(std::move(budget)),
      clock_(clock),
      stream_(std::make_shared<StreamState>()) {}

bool WriterSession::TrySubmit(ProduceBatch& batch) {
  if (!ready_) {
    AppendCommand command = MakeAppend(handle_, batch.batch, clock_);
    command.expected_offset = batch.expected_offset;
    command.origin = origin_;
    command.received_at = batch.received_at;
    command.stream = stream_;
    ready_.emplace(std::move(command));
  }
  AppendCommand& command = *ready_;
  command.generation = generation_;
  if (acks_ == Acks::kNone && stream_->HasFailed(generation_)) {
    // Its sender had no answer that told of the refusal: this one does.
    ready_.reset();
    batch.reply(Error(ErrorCode::kPrecedingFailed,
                      "an earlier batch of this stream was refused; nothing was written"));
    return true;
  }
  if (!command.budget) {
    command.budget = budget_->TryTake(BudgetBytes(command));
    if (!command.budget) return false;
  }
  // Under acks=none the sender hears at once that we have the batch, or that it is no good.
  const bool waits = acks_ != Acks::kNone || command.refused.has_value();
  if (waits) command.reply = std::move(batch.reply);
  if (!handle_->writer.TryPost(command)) {
    if (waits) batch.reply = std::move(command.reply);
    command.budget = {};
    return false;
  }
  ready_.reset();
  if (!waits) batch.reply(AppendResult{});
  return true;
}

void WriterSession::OnRoom(UniqueFunction<void()> callback) {
  const std::size_t bytes = ready_ ? BudgetBytes(*ready_) : 0;
  budget_->OnRoom(bytes, [handle = handle_, callback = std::move(callback)]() mutable {
    handle->writer.OnRoom(std::move(callback));
  });
}

}  // namespace qalam
