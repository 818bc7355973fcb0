#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "broker/partition/partition_handle.h"
#include "broker/partition/task_pool.h"
#include "broker/partition/writer_thread.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace qalam {

// Checks a batch for `handle` without regard to order, and readies it for the writer. An error
// comes along inside the command, so that it is answered in its place. Thread: any.
AppendCommand MakeAppend(std::shared_ptr<PartitionHandle> handle, SharedSlice batch,
                         const Clock& clock);

// The same, without ever working for long: empty for a batch that unpacks to more than any batch
// may have that isn't compressed, for which an AppendCheck is right.
std::optional<AppendCommand> MakeAppendSoon(const std::shared_ptr<PartitionHandle>& handle,
                                            const SharedSlice& batch, const Clock& clock);

// MakeAppend in a pool, so that the thread that received the batch goes on serving others
// meanwhile. Thread: any; the callback comes from the pool's, or at once.
class AppendCheck {
 public:
  // If the pool has stopped, the batch is refused with kShuttingDown.
  static std::shared_ptr<AppendCheck> Begin(TaskPool& pool, std::shared_ptr<PartitionHandle> handle,
                                            SharedSlice batch, const Clock& clock);
  // Once: the result. Empty: not done yet.
  std::optional<AppendCommand> Take();
  void OnDone(UniqueFunction<void()> callback);

 private:
  void Done(AppendCommand command);

  Mutex mutex_;
  std::optional<AppendCommand> command_ QALAM_GUARDED_BY(mutex_);
  bool done_ QALAM_GUARDED_BY(mutex_) = false;
  UniqueFunction<void()> callback_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
