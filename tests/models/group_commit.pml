/* M3: group commit, roll, durable checkpoint and recovery of one log under FlushMode::kFsync.
 *
 * One writer, one sync at a time, one disk. The machine may lose its power, the process may be killed
 * and a sync may fail between any two steps, recovery's own steps included.
 *
 * A segment is CELLS cells; a cell is one batch of one record; a group is 1..GROUP_CELLS batches (so
 * GROUP_CELLS stands for group_bytes_max). A cell holds 0 (zeros), a batch's id, or kGarbage (a torn
 * batch: its CRC is wrong). What the process reads and what the platter has differ:
 *   seen[c]   page cache (BUFFERED), or the device's own view (direct writes)
 *   disk[c]   what a power cut leaves for certain
 *   dirty     bit c: seen[c] is on its way; a power cut leaves the old, the new, or a torn batch
 * A failed sync leaves a cell old or new and clears its bit: with BUFFERED the page cache then shows
 * what the disk does not have.
 *
 * Bounds, and what they cost: README.md. Switches (-D...) make known-bad designs: README.md.
 */

#ifndef BATCHES
#define BATCHES 4 /* ever appended */
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef SYNC_FAILURES
#define SYNC_FAILURES 1
#endif
#ifndef FULL_DISKS
#define FULL_DISKS 1
#endif
#ifndef ROTS
#define ROTS 1
#endif
#ifndef TORN_SLOTS
#define TORN_SLOTS 1
#endif

#define CELLS 4
#define GROUP_CELLS 2
#define ALL (2 * CELLS)
#define kGarbage 15
#define Bit(c) (1 << (c))
#define kFirstSegment 15 /* Its cells, by bit. */
#if defined(WRITE_BEFORE_SYNC) || defined(NO_SYNC_AT_RECOVERY) || defined(SETTLE_ONLY_FINDINGS) || \
    defined(UNDO_NOT_SYNCED) || defined(CHECKPOINT_BEFORE_SYNC)
#define SEALED_MAY_BE_DIRTY
#endif
#define IsBatch(v) ((v) != 0 && (v) != kGarbage)

/* What ReadDirect gives: dirty pages are written back before a direct read, clean ones passed by. */
#ifdef SCAN_PAGE_CACHE
#define Direct(c) seen[c]
#else
#define Direct(c) ((dirty & Bit(c)) -> seen[c] : disk[c])
#endif

#define Stays(c) (disk[c] != 0 && !(dirty & Bit(c)))

/* The place of offset o, and the offset of the first cell of segment s. */
#define CellOf(o) ((second_named && (o) >= second_base) -> CELLS + (o) - second_base : (o))
#define BaseOf(s) ((s) -> second_base : 0)

/* ---- the files ---- */
byte seen[ALL];
byte disk[ALL];
byte dirty;            /* Cells, by bit. */
bool second_named;     /* The second segment's directory entry, as the kernel has it, */
bool second_on_disk;   /* and as a power cut certainly leaves it. */
byte second_base;
/* durable-checkpoint: two slots. sequence 0: never written; kGarbage: damaged. */
typedef Slot { byte sequence; byte offset; bit segment };
Slot slot_seen[2];
Slot slot_disk[2];

/* ---- the process: LogImpl, SegmentWriter, SyncJob, Partition ---- */
mtype = { kDown, kUp, kRefused, rSyncSlots, rScan, rCut, rSync0, rSync1, rSyncDirectory, rRepairSlot,
          rSyncRepair, rOpen };
mtype step = kUp;
bit writing;            /* Which segment is written. */
byte end_offset;
byte durable_offset;
byte group_left;       /* Batches of the group that are to be written yet. */
byte group_begin;
bool undo_cut;         /* A write found no space: cut, */
bool undo_sync;        /* and made durable, before it is refused: */
short undone;          /* these ids, by bit. */
bool rolling;          /* The new segment's file is made, but not in use yet. */
bool unsynced;         /* dirty_ */
bool sealed_unsynced;
bool directory_unsynced;
bool point_due;
byte point_offset;     /* Of the last checkpoint: what Tick compares with. */
mtype = { sNone, sSealed, sActive, sDirectory, sWriteSlot, sSyncSlot, sDone };
mtype sync = sNone;
byte ticket_end;
bit ticket_active;
bool ticket_sealed;
bool ticket_directory;
bool ticket_point;

/* ---- recovery's findings ---- */
byte found_end;
bit found_active;
bool settle0;
bool settle1;
bool found_more;

/* ---- ghosts: what was promised, and what the faults did ---- */
byte promised;                 /* Acknowledged or readable below this offset, */
byte content[BATCHES];         /* with this content. */
short refused;                 /* Ids that were definitely not written, by bit. */
byte next_id = 1;
byte kills = KILLS;
byte cuts = CUTS;
byte sync_failures = SYNC_FAILURES;
byte full_disks = FULL_DISKS;
byte rots = ROTS;
bool rotten;

byte i; /* Loop counters and the like: 0 between steps. */
byte j;
byte k;

inline ForgetProcess() {
  group_left = 0; group_begin = 0; undo_cut = false; undo_sync = false; undone = 0; rolling = false; unsynced = false;
  sealed_unsynced = false; directory_unsynced = false; point_due = false; point_offset = 0;
  sync = sNone; ticket_end = 0; ticket_active = 0; ticket_sealed = false;
  ticket_directory = false; ticket_point = false; writing = 0; end_offset = 0; durable_offset = 0;
  found_end = 0; found_active = 0; settle0 = false; settle1 = false; found_more = false;
  step = kDown
}

/* Readers first, then acknowledgements: both up to `level` (Partition::ReleaseAcks). */
inline Release(level) {
  do
  :: promised < level ->
     content[promised] = seen[CellOf(promised)];
     promised++
  :: else -> break
  od
}

/* Sync of one segment: everything dirty in it reaches the disk. */
inline SyncCells(from) {
  i = from;
  do
  :: i < from + CELLS ->
     if
     :: dirty & Bit(i) -> disk[i] = seen[i]; dirty = dirty & ~Bit(i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* Sync of one segment fails: each dirty page reached the disk or not, and is marked clean. What was
 * cut is not resurrected: the kernel knows the file's size, the disk may hear of it later. */
inline FailCells(from) {
  i = from;
  do
  :: i < from + CELLS ->
     if
     :: (dirty & Bit(i)) && seen[i] != 0 -> disk[i] = seen[i]; dirty = dirty & ~Bit(i)
     :: (dirty & Bit(i)) && seen[i] != 0 ->
#ifndef BUFFERED
        seen[i] = disk[i];
#endif
        dirty = dirty & ~Bit(i)
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

inline SyncSlots() {
  i = 0;
  do
  :: i < 2 ->
     slot_disk[i].sequence = slot_seen[i].sequence;
     slot_disk[i].offset = slot_seen[i].offset;
     slot_disk[i].segment = slot_seen[i].segment;
     i++
  :: else -> break
  od;
  i = 0
}

/* Truncate(c): zeros from cell c to the end of its segment, durable with the next sync. */
inline CutCells(c, to) {
  i = c;
  do
  :: i < to ->
     seen[i] = 0;
     if
     :: disk[i] != 0 -> dirty = dirty | Bit(i)
     :: else -> dirty = dirty & ~Bit(i)
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

#define Idle (step == kUp && group_left == 0 && !undo_cut && !undo_sync && !rolling)
#ifdef WRITE_BEFORE_SYNC
#define MayWrite (Idle)
#else
/* LogImpl::CheckGroup */
#define MayWrite (Idle && sync == sNone && durable_offset == end_offset)
#endif

init {
  /* Log::Create: an empty first segment, both slots written and synced. */
  atomic {
    slot_seen[0].sequence = 2; slot_disk[0].sequence = 2;
#ifndef ONE_SLOT
    slot_seen[1].sequence = 1; slot_disk[1].sequence = 1
#endif
  }
end_all:
  do
  /* ---- LogImpl::AppendGroup ---- */
  :: atomic {
       MayWrite && next_id <= BATCHES && end_offset - BaseOf(writing) < CELLS;
       group_begin = end_offset;
       if
       :: group_left = 1
       :: next_id + 1 <= BATCHES && end_offset - BaseOf(writing) + 1 < CELLS -> group_left = 2
       fi;
       printf("a group of %d begins at offset %d\n", group_left, group_begin);
#ifndef BUFFERED
       /* SegmentWriter: a block is two cells; a half-filled one is written again, as it is. */
       if
       :: (end_offset - BaseOf(writing)) % 2 == 1 ->
          k = writing * CELLS + end_offset - BaseOf(writing) - 1;
#ifdef PARTIAL_BLOCK_LOST
          seen[k] = 0;
#endif
          dirty = dirty | Bit(k);
          k = 0
       :: else
       fi
#endif
     }
  :: atomic { /* One batch of it reaches the kernel. */
       step == kUp && group_left > 0;
       k = writing * CELLS + group_begin - BaseOf(writing);
       printf("batch %d is written, offset %d, segment %d\n", next_id, group_begin, writing);
       seen[k] = next_id;
       dirty = dirty | Bit(k);
       k = 0;
       next_id++;
       group_begin++;
       group_left--;
       if
       :: group_left == 0 -> end_offset = group_begin; group_begin = 0; unsynced = true
#ifdef SERVE_UNSYNCED
          ; Release(end_offset)
#endif
       :: else
       fi
     }
  :: atomic { /* ... or it finds no space, at its first batch or later. */
       step == kUp && group_left > 0 && full_disks > 0;
       full_disks--;
       printf("no space: the group is to be undone\n");
       do
       :: group_begin > end_offset -> group_begin--; 
          undone = undone | Bit(seen[writing * CELLS + group_begin - BaseOf(writing)])
       :: else -> break
       od;
       group_begin = 0; group_left = 0;
       undo_cut = true
     }
  :: atomic { /* SegmentWriter::UndoWrite. The refusal is given once both are done. */
       step == kUp && undo_cut;
       k = writing * CELLS + end_offset - BaseOf(writing);
       CutCells(k, (writing + 1) * CELLS);
       k = 0;
       undo_cut = false;
       printf("undo: the file is cut to offset %d\n", end_offset);
#ifdef UNDO_NOT_SYNCED
       refused = refused | undone; undone = 0
#else
       undo_sync = true
#endif
     }
  :: atomic {
       step == kUp && undo_sync;
       SyncCells(writing * CELLS);
       undo_sync = false;
       refused = refused | undone; undone = 0;
       printf("undo: synced, the group is refused\n")
     }

  /* ---- LogImpl::Roll, by size or age: the file is made; nothing of it is synced ---- */
  :: atomic {
       MayWrite && writing == 0 && end_offset > 0;
       printf("roll: segment 1 is made, base offset %d\n", end_offset);
       second_base = end_offset;
       second_named = true;
       rolling = true
     }
  :: atomic {
       step == kUp && rolling;
       printf("roll: segment 1 is active\n");
       rolling = false;
       writing = 1;
       sealed_unsynced = true;
#ifndef NO_DIRECTORY_SYNC
       directory_unsynced = true;
#endif
       unsynced = true;
       point_due = true
     }

  /* ---- LogImpl::Tick: a checkpoint is due ---- */
  :: atomic { Idle && !point_due && end_offset != point_offset; point_due = true; printf("a checkpoint is due\n") }

  /* ---- LogImpl::BeginSync, then SyncJob::Run step by step ---- */
  :: atomic {
       Idle && sync == sNone && (unsynced || point_due);
       printf("a sync begins, up to offset %d\n", end_offset);
       ticket_end = end_offset; ticket_active = writing;
       ticket_point = point_due; point_due = false;
       /* Without new data a ticket writes the checkpoint only: all else is synced already. */
       if
       :: unsynced ->
          ticket_sealed = sealed_unsynced; sealed_unsynced = false;
          ticket_directory = directory_unsynced; directory_unsynced = false;
          unsynced = false;
#ifdef CHECKPOINT_BEFORE_SYNC
          sync = sWriteSlot
#else
          sync = sSealed
#endif
       :: else -> sync = sWriteSlot
       fi;
#ifdef ACK_BEFORE_SYNC
       Release(ticket_end)
#endif
     }
  :: atomic {
       step == kUp && sync == sSealed;
       if
       :: ticket_sealed ->
#ifdef SEALED_MAY_BE_DIRTY
          SyncCells(0);
#else
          assert(!(dirty & kFirstSegment)); /* Only its size, which is not modelled, is left to be synced. */
#endif
          ticket_sealed = false;
          printf("sync: segment 0\n")
       :: else
       fi;
       sync = sActive
     }
  :: atomic {
       step == kUp && sync == sActive;
       SyncCells(ticket_active * CELLS);
       printf("sync: segment %d\n", ticket_active);
       sync = sDirectory
     }
  :: atomic { /* A failed sync is final: nothing is acknowledged, exit 74. */
       step == kUp && sync_failures > 0 &&
         ((sync == sSealed && ticket_sealed) || sync == sActive || undo_sync);
       sync_failures--;
       printf("the sync fails\n");
       if
       :: sync == sActive -> FailCells(ticket_active * CELLS)
       :: else /* Nothing but cuts was to be synced. */
       fi;
#ifdef RETRY_SYNC
       skip
#else
       ForgetProcess()
#endif
     }
  :: atomic {
       step == kUp && sync == sDirectory;
       if
       :: ticket_directory -> second_on_disk = second_named; ticket_directory = false; printf("sync: directory\n")
       :: else
       fi;
       sync = sWriteSlot
     }
  :: atomic { /* DurableCheckpoint::Write: the older slot. */
       step == kUp && sync == sWriteSlot;
       if
       :: ticket_point ->
#ifdef ONE_SLOT
          i = 0; j = 0;
#else
          i = ((slot_seen[0].sequence != kGarbage &&
                (slot_seen[1].sequence == kGarbage || slot_seen[0].sequence > slot_seen[1].sequence)) -> 1 : 0);
          j = 1 - i;
#endif
          printf("checkpoint: slot %d is written, durable below %d\n", i, ticket_end);
          slot_seen[i].sequence = slot_seen[j].sequence + 1;
          slot_seen[i].offset = ticket_end;
          slot_seen[i].segment = ticket_active;
          i = 0; j = 0;
          sync = sSyncSlot
       :: else -> sync = sDone
       fi
     }
  :: atomic {
       step == kUp && sync == sSyncSlot;
       SyncSlots();
       printf("checkpoint: synced\n");
       ticket_point = false;
       point_offset = ticket_end;
       /* Below a durable checkpoint everything is durable. */
       do
       :: i < ticket_end -> assert(disk[CellOf(i)] == seen[CellOf(i)] || rotten); i++
       :: else -> break
       od;
       i = 0;
       assert(!ticket_active || second_on_disk);
#ifdef CHECKPOINT_BEFORE_SYNC
       sync = sSealed
#else
       sync = sDone
#endif
     }
  :: atomic { /* LogImpl::OnSynced, Partition::OnSynced: the one place that acknowledges. */
       step == kUp && sync == sDone && group_left == 0 && !undo_cut && !undo_sync;
       printf("acknowledged: all below offset %d\n", ticket_end);
       durable_offset = ticket_end;
       Release(durable_offset);
       sync = sNone; ticket_end = 0; ticket_active = 0
     }

  /* ---- the kernel and the device write back when they like ---- */
  :: atomic {
       dirty != 0 && step != kRefused;
       i = 0;
       do
       :: i < ALL && (dirty & Bit(i)) -> break
       :: i < ALL - 1 -> i++
       :: i == ALL - 1 && !(dirty & Bit(i)) -> break
       od;
       if
       :: dirty & Bit(i) -> disk[i] = seen[i]; dirty = dirty & ~Bit(i); printf("written back: cell %d\n", i)
       :: else
       fi;
       i = 0
     }

  /* ---- faults ---- */
  :: atomic { step != kDown && step != kRefused && kills > 0; kills--; ForgetProcess(); printf("SIGKILL\n") }
  :: atomic {
       step != kRefused && cuts > 0;
       cuts--;
       printf("POWER CUT\n");
       ForgetProcess();
       i = 0;
       do
       :: i < ALL ->
          if
          :: (dirty & Bit(i)) && seen[i] != disk[i] -> disk[i] = seen[i]
          :: (dirty & Bit(i)) && seen[i] != disk[i] -> disk[i] = kGarbage; printf("  cell %d is torn\n", i)
          :: true
          fi;
          seen[i] = disk[i];
          i++
       :: else -> break
       od;
       printf("  the disk has %d %d %d %d, ", disk[0], disk[1], disk[2], disk[3]);
       printf("%d %d %d %d\n", disk[4], disk[5], disk[6], disk[7]);
       dirty = 0;
       if
       :: second_named && !second_on_disk -> /* The entry may have gone; its data with it. */
          printf("  the entry of segment 1 is gone\n");
          second_named = false;
          i = CELLS;
          do
          :: i < ALL -> seen[i] = 0; disk[i] = 0; i++
          :: else -> break
          od
       :: second_on_disk = second_named
       fi;
       if :: !second_named -> second_base = 0 :: else fi;
       i = 0;
       do
       :: i < 2 ->
          if
          :: slot_seen[i].sequence != slot_disk[i].sequence ->
             if
             :: slot_disk[i].sequence = slot_seen[i].sequence;
                slot_disk[i].offset = slot_seen[i].offset;
                slot_disk[i].segment = slot_seen[i].segment
#if TORN_SLOTS
             :: printf("  checkpoint slot %d is torn\n", i);
                slot_disk[i].sequence = kGarbage;
                slot_disk[i].offset = 0;
                slot_disk[i].segment = 0
#endif
             :: true
             fi
          :: else
          fi;
          slot_seen[i].sequence = slot_disk[i].sequence;
          slot_seen[i].offset = slot_disk[i].offset;
          slot_seen[i].segment = slot_disk[i].segment;
          i++
       :: else -> break
       od;
       i = 0
     }
  :: atomic { /* A bit flips in what was promised, where recovery can and must tell it from a torn write. */
       step == kDown && rots > 0 && promised > 0;
       rots--;
       rotten = true;
       select(j : 0 .. promised - 1);
       k = CellOf(j);
       /* Below the newest checkpoint, or with a later segment behind it, or data beyond a group. */
       i = ((slot_disk[0].sequence != kGarbage &&
             (slot_disk[1].sequence == kGarbage || slot_disk[0].sequence > slot_disk[1].sequence)) -> 0 : 1);
       if
       :: j < slot_disk[i].offset
       :: j >= slot_disk[i].offset && second_on_disk && k < CELLS
       :: j >= slot_disk[i].offset && (k % CELLS) + GROUP_CELLS < CELLS &&
            (Stays(k + GROUP_CELLS) || ((k % CELLS) + 3 < CELLS && Stays(k + 3)))
       :: else -> j = 0; k = 0; i = 0; rotten = false; rots++; goto end_all
       fi;
       printf("ROT in offset %d, segment %d\n", j, k / CELLS);
       disk[k] = kGarbage;
       seen[k] = kGarbage;
       dirty = dirty & ~Bit(k);
       i = 0; j = 0; k = 0
     }

  /* ---- DurableCheckpoint::Open and Sync, then RecoverLog ---- */
  :: atomic { step == kDown; step = rSyncSlots; printf("a start\n") }
  :: atomic {
       step == rSyncSlots;
       SyncSlots();
       step = rScan
     }
  :: atomic {
       step == rScan;
       assert(IsBatch(slot_seen[0].sequence) || IsBatch(slot_seen[1].sequence)); /* One is good. */
       i = ((slot_seen[0].sequence != kGarbage &&
             (slot_seen[1].sequence == kGarbage || slot_seen[0].sequence > slot_seen[1].sequence)) -> 0 : 1);
       found_end = slot_seen[i].offset;
       found_active = slot_seen[i].segment;
       point_offset = found_end;
       /* CheckChain: what the checkpoint names is there. */
       assert(!found_active || second_named);
       assert(found_active || !second_named || second_base >= found_end);
       i = 0;
scan_segment:
#ifndef SETTLE_ONLY_FINDINGS
       if :: found_active -> settle1 = true :: else -> settle0 = true fi;
#endif
       k = found_active * CELLS;
       j = k + found_end - BaseOf(found_active);
       /* ScanBatches */
       do
       :: j < k + CELLS && IsBatch(Direct(j)) ->
          found_end++;
          j++
#ifdef SETTLE_ONLY_FINDINGS
          ; if :: found_active -> settle1 = true :: else -> settle0 = true fi
#endif
       :: else -> break
       od;
       /* FirstNonZero, and whether it lies further than one group */
       i = j;
       found_more = false;
       do
       :: i < k + CELLS && Direct(i) == 0 -> i++
       :: i < k + CELLS && Direct(i) != 0 -> found_more = true; break
       :: else -> break
       od;
       if
       :: !found_more && found_active == 0 && second_named && second_base == found_end ->
          found_active = 1;
          goto scan_segment
       :: !found_more && !(found_active == 0 && second_named) -> i = 0
       :: else -> /* Judge: 1: torn, 2: rot. */
          if
          :: slot_seen[0].sequence == kGarbage || slot_seen[1].sequence == kGarbage -> i = 2
          :: else ->
             if
             :: found_active == 0 && second_named -> i = 2
             :: else ->
                i = j + GROUP_CELLS;
                do
                :: i < k + CELLS && Direct(i) == 0 -> i++
                :: else -> break
                od;
                i = ((i < k + CELLS) -> 2 : 1)
             fi
          fi
       fi;
#ifdef TRUNCATE_ON_ROT
       i = 0;
#endif
       if
       :: i == 2 ->
          printf("recovery: damaged behind offset %d, refused\n", found_end);
          assert(rotten); /* Otherwise a log was refused that only a crash had touched. */
          step = kRefused
       :: else -> step = rCut
       fi;
       i = 0; j = 0; k = 0
     }
  :: atomic { /* Settle: the tail is cut, and what was read made durable, before it is believed. */
       step == rCut;
       printf("recovery: the log ends at offset %d\n", found_end);
#ifdef BUFFERED
       found_more = true; /* Zeros are cut too. */
#endif
       if
       :: found_more ->
          assert(found_end >= promised); /* Nothing that was promised is ever cut. */
          k = found_active * CELLS + found_end - BaseOf(found_active);
          CutCells(k, (found_active + 1) * CELLS);
          k = 0;
          if
          :: found_active -> settle1 = true
          :: else ->
             settle0 = true
#ifdef TRUNCATE_ON_ROT
             ; if :: second_named -> second_named = false; second_on_disk = false :: else fi
#endif
          fi
       :: else
       fi;
       found_more = false;
#ifdef NO_SYNC_AT_RECOVERY
       step = rSyncDirectory
#else
       step = rSync0
#endif
     }
  :: atomic {
       step == rSync0;
       if :: settle0 -> SyncCells(0); settle0 = false :: else fi;
       step = rSync1
     }
  :: atomic {
       step == rSync1;
       if :: settle1 -> SyncCells(CELLS); settle1 = false :: else fi;
       step = rSyncDirectory
     }
  :: atomic {
       sync_failures > 0 && ((step == rSync0 && settle0) || (step == rSync1 && settle1));
       sync_failures--;
       if
       :: step == rSync0 -> FailCells(0)
       :: else -> FailCells(CELLS)
       fi;
       ForgetProcess()
     }
  :: atomic { /* Log::Open, after RecoverLog */
       step == rSyncDirectory;
#ifndef NO_DIRECTORY_SYNC_AT_OPEN
       second_on_disk = second_named;
#endif
#ifdef NO_SLOT_REPAIR
       step = rOpen
#else
       step = ((slot_seen[0].sequence == kGarbage || slot_seen[1].sequence == kGarbage) -> rRepairSlot : rOpen)
#endif
     }
  :: atomic { /* A damaged slot makes recovery refuse every torn tail, so it is written anew first. */
       step == rRepairSlot;
       i = (slot_seen[0].sequence == kGarbage -> 0 : 1);
       printf("recovery: slot %d is written anew, durable below %d\n", i, found_end);
       slot_seen[i].sequence = slot_seen[1 - i].sequence + 1;
       slot_seen[i].offset = found_end;
       slot_seen[i].segment = found_active;
       i = 0;
       step = rSyncRepair
     }
  :: atomic {
       step == rSyncRepair;
       SyncSlots();
       point_offset = found_end;
       step = rOpen
     }
  :: atomic { /* Adopted by its partition: all of it is readable. */
       step == rOpen;
       printf("recovery: open, offsets below %d are readable\n", found_end);
       end_offset = found_end;
       durable_offset = found_end;
       writing = found_active;
       assert(end_offset >= promised);
       i = 0;
       do
       :: i < end_offset ->
          assert(i >= promised || Direct(CellOf(i)) == content[i] || rotten);
          assert(!(refused & Bit(Direct(CellOf(i)))) || rotten);
          i++
       :: else -> break
       od;
       i = 0;
       Release(end_offset);
       found_end = 0; found_active = 0; settle0 = false; settle1 = false;
       step = kUp
     }
  od
}
