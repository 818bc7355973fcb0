#pragma once

#include <sys/uio.h>

namespace qalam::qa {

// Watches that a segment gets no batches while it is being synced: the next group is written when
// the sync of the one before has returned. Counts in Control::overtaken what breaks that. Zeros do
// not count: they are space that is being prepared. Thread: any.

// Around fsync and fdatasync. Answers what EndSync wants back.
int BeginSync(int fd);
void EndSync(int slot);

void WatchWrite(int fd, const iovec* parts, int count);

}  // namespace qalam::qa
