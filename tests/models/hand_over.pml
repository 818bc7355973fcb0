/* M2: who owns a directory: PROCESSES that open it, of which some are killed, stopped and continued, and
 * fork; and somebody who deletes the lock file while nobody holds it (DELETED_WHILE_HELD: at any time).
 *
 * As common/file_lock, broker/node/data_directory, broker/io/unix_listener and broker/node/broker_process
 * have it; the proxies, which are about to be written, as they are designed. A flock belongs to an open
 * file description, which a forked child shares; the kernel lets go of it when the last descriptor is
 * closed. A socket ends with its process but its name does not: the name of a dead one refuses connections,
 * a stopped process still accepts them.
 *
 * Each process has one record (its number) to be appended once; the owner appends its own like any other.
 * The files survive kills (M3 is about power). Bounds and switches: README.md.
 */

#ifndef PROCESSES
#define PROCESSES 3
#endif
#ifndef KILLS
#define KILLS 2
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef FORKS
#define FORKS 1
#endif
#ifndef DELETIONS
#define DELETIONS 1
#endif
#ifndef CLOSES
#define CLOSES 1 /* Graceful ends of an owner. */
#endif
#define kNobody 15
#define kChild 14 /* The description is open in the child only. */

mtype = { Running, Stopped, Dead };
mtype alive[PROCESSES] = Running;
byte child_of = kNobody;       /* Whose forked child is there, with the descriptors that its parent had. */
bool child_has_lock;
byte child_inode;

/* ---- the lock file: inodes are counted ---- */
byte named_inode;              /* Under the path DIR/.lock. */
byte opened_inode[PROCESSES] = kNobody;
bool locked[PROCESSES];         /* By the description that it has opened. */
byte holder[DELETIONS + 3] = kNobody;  /* By inode: whose open file description has the flock. */
#ifdef DIRECTORY_LOCK
byte directory_holder = kNobody;       /* The same of the directory itself, which nobody can make anew. */
bool child_has_directory;
#endif

/* ---- the directory ---- */
byte epoch_file;               /* owner_epoch of meta.properties. */
byte socket_of = kNobody;      /* Whose socket is under the name qalam.sock. */
byte record[PROCESSES * 2];    /* The log; 0: nothing, else process + 1. */
byte log_end;

/* ---- processes ---- */
bool serving[PROCESSES];
bool has_epoch[PROCESSES];     /* Between the epoch's writing and the lock's loss. */
byte epoch[PROCESSES];
byte known_end[PROCESSES];     /* The log's end as its recovery saw it, and its own appends. */
byte connected[PROCESSES] = kNobody;   /* To whom; itself when it is the owner. */
bool asked[PROCESSES];         /* Its record lies at the one it is connected to. */
bool acknowledged[PROCESSES];
byte newest_epoch;             /* Ghost: of all that served. */
bool settled;                  /* No more faults. */

byte kills = KILLS;
byte stops = STOPS;
byte forks = FORKS;
byte deletions = DELETIONS;
byte closes = CLOSES;

#define May (alive[me] == Running)
#define Left(p) (alive[p] != Dead)
#define SomebodyIsLeft (Left(0) || Left(1) || Left(2))
#define NobodyIsStopped (alive[0] != Stopped && alive[1] != Stopped && alive[2] != Stopped)
#define MayFork(p) (alive[p] == Running && HoldsLock(p))
#define Asks(p, owner) (connected[p] == owner && asked[p])
#define HoldsLock(p) locked[p]
#define NamedOwnerIsGone (holder[named_inode] == kNobody || alive[holder[named_inode]] == Dead)
#define Owns(p) (has_epoch[p] && alive[p] != Dead)
#define SomebodyServes \
  ((serving[0] && alive[0] != Dead) || (serving[1] && alive[1] != Dead) || (serving[2] && alive[2] != Dead))

/* A proxy's connection breaks: what it asked is sent again elsewhere. */
inline Forget(p) {
  i = 0;
  do
  :: i < PROCESSES ->
     if :: connected[i] == p -> connected[i] = kNobody; asked[i] = false :: else fi;
     i++
  :: else -> break
  od;
  i = 0
}

/* close() of the lock file's descriptor. */
#define ChildHolds(p) (child_of == p && child_has_lock && child_inode == opened_inode[p])
inline CloseLock(p) {
  if
  :: locked[p] -> holder[opened_inode[p]] = (ChildHolds(p) -> kChild : kNobody)
  :: else
  fi;
  locked[p] = false;
  opened_inode[p] = kNobody
}

/* And of the directory's, if that is locked. */
#ifdef DIRECTORY_LOCK
inline CloseDirectory(p) {
  if
  :: directory_holder == p -> directory_holder = ((child_of == p && child_has_directory) -> kChild : kNobody)
  :: else
  fi
}
#define CloseLocks(p) CloseDirectory(p); CloseLock(p)
#else
#define CloseLocks(p) CloseLock(p)
#endif

/* The owner's path belongs to the owner, or to nobody who lives. */
inline CheckSocket() {
  assert(socket_of == kNobody || alive[socket_of] == Dead || HoldsLock(socket_of))
}

proctype app(byte me) {
  byte i;
  byte at;
  bool there;

  {
try_lock:
  do
  :: atomic { /* FileLock::TryLock */
       May && connected[me] == kNobody && !serving[me];
       opened_inode[me] = named_inode
     }
#ifdef PID_FILE
     /* No flock: the file says who owns it, and whoever is not there any more is replaced. */
     if
     :: atomic { May && NamedOwnerIsGone -> at = 1 }
     :: atomic { May && !(NamedOwnerIsGone) -> opened_inode[me] = kNobody; goto proxy }
     fi;
     atomic { May; at = 0; holder[named_inode] = me; opened_inode[me] = named_inode; locked[me] = true };
#else
     if
     :: atomic { May && holder[opened_inode[me]] == kNobody -> holder[opened_inode[me]] = me; locked[me] = true;
                 printf("%d: locks inode %d\n", me, opened_inode[me]) }
     :: atomic { May && holder[opened_inode[me]] != kNobody -> opened_inode[me] = kNobody; goto proxy }
     fi;
#endif
#ifdef UNLINKS_LOCK
     /* "Cleans up" what was there before, and makes a lock file of its own. */
     atomic {
       May && named_inode < DELETIONS + 2;
       CloseLock(me);
       named_inode++;
       opened_inode[me] = named_inode; holder[named_inode] = me; locked[me] = true
     };
#endif
#if !defined(NO_INODE_CHECK) && !defined(PID_FILE)
     if
     :: atomic { May && opened_inode[me] == named_inode }
     :: atomic { May && opened_inode[me] != named_inode -> CloseLock(me); goto try_lock }
     fi;
#endif
#ifdef DIRECTORY_LOCK
     if
     :: atomic { May && directory_holder == kNobody -> directory_holder = me }
     :: atomic { May && directory_holder != kNobody -> CloseLock(me); goto proxy }
     fi;
#endif
take_over:
#ifdef SERVES_BEFORE_EPOCH
     atomic { May; epoch[me] = epoch_file + 1; known_end[me] = log_end; has_epoch[me] = true };
#else
     /* DataDirectory::Open: owner_epoch + 1, written and synced. */
     atomic { May; epoch[me] = epoch_file + 1 };
     atomic { May; epoch_file = epoch[me]; has_epoch[me] = true;
              printf("%d: owns the directory in epoch %d\n", me, epoch[me]);
              assert(Owns(0) + Owns(1) + Owns(2) == 1) };
#ifndef BINDS_BEFORE_RECOVERY
     atomic { May; known_end[me] = log_end; printf("%d: has recovered, the log ends at %d\n", me, log_end) };
#endif
#endif
     /* UnixListener::Open: bound under another name, then renamed over it. */
     atomic { May; socket_of = me; serving[me] = true; connected[me] = me;
              printf("%d: serves\n", me);
              assert(epoch[me] > newest_epoch); /* No epoch twice, none goes back. */
              newest_epoch = epoch[me];
              CheckSocket() };
#ifdef SERVES_BEFORE_EPOCH
     atomic { May; epoch_file = epoch[me] };
#endif

     do
     :: atomic { /* A batch that is not in the log yet: appended, and durable. */
          May && Asks(0, me) + Asks(1, me) + Asks(2, me) > 0;
          if
          :: Asks(0, me) -> i = 0
          :: Asks(1, me) -> i = 1
          :: Asks(2, me) -> i = 2
          fi;
          atomic {
          do
          :: at < known_end[me] ->
             if :: record[at] == i + 1 -> there = true :: else fi;
             at++
          :: else -> break
          od;
          if
          :: !there ->
             printf("%d: appends the record of %d at offset %d\n", me, i, known_end[me]);
             assert(epoch[me] == epoch_file && has_epoch[me]); /* By the one owner of the newest epoch. */
             assert(record[known_end[me]] == 0); /* Nothing is written over. */
             at = 0;
             do
             :: at < PROCESSES * 2 -> assert(record[at] != i + 1); at++ /* Nothing twice. */
             :: else -> break
             od;
             record[known_end[me]] = i + 1;
             known_end[me]++;
             log_end = known_end[me]
          :: else
          fi;
          at = 0;
          there = false
          }
        };
        atomic { /* The acknowledgement. Its proxy may have gone. */
          May;
          if
          :: Asks(i, me) ->
             acknowledged[i] = true; asked[i] = false;
             printf("%d: acknowledges the record of %d\n", me, i)
          :: else
          fi;
          i = 0
        }
#ifdef BINDS_BEFORE_RECOVERY
     :: atomic { May && known_end[me] < log_end -> known_end[me] = log_end }
#endif
     :: atomic { May && !asked[me] && !acknowledged[me] -> asked[me] = true }
     :: atomic { /* FrontEnd::StopAccepting: the name goes first, and only if it is ours. */
          May && closes > 0;
          closes--;
          printf("%d: hands over\n", me)
#ifndef LOCK_BEFORE_SOCKET
          ; if :: socket_of == me -> socket_of = kNobody :: else fi
#endif
        };
        atomic { /* Drained and synced. What was not written is answered so, and sent again elsewhere. */
          May;
          serving[me] = false;
          Forget(me)
        };
        atomic { May; has_epoch[me] = false; epoch[me] = 0; known_end[me] = 0; CloseLocks(me) };
#ifdef LOCK_BEFORE_SOCKET
        atomic { May; socket_of = kNobody };
#endif
        goto try_lock
     od;

proxy:
     if
     :: atomic { May && socket_of == kNobody }
     :: atomic { /* ECONNREFUSED: nobody is behind the name. Never more than a reason to try the lock. */
          May && socket_of != kNobody && (alive[socket_of] == Dead || !serving[socket_of]);
#ifdef TAKEOVER_BY_REFUSAL
          opened_inode[me] = named_inode;
          goto take_over
#endif
        }
#ifdef UNLINKS_SOCKET
        /* "Cleans up" the stale name, without the lock. */
        atomic { May; socket_of = kNobody; printf("%d: removes the socket's name\n", me) }
#endif
     :: atomic { /* Hello, answered with the directory's id and an epoch. A stopped owner does not answer. */
          May && socket_of != kNobody && alive[socket_of] == Running && serving[socket_of];
          connected[me] = socket_of;
          printf("%d: is a proxy of %d\n", me, socket_of)
        };
        do
        :: atomic { May && connected[me] != kNobody && !asked[me] && !acknowledged[me] -> asked[me] = true }
        :: atomic { May && connected[me] == kNobody -> break }
        od
     :: atomic { May && socket_of != kNobody && alive[socket_of] == Stopped && serving[socket_of];
                 printf("%d: no hello within the time\n", me)
#ifdef TAKEOVER_BY_TIMEOUT
                 ; opened_inode[me] = named_inode;
                 goto take_over
#endif
        }
     fi
  od
  } unless { alive[me] == Dead }
}

/* Kills, stops, forks, and somebody's rm. */
active proctype world() {
  byte i;
  byte p;
  atomic { run app(0); run app(1); run app(2) };
end_world:
  do
  :: atomic {
       !settled && kills > 0 && SomebodyIsLeft;
       if
       :: Left(0) -> p = 0
       :: Left(1) -> p = 1
       :: Left(2) -> p = 2
       fi;
       atomic {
         kills--;
         alive[p] = Dead;
         printf("KILLED: %d\n", p);
         serving[p] = false; has_epoch[p] = false; epoch[p] = 0; known_end[p] = 0;
         asked[p] = false; connected[p] = kNobody;
         Forget(p);
#ifdef PID_FILE
         opened_inode[p] = kNobody; locked[p] = false;
#else
         CloseLocks(p);
#endif
         p = 0
       }
     }
  :: atomic {
       !settled && stops > 0 && (alive[0] == Running || alive[1] == Running || alive[2] == Running);
       if
       :: alive[0] == Running -> p = 0
       :: alive[1] == Running -> p = 1
       :: alive[2] == Running -> p = 2
       fi;
       atomic { stops--; alive[p] = Stopped; printf("STOPPED: %d\n", p); p = 0 }
     }
  :: atomic {
       !(NobodyIsStopped);
       i = (alive[0] == Stopped -> 0 : (alive[1] == Stopped -> 1 : 2));
       alive[i] = Running;
       printf("CONTINUED: %d\n", i);
       i = 0
     }
  :: atomic {
       !settled && forks > 0 && child_of == kNobody && (MayFork(0) || MayFork(1) || MayFork(2));
       if
       :: MayFork(0) -> p = 0
       :: MayFork(1) -> p = 1
       :: MayFork(2) -> p = 2
       fi;
       atomic {
         forks--;
         child_of = p;
         child_has_lock = true;
         child_inode = opened_inode[p];
#ifdef DIRECTORY_LOCK
         child_has_directory = (directory_holder == p);
#endif
         printf("%d FORKS\n", p);
         p = 0
       }
     }
#ifndef CHILD_KEEPS_LOCK
  :: atomic { /* The child's pthread_atfork handler; an exec closes it too (O_CLOEXEC). */
       child_has_lock;
       child_has_lock = false;
       printf("the child of %d closes the lock\n", child_of);
#ifdef CHILD_UNLOCKS
       holder[child_inode] = kNobody; /* LOCK_UN is for the description, whoever says it. */
#endif
#ifdef DIRECTORY_LOCK
       child_has_directory = false;
       if
       :: directory_holder == kChild -> directory_holder = kNobody
       :: else
       fi;
#endif
       if
       :: holder[child_inode] == kChild -> holder[child_inode] = kNobody
       :: else
       fi
     }
#endif
  :: atomic { /* rm DIR/.lock */
#ifdef DELETED_WHILE_HELD
       !settled && deletions > 0;
#else
       !settled && deletions > 0 && holder[named_inode] == kNobody;
#endif
       deletions--;
       named_inode++;
       printf("somebody deletes the lock file\n")
     }
  :: atomic { !settled; settled = true; printf("no more faults\n") }
  od
}

/* Once the faults end, whoever is left has an owner, and gets its record acknowledged. */
#define Content(p) (!Left(p) || acknowledged[p])
ltl owner { <>[](settled && SomebodyIsLeft && NobodyIsStopped) ->
            <>[](SomebodyServes && Content(0) && Content(1) && Content(2)) }
