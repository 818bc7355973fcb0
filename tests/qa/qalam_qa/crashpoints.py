"""A scripted life of a broker, killed at every durable system call in turn, its recovery included.

The script creates topics, appends, rolls, trims, retains, deletes, alters, stops, starts and recovers; the calls are
those below the data directory that write, sync, truncate, name or make files, by the broker or by RocksDB in it.
Every second recovery is itself killed, once or twice, at a random call.
"""
import collections
import concurrent.futures
import random
import shutil

from qalam_qa.faults import DURABLE, Faults, file_kind
from qalam_qa.life import Ended, PHASES, Life
from qalam_qa.programs import harness

# Written once a second, and never relied on: how many calls there are would depend on the machine.
NO_RINGS = ["qalam.explain.ring.bytes=0"]
WORKERS = 4  # They mostly wait.
POINTS_MIN = 300


def add_arguments(parser):
    parser.add_argument("--points", help="only these, for instance 17 or 17-30 (default: all)")


def chosen(args, count):
    if not args.points:
        return range(1, count + 1)
    first, _, last = args.points.partition("-")
    return range(int(first), int(last or first) + 1)


def run(args, report):
    with harness.temporary_directory() as tmp:
        calls = count_pass(tmp, report)
        if calls is None:
            return
        halves = [False] if args.short else [False, True]
        jobs = []
        for number in chosen(args, len(calls)):
            for half in halves:
                # Half a write and nothing of it: the short form does the one or the other.
                jobs.append((number, half != (args.short and number % 2 == 0)))
        killed = collections.Counter()
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for fired in pool.map(lambda job: point(tmp, job, report), jobs):
                killed[fired] += 1
        visited = killed[True]
        report.figure("durable calls in the script", len(calls))
        report.figure("kills", visited)
        if not args.points:
            # From one run to the next a few calls come and go.
            missed = killed[False]
            report.check(missed <= len(jobs) * 0.03, f"{visited} of {len(jobs)} points were reached")
            report.check(len(calls) >= POINTS_MIN, f"the script makes {len(calls)} durable calls (at least {POINTS_MIN})")


def count_pass(tmp, report):
    """The script without faults: the calls it makes. It has to pass by itself."""
    directory = tmp / "count"
    directory.mkdir()
    faults = Faults(directory, directory / "data")
    faults.arm(DURABLE, 0, "watch")
    life = Life(directory, faults, NO_RINGS)
    life.run()
    calls = faults.calls()
    sites = {(call.name, file_kind(call.path, faults.root)) for call in calls}
    phases = {call.phase for call in calls}
    report.check(not life.signals and life.exit_codes == [0, 0] and not life.refusals,
                 f"the script itself: ends {life.exit_codes}, signals {life.signals}, refusals {life.refusals}")
    quiet = [PHASES[phase] for phase in range(len(PHASES)) if phase not in phases]
    report.check(not quiet, f"{len(calls)} durable calls at {len(sites)} kinds of places; phases without any: {quiet}")
    life.heal()
    life.look(report, "the script itself")
    report.figure("kinds of places", len(sites))
    return calls if report.failed == 0 else None


def point(tmp, job, report):
    number, half = job
    what = f"killed at call {number}{' half done' if half else ''}"
    directory = tmp / f"p{number}{'h' if half else ''}"
    directory.mkdir()
    faults = Faults(directory, directory / "data")
    faults.arm(DURABLE, number, "kill-half" if half else "kill")
    life = Life(directory, faults, NO_RINGS)
    life.run()
    fired = faults.get("fired") > 0
    if fired:
        at = [call for call in faults.calls() if call.number == number]
        if at:
            what += f" ({at[0].name} {file_kind(at[0].path, faults.root)}, {PHASES[at[0].phase]})"
    report.count(life.signals in ([-9], []) and life.exit_codes in ([], [0], [0, 0]),
                 f"{what}: ends {life.exit_codes}, signals {life.signals}")
    try:
        kill_recovery(life, faults, random.Random(f"{report.seed} {number} {half}"))
        life.heal()
        life.look(report, what)
    except AssertionError as error:
        report.count(False, f"{what}: {error}")
    finally:
        life.broker.__exit__(None, None, None)
    shutil.rmtree(directory)
    return fired


def kill_recovery(life, faults, rng):
    for _ in range(rng.choice([0, 0, 1, 2])):
        faults.arm(DURABLE, rng.randrange(1, 40), "kill")
        try:
            life.start()
        except Ended:
            continue
        life.client.channel.close()
        faults.disarm()
        life.broker.kill()
    faults.disarm()
