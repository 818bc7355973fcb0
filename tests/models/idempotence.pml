/* M5: an idempotent producer, one partition, and a broker that restarts.
 *
 * The client is client/produce_state: batches leave in order, up to WINDOW of them unanswered; a broken
 * stream or a refusal pulls them back; a time-out gives a verdict while the batch is still out. The broker
 * is FormGroup, ProducerState, ProducerReplay: it looks for duplicates first, appends, syncs, answers in
 * order. A power cut leaves any prefix of what was not synced (M3 shows that it is one); a kill leaves all
 * of it; after either, the producer table is made anew from snapshot and log.
 *
 * Batch b carries the number b as its record; sequences count batches. The log's records are the ghosts
 * that the assertions look at. Bounds and switches: README.md.
 */

#ifndef BATCHES
#define BATCHES 3
#endif
#ifndef WINDOW
#define WINDOW 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef BREAKS
#define BREAKS 1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1
#endif
#ifndef FULL_DISKS
#define FULL_DISKS 1
#endif
#ifndef REFUSALS
#define REFUSALS 1
#endif
#define IDENTITIES 3  /* Producer ids that are ever asked for, 1.. */
#define KEPT 2        /* ProducerState::kBatchesKept */
#define LOG (2 * BATCHES)
#define kNone 15

/* ---- client ---- */
mtype = { tQueued, tFlying, tFlyingExpired, tDecided };
mtype = { vNone, vAcked, vAmbiguous, vFailed };
mtype place[BATCHES + 1] = tQueued; /* From 1. */
mtype verdict[BATCHES + 1] = vNone;
byte stamp_id[BATCHES + 1];         /* 0: none given yet. */
byte stamp_sequence[BATCHES + 1];
bool maybe_written[BATCHES + 1];
byte identity;                      /* 0: to be asked for. */
byte identities_given;
byte next_sequence;
bool stream_up;
bool restart_needed;
bit era;                            /* Of the attempts: answers to those of the other one are ignored. */

/* ---- the streams: batch (0: restart), identity, sequence, era ---- */
chan stream = [WINDOW + 2] of { byte, byte, byte, bit };
chan late = [WINDOW + 2] of { byte, byte, byte, bit };  /* What is left of the stream before. */
/* Answers, in order: batch, what, needed durable end, era. */
mtype = { aOk, aFullDisk, aRefused, aSequence, aUnknown, aPreceding };
chan answers = [WINDOW + 3] of { byte, mtype, byte, bit };

/* ---- broker ---- */
bool up = true;
bool stream_failed;
bool late_failed;
byte log_record[LOG];
byte log_id[LOG];
byte log_sequence[LOG];
byte end_offset;
byte durable_offset;
bool syncing;
byte sync_end;
byte known_last[IDENTITIES + 1] = kNone;  /* Last sequence by identity; kNone: no entry. */
byte known_from[IDENTITIES + 1];          /* Places are remembered from this sequence on. */
byte snapshot_offset;                     /* On disk; the state that it holds follows from the log below it. */

byte crashes = CRASHES;
byte breaks = BREAKS;
byte timeouts = TIMEOUTS;
byte full_disks = FULL_DISKS;
byte refusals = REFUSALS;

/* Scratch, 0 between steps. */
byte b;
byte id;
byte sequence;
byte needed;
byte i;
byte flying;
bit e;
bool written;
bool from_late;
bool clean;
mtype what = vNone;

inline CountFlying() {
  flying = 0; b = 1;
  do
  :: b <= BATCHES ->
     if :: place[b] == tFlying || place[b] == tFlyingExpired -> flying++ :: else fi;
     b++
  :: else -> break
  od;
  b = 0
}

/* One is. */
inline FirstFlying() {
  b = 1;
  do
  :: b <= BATCHES && place[b] != tFlying && place[b] != tFlyingExpired -> b++
  :: else -> break
  od
}

/* The first in that place, 0: none. */
inline FirstIn(where) {
  b = 1;
  do
  :: b <= BATCHES && place[b] != where -> b++
  :: else -> break
  od;
  if :: b > BATCHES -> b = 0 :: else fi
}

inline Decide(batch, how) {
  place[batch] = tDecided;
  verdict[batch] = how
}

/* ProduceState::PullBack */
inline PullBack() {
  i = 1;
  do
  :: i <= BATCHES ->
     if
     :: place[i] == tFlying -> place[i] = tQueued
     :: place[i] == tFlyingExpired -> place[i] = tDecided
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* ProduceState::DropSequenced */
inline DropSequenced(batch, unwritten) {
  if
  :: stamp_id[batch] != 0 && stamp_id[batch] == identity ->
     next_sequence = ((unwritten) -> stamp_sequence[batch] : stamp_sequence[batch] + 1)
  :: else
  fi
}

inline Look(record) {
  written = false; i = 0;
  do
  :: i < end_offset ->
     if :: log_record[i] == record -> written = true :: else fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* StreamState: of the stream that the batch came by. */
#ifdef LATE_STREAM
#define Mark(failed) if :: from_late -> late_failed = failed :: else -> stream_failed = failed fi
#else
#define Mark(failed) stream_failed = failed
#endif

/* ProducerState::OnAppended */
inline Learn(who, number) {
  if
  :: known_last[who] == kNone -> known_from[who] = number
  :: else -> if :: number + 1 > known_from[who] + KEPT -> known_from[who] = number + 1 - KEPT :: else fi
  fi;
  known_last[who] = number
}

/* ProduceState::OnStreamBroken */
inline BreakStream() {
  i = 1;
  do
  :: i <= BATCHES ->
     if :: place[i] == tFlying || place[i] == tFlyingExpired -> maybe_written[i] = true :: else fi;
     i++
  :: else -> break
  od;
  PullBack();
  stream_up = false; restart_needed = false; era = 0;
  do :: nempty(answers) -> answers?_,_,_,_ :: empty(answers) -> break od;
  do
  :: nempty(stream) ->
#ifdef LATE_STREAM
     stream?b,id,sequence,e;
     if :: len(late) < WINDOW + 2 -> late!b,id,sequence,e :: else fi;
     b = 0; id = 0; sequence = 0; e = 0
#else
     stream?_,_,_,_
#endif
  :: empty(stream) -> break
  od;
  i = 0
}

/* Recovery: ProducerReplay::Run over the newest snapshot, which keeps the last batch of each producer. */
inline Rebuild() {
  i = 1;
  do
  :: i <= IDENTITIES -> known_last[i] = kNone; known_from[i] = 0; i++
  :: else -> break
  od;
  i = 0;
#ifndef TABLE_NOT_REBUILT
  do
  :: i < snapshot_offset -> /* What the snapshot holds. */
     known_last[log_id[i]] = log_sequence[i];
     known_from[log_id[i]] = log_sequence[i];
     i++
#ifndef SNAPSHOT_ONLY
  :: i >= snapshot_offset && i < end_offset -> Learn(log_id[i], log_sequence[i]); i++
#endif
  :: else -> break
  od;
  i = 0;
  if
  :: !clean -> /* AdoptHistory; everything is near enough here. */
     do
     :: i < end_offset ->
        if
        :: known_last[log_id[i]] >= KEPT - 1 -> known_from[log_id[i]] = known_last[log_id[i]] + 1 - KEPT
        :: else -> known_from[log_id[i]] = 0
        fi;
        i++
     :: else -> break
     od
  :: else
  fi;
#endif
  i = 0
}

init {
end_all:
  do
  /* ---- client: PartitionQueue, ProduceState ---- */
  :: atomic {
       identity == 0 && identities_given < IDENTITIES;
       identities_given++;
       identity = identities_given;
       next_sequence = 0;
       printf("client: is producer %d now\n", identity)
     }
  :: atomic { up && !stream_up; stream_up = true; stream_failed = false; printf("client: opens a stream\n") }
  :: atomic { stream_up && restart_needed && nfull(stream);
       restart_needed = false; stream!0,0,0,0; printf("client: restart\n") }
  :: atomic { /* NextMessage, Stamp */
       stream_up && !restart_needed && identity != 0 && nfull(stream);
       CountFlying();
       FirstIn(tQueued);
       if
       :: b != 0 && flying < WINDOW ->
          if
          :: stamp_id[b] == identity && (maybe_written[b] || stamp_sequence[b] == next_sequence)
          :: else -> stamp_id[b] = identity; stamp_sequence[b] = next_sequence
          fi;
          next_sequence = stamp_sequence[b] + 1;
          place[b] = tFlying;
          stream!b,stamp_id[b],stamp_sequence[b],era;
          printf("client: sends batch %d as producer %d sequence %d\n", b, stamp_id[b], stamp_sequence[b])
       :: else
       fi;
       b = 0; flying = 0
     }
  :: atomic { /* Expire: of what is out, the first; else of what waits. */
       timeouts > 0;
       FirstIn(tFlying);
       if
       :: b != 0 ->
          timeouts--;
          verdict[b] = vAmbiguous;
          place[b] = tFlyingExpired;
          printf("client: batch %d times out while it is out: ambiguous\n", b)
       :: else ->
          FirstIn(tQueued);
          if
          :: b != 0 ->
             timeouts--;
#ifdef SEQUENCE_REUSED
             DropSequenced(b, true);
#else
             DropSequenced(b, !maybe_written[b]);
#endif
             Look(b);
             assert(maybe_written[b] || !written);
             Decide(b, (maybe_written[b] -> vAmbiguous : vFailed));
             written = false;
             printf("client: batch %d times out in the queue\n", b)
          :: else
          fi
       fi;
       b = 0
     }
  :: atomic { /* OnAnswer, OnRefusal */
       stream_up && len(answers) > 0;
       answers?<b,what,needed,e>;
       if
       :: needed <= durable_offset -> answers?b,what,needed,e
       :: else -> e = 1 - era /* Partition::ReleaseAcks has not come to it. */
       fi;
       if
       :: e != era
       :: else ->
          sequence = b;
          FirstFlying();
          assert(b == sequence);
          if
          :: what == aOk ->
             if
             :: place[b] == tFlyingExpired -> place[b] = tDecided
             :: else ->
                Look(b);
                printf("client: batch %d is acknowledged\n", b);
                assert(written); /* Acknowledged is written. */
                Decide(b, vAcked)
             fi
          :: else ->
             assert(what != aPreceding);
             printf("client: batch %d is refused: %e\n", b, what);
             id = (place[b] == tFlyingExpired -> 1 : 0);
             place[b] = tDecided;
             PullBack();
             era = 1 - era;
             restart_needed = true;
             if
             :: (what == aSequence || what == aUnknown) && stamp_sequence[b] > 0 -> /* StartAnew */
                identity = 0;
                if :: !id -> place[b] = tQueued :: else fi;
                i = 1;
                do
                :: i <= BATCHES ->
                   if
                   :: place[i] == tQueued && what == aUnknown && maybe_written[i] -> Decide(i, vAmbiguous)
                   :: place[i] == tQueued && !(what == aUnknown && maybe_written[i]) ->
                      stamp_id[i] = 0; stamp_sequence[i] = 0; maybe_written[i] = false
                   :: else
                   fi;
                   i++
                :: else -> break
                od;
                i = 0
             :: what == aFullDisk ->
                if
                :: id -> DropSequenced(b, !maybe_written[b])
                :: else ->
                   if :: stamp_id[b] == identity -> next_sequence = stamp_sequence[b] :: else fi;
                   place[b] = tQueued
                fi
             :: else ->
                DropSequenced(b, true);
                if
                :: !id ->
                   i = 0;
                   do
                   :: i < end_offset -> assert(log_record[i] != b); i++ /* Refused is not written. */
                   :: else -> break
                   od;
                   i = 0;
                   Decide(b, vFailed)
                :: else
                fi
             fi
          fi
       fi;
       b = 0; what = vNone; needed = 0; e = 0; id = 0; sequence = 0; written = false
     }
  :: atomic {
       breaks > 0 && stream_up;
       breaks--;
       printf("the stream breaks\n");
       late_failed = stream_failed;
       BreakStream()
     }

  /* ---- broker: FormGroup and AppendGroup, batch by batch ---- */
  :: atomic {
#ifdef LATE_STREAM
       up && !syncing && end_offset < LOG && (len(stream) > 0 || len(late) > 0) && len(answers) < WINDOW + 3;
       if
       :: len(stream) > 0 ->
          stream?b,id,sequence,e;
#ifdef FENCE_OLD_STREAMS
          do :: len(late) > 0 -> late?_,_,_,_ :: len(late) == 0 -> break od;
#endif
       :: len(late) > 0 -> late?b,id,sequence,e; from_late = true; printf("broker: from the stream before:\n")
       fi;
#else
       up && !syncing && end_offset < LOG && len(stream) > 0 && len(answers) < WINDOW + 3;
       stream?b,id,sequence,e;
#endif
       what = aOk;
       if
       :: b == 0 -> Mark(false)
       :: b != 0 && (from_late -> late_failed : stream_failed) -> what = aPreceding
       :: else ->
          if
          :: known_last[id] == kNone && sequence > 0 -> what = aUnknown
          :: known_last[id] != kNone && sequence > known_last[id] + 1 -> what = aSequence
          :: known_last[id] != kNone && sequence <= known_last[id] ->
             /* A duplicate, acknowledged when its original is durable; all of the log if its place is forgotten. */
             needed = end_offset;
             if
             :: sequence >= known_from[id] ->
                i = 0;
                do
                :: i < end_offset ->
                   if :: log_id[i] == id && log_sequence[i] == sequence -> needed = i + 1; break :: else -> i++ fi
                :: else -> assert(false) /* The table knows a batch that the log has not. */
                od;
                i = 0
             :: else
             fi;
#ifdef DUPLICATE_AT_ONCE
             needed = 0;
#endif
             printf("broker: batch %d is a duplicate\n", b)
          :: else ->
             if
             :: full_disks > 0 ->
                full_disks--; what = aFullDisk;
#ifdef TABLE_BEFORE_WRITE
                Learn(id, sequence);
#endif
                printf("broker: no space for batch %d\n", b)
             :: refusals > 0 && !from_late ->
                refusals--;
                what = aRefused;
                printf("broker: batch %d expects another offset\n", b)
             :: true ->
                printf("broker: batch %d is written at offset %d ", b, end_offset);
                printf("as producer %d sequence %d\n", id, sequence);
                assert(verdict[b] != vFailed); /* Nothing that was said not to be written. */
                i = 0;
                do
                :: i < end_offset ->
                   assert(log_record[i] != b); /* Nothing twice. */
#ifndef UNORDERED
                   assert(log_record[i] < b); /* In order. */
#endif
                   i++
                :: else -> break
                od;
                i = 0;
                log_record[end_offset] = b;
                log_id[end_offset] = id;
                log_sequence[end_offset] = sequence;
                end_offset++;
                Learn(id, sequence);
                needed = end_offset
             fi
          fi
       fi;
       if
       :: b != 0 && what != aOk && what != aPreceding ->
          Mark(true)
       :: else
       fi;
       if
       :: b != 0 && !from_late -> answers!b,what,needed,e
       :: else
       fi;
       b = 0; id = 0; sequence = 0; e = 0; needed = 0; what = vNone; from_late = false
     }
  :: atomic { up && !syncing && end_offset > durable_offset; syncing = true; sync_end = end_offset }
  :: atomic {
       up && syncing;
       durable_offset = sync_end;
       syncing = false; sync_end = 0;
       printf("broker: durable below %d\n", durable_offset)
     }
  :: atomic { /* With a checkpoint, or at a roll; after the sync. */
       up && !syncing && snapshot_offset < durable_offset && durable_offset == end_offset;
       snapshot_offset = durable_offset;
       printf("broker: snapshot at offset %d\n", snapshot_offset)
     }

  /* ---- the end of a run, and the next start ---- */
  :: atomic {
       up && crashes > 0;
       crashes--;
       up = false; syncing = false; sync_end = 0; stream_failed = false; late_failed = false;
#ifdef LATE_STREAM
       do :: nempty(late) -> late?_,_,_,_ :: empty(late) -> break od;
#endif
       BreakStream();
#ifdef LATE_STREAM
       do :: nempty(late) -> late?_,_,_,_ :: empty(late) -> break od;
#endif
       if
       :: end_offset == durable_offset -> /* A clean stop: snapshot at the end, no history. */
          snapshot_offset = end_offset;
          printf("broker: stops cleanly\n");
          clean = true
       :: printf("broker: KILLED\n")
       :: end_offset > durable_offset ->
          do
          :: end_offset > durable_offset ->
             end_offset--;
             log_record[end_offset] = 0; log_id[end_offset] = 0; log_sequence[end_offset] = 0
          :: end_offset > durable_offset -> break
          :: end_offset == durable_offset -> break
          od;
          printf("broker: POWER CUT, the log ends at %d\n", end_offset)
       fi;
       durable_offset = end_offset; /* M3: recovery syncs what it found. */
       Rebuild();
       clean = false;
       /* Whatever was acknowledged is there. */
       b = 1;
       do
       :: b <= BATCHES ->
          if :: verdict[b] == vAcked -> Look(b); assert(written) :: else fi;
          b++
       :: else -> break
       od;
       b = 0; written = false
     }
  :: atomic { !up; up = true; printf("broker: starts, the log ends at %d\n", end_offset) }
#ifdef FORGETS_EARLY
  :: atomic {
       up && identity != 0 && known_last[identity] != kNone;
       known_last[identity] = kNone; known_from[identity] = 0;
       printf("broker: forgets the producer\n")
     }
#endif
  od
}
