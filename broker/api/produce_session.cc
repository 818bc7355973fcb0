#include "broker/api/append_check.h"
#include "broker/api/sessions.h"

namespace qalam {

std::size_t BudgetBytes(const AppendCommand& command) {
  return command.batch.size() + sizeof(AppendCommand);
}

WriterSession::WriterSession(std::shared_ptr<PartitionHandle> handle, Acks acks,
                             std::shared_ptr<const Origin> origin,
                             std::shared_ptr<ByteBudget> budget, TaskPool& checks,
                             const Clock& clock)
    : handle_(std::move(handle)),
      acks_(acks),
      origin_(std::move(origin)),
      budget_(std::move(budget)),
      checks_(checks),
      clock_(clock),
      stream_(std::make_shared<StreamState>()) {}

bool WriterSession::Check(const ProduceBatch& batch) {
  if (ready_) return true;
  if (check_) {
    ready_ = check_->Take();
    if (!ready_) return false;
    check_.reset();
  } else {
    ready_ = MakeAppendSoon(handle_, batch.batch, clock_);
    if (!ready_) {
      check_ = AppendCheck::Begin(checks_, handle_, batch.batch, clock_);
      return false;
    }
  }
  ready_->expected_offset = batch.expected_offset;
  ready_->origin = origin_;
  ready_->received_at = batch.received_at;
  ready_->stream = stream_;
  return true;
}

bool WriterSession::TrySubmit(ProduceBatch& batch) {
  if (!Check(batch)) return false;
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
  if (check_) {
    check_->OnDone(std::move(callback));
    return;
  }
  const std::size_t bytes = ready_ ? BudgetBytes(*ready_) : 0;
  budget_->OnRoom(bytes, [handle = handle_, callback = std::move(callback)]() mutable {
    handle->writer.OnRoom(std::move(callback));
  });
}

}  // namespace qalam
