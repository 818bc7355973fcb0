"""The models of this folder: their bounds, and the known-bad switches that have to be refuted."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variant:
    name: str
    defines: tuple = ()


@dataclass(frozen=True)
class Switch:
    name: str
    says: str             # The counterexample, in one sentence.
    beside: tuple = ()    # Further macros: the way of writing or the bounds it needs.
    claim: str = ""       # The liveness claim that it breaks; empty: an assertion.

    @property
    def defines(self):
        return (self.name, *self.beside)


@dataclass(frozen=True)
class Model:
    name: str
    file: str
    short: tuple          # Bounds of every run.
    full: tuple
    switches: tuple
    claims: tuple = field(default=())
    fair_processes: int = 0


GROUP_COMMIT = Model(
    name="group_commit",
    file="group_commit.pml",
    short=(Variant("direct", ("BATCHES=3", "CUTS=2")),
           Variant("buffered", ("BATCHES=3", "CUTS=2", "BUFFERED"))),
    full=(Variant("direct", ("BATCHES=4", "CUTS=2", "KILLS=2", "SYNC_FAILURES=2")),
          Variant("buffered", ("BATCHES=4", "CUTS=2", "KILLS=2", "SYNC_FAILURES=2", "BUFFERED"))),
    switches=(
        Switch("WRITE_BEFORE_SYNC", "Group N+1 reaches the disk while group N does not: recovery finds data further "
               "than a group behind a gap, takes a mere power cut for rot and refuses the log.", ("CUTS=2",)),
        Switch("CHECKPOINT_BEFORE_SYNC", "The checkpoint is durable before the data that it calls durable."),
        Switch("NO_DIRECTORY_SYNC", "A checkpoint and acknowledgements point into a new segment whose directory entry "
               "a power cut takes away."),
        Switch("NO_DIRECTORY_SYNC_AT_OPEN", "Killed between making a segment and syncing its entry, the next run "
               "appends to it, and the entry was never made durable."),
        Switch("NO_SYNC_AT_RECOVERY", "Recovery believes and serves what only the page cache holds, and so does the "
               "next checkpoint; a power cut takes it back, or leaves a gap that looks like rot.", ("CUTS=2",)),
        Switch("SCAN_PAGE_CACHE", "After a failed sync the page cache shows pages that the disk does not have, "
               "recovery believes them, and its own sync has nothing left to write.", ("BUFFERED",)),
        Switch("RETRY_SYNC", "The second sync succeeds because the first one dropped the pages: a checkpoint over data "
               "that is not on the disk.", ("BUFFERED",)),
        Switch("TRUNCATE_ON_ROT", "A flipped bit in acknowledged data is cut away as if it were a torn write."),
        Switch("ACK_BEFORE_SYNC", "Acknowledged, then the sync fails or the power goes: gone."),
        Switch("SERVE_UNSYNCED", "Read by somebody, then the sync fails or the power goes: gone."),
        Switch("ONE_SLOT", "A torn write of the only slot leaves no checkpoint at all."),
        Switch("UNDO_NOT_SYNCED", "A batch that was refused for lack of space comes back after a power cut."),
        Switch("PARTIAL_BLOCK_LOST", "The half-filled block is written again without the acknowledged batches in it."),
        Switch("SETTLE_ONLY_FINDINGS", "A tail is cut, by recovery or after a write that found no space, and the "
               "process is killed before the sync of that; the next recovery finds nothing to cut and syncs nothing; "
               "the tail comes back behind a new segment's back: the log is refused as rotten.", ("CUTS=2",)),
        Switch("NO_SLOT_REPAIR", "A power cut tears a checkpoint slot, another one a group: with a damaged slot every "
               "torn tail is refused as possible rot.", ("CUTS=2",)),
    ))

IDEMPOTENCE = Model(
    name="idempotence",
    file="idempotence.pml",
    short=(Variant("default", ("TIMEOUTS=2",)),
           Variant("old streams fenced", ("TIMEOUTS=2", "LATE_STREAM", "FENCE_OLD_STREAMS"))),
    full=(Variant("default", ("BATCHES=4", "BREAKS=2", "TIMEOUTS=2")),
          Variant("old streams fenced",
                  ("BATCHES=4", "BREAKS=2", "TIMEOUTS=2", "LATE_STREAM", "FENCE_OLD_STREAMS"))),
    switches=(
        Switch("TABLE_NOT_REBUILT", "After a restart nobody knows the producer, and a batch whose acknowledgement was "
               "lost is written twice."),
        Switch("SNAPSHOT_ONLY", "The batches behind the snapshot are not replayed: one of them is sent again and "
               "written twice."),
        Switch("TABLE_BEFORE_WRITE", "A batch that found no space is in the table, so that its retry counts as a "
               "duplicate of what was never written."),
        Switch("DUPLICATE_AT_ONCE", "A duplicate is acknowledged before its original is durable; a power cut takes "
               "it."),
        Switch("SEQUENCE_REUSED", "A batch that timed out, though it may be written, leaves its number to the next "
               "one, which is then acknowledged as a duplicate and written nowhere."),
        Switch("FORGETS_EARLY", "The broker forgets a producer while a batch of it may be sent again: written twice."),
        Switch("LATE_STREAM", "What is left of a broken stream reaches the broker after the batches of the next one: a "
               "batch that timed out lands behind later ones."),
        Switch("LATE_STREAM_REFUSED", "As before: a batch is refused for good on the new stream, then its copy on the "
               "old one is written.", ("LATE_STREAM", "UNORDERED", "TIMEOUTS=0")),
        Switch("LATE_STREAM_DOUBLED", "As before: a gap in the sequence makes the client send a batch under a new "
               "producer id, then its copy under the old one is written too.",
               ("LATE_STREAM", "UNORDERED", "REFUSALS=0")),
    ))

LOCKS_DIRECTORY = ("DIRECTORY_LOCK", "DELETED_WHILE_HELD")

HAND_OVER = Model(
    name="hand_over",
    file="hand_over.pml",
    claims=("owner",),
    fair_processes=4,
    short=(Variant("kill, delete", ("KILLS=1", "STOPS=0", "FORKS=0", "DELETIONS=1", "CLOSES=0")),
           Variant("directory locked too: kill, stop, fork",
                   ("KILLS=1", "STOPS=1", "FORKS=1", "DELETIONS=0", "CLOSES=0", *LOCKS_DIRECTORY)),
           Variant("directory locked too: kill, delete, close",
                   ("KILLS=1", "STOPS=0", "FORKS=0", "DELETIONS=1", "CLOSES=1", *LOCKS_DIRECTORY))),
    full=(Variant("one of each", ("KILLS=1", "STOPS=1", "FORKS=1", "DELETIONS=1", "CLOSES=1")),
          Variant("two kills", ("KILLS=2", "STOPS=1", "FORKS=1", "DELETIONS=0", "CLOSES=1")),
          Variant("directory locked too: one of each",
                  ("KILLS=1", "STOPS=1", "FORKS=1", "DELETIONS=1", "CLOSES=1", *LOCKS_DIRECTORY))),
    switches=(
        Switch("UNLINKS_LOCK", "An owner makes a lock file of its own: two processes hold a lock each, on two inodes.",
               ("KILLS=0", "STOPS=0", "FORKS=0", "DELETIONS=1", "CLOSES=0")),
        Switch("NO_INODE_CHECK", "The lock file is deleted between open and flock: one process locks the deleted one, "
               "another the new one.", ("KILLS=0", "STOPS=0", "FORKS=0", "DELETIONS=1", "CLOSES=0")),
        Switch("DELETED_WHILE_HELD", "The lock file is deleted under its owner: the next process makes and locks "
               "another one. A second lock, on the directory itself (DIRECTORY_LOCK), keeps it out.",
               ("KILLS=0", "STOPS=0", "FORKS=0", "DELETIONS=1", "CLOSES=0")),
        Switch("PID_FILE", "Two processes find a dead owner in the file, and both replace it.",
               ("STOPS=0", "FORKS=0", "DELETIONS=0")),
        Switch("BINDS_BEFORE_RECOVERY", "The new owner serves before it has read the log: it writes over what was "
               "acknowledged, or writes a record twice.", ("STOPS=0", "FORKS=0", "DELETIONS=0")),
        Switch("SERVES_BEFORE_EPOCH", "Killed before its epoch was written, an owner has served in it; the next one "
               "takes the same.", ("STOPS=0", "FORKS=0", "DELETIONS=0")),
        Switch("UNLINKS_SOCKET", "A proxy removes a name that refused it, and by then it is the new owner's: nobody "
               "finds that owner any more.",
               ("KILLS=1", "STOPS=0", "FORKS=0", "DELETIONS=0", "CLOSES=0"), claim="owner"),
        Switch("LOCK_BEFORE_SOCKET", "An owner that hands over lets go of the lock first, and then removes the name of "
               "its successor's socket.", ("KILLS=0", "STOPS=0", "FORKS=0", "DELETIONS=0"), claim="owner"),
        Switch("TAKEOVER_BY_REFUSAL", "A refused connection is taken for a right to own: the lock's holder is about to "
               "serve.", ("STOPS=0", "FORKS=0", "DELETIONS=0")),
        Switch("TAKEOVER_BY_TIMEOUT", "A stopped owner is replaced, and goes on when it is continued.",
               ("KILLS=0", "FORKS=0", "DELETIONS=0", "CLOSES=0")),
        Switch("CHILD_UNLOCKS", "The forked child unlocks instead of closing, which unlocks for its parent too.",
               ("KILLS=0", "STOPS=0", "DELETIONS=0", "CLOSES=0")),
        Switch("CHILD_KEEPS_LOCK", "The owner dies, its forked child (or what that executes) keeps the lock, and "
               "nobody ever owns the directory again.",
               ("KILLS=1", "STOPS=0", "DELETIONS=0", "CLOSES=0"), claim="owner"),
    ))

MODELS = (GROUP_COMMIT, IDEMPOTENCE, HAND_OVER)
