"""Every place that calls the system for a file fails once, with each error it can meet: EIO, ENOSPC, EINTR, EMFILE, or
a short read or write.

The same scripted life as in crashpoints. A place is a function and a kind of file; the short form takes one call of each
by chance, the full form every single call. The broker may finish the call (EINTR, short), refuse by name, or end with a
documented exit code; it may never end by a signal, lose what it acknowledged, or go on after a failed sync of a log.
"""
import collections
import concurrent.futures
import errno
import pathlib
import random
import shutil
import tempfile

from qalam_qa.crashpoints import WORKERS
from qalam_qa.faults import Faults, file_kind, site_of
from qalam_qa.life import EXITS, PHASES, Life
from qalam_qa.programs import harness

ERRORS = {
    "EIO": (("write", "sync", "truncate", "name", "create", "open", "read"), "fail", errno.EIO),
    "ENOSPC": (("write", "sync", "truncate", "name", "create"), "fail", errno.ENOSPC),
    "EINTR": (("write", "sync", "truncate", "create", "open", "read"), "fail", errno.EINTR),
    "short": (("write", "read"), "short", 0),
    "EMFILE": (("create", "open", "accept"), "fail", errno.EMFILE),
}


def add_arguments(parser):
    parser.add_argument("--error", choices=list(ERRORS), action="append", help="only this one (default: all)")
    parser.add_argument("--call", type=int, help="only the call with this number")


def run(args, report):
    with harness.temporary_directory() as tmp:
        for error in args.error or ERRORS:
            one_error(tmp, error, args, report)


def one_error(tmp, error, args, report):
    calls, root = count_pass(tmp, error, report)
    rng = random.Random(f"{report.seed} {error}")
    places = collections.Counter(site_of(call, root) for call in calls)
    if args.call:
        jobs = [(None, args.call)]
    elif args.short:
        # Which call comes when differs from run to run, how often a place is visited hardly.
        jobs = [(site, rng.randint(1, count)) for site, count in places.items()]
    else:
        jobs = [(None, call.number) for call in calls]
    hit = set()
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        hit.update(pool.map(lambda job: point(tmp, error, *job, report), jobs))
        if not args.call:
            left = [(site, 1) for site in places if site not in hit]
            hit.update(pool.map(lambda job: point(tmp, error, *job, report), left))
    missed = [site for site in places if site not in hit]
    report.figure(f"{error}: places", len(places))
    if not args.call:
        report.check(len(missed) <= len(places) * 0.03, f"{error}: {len(places) - len(missed)} of {len(places)} places were hit; "
                     f"not: {missed[:5]}")


def count_pass(tmp, error, report):
    kinds, _, _ = ERRORS[error]
    directory = tmp / f"count-{error}"
    directory.mkdir()
    faults = Faults(directory, directory / "data")
    faults.arm(kinds, 0, "short" if error == "short" else "watch")
    life = Life(directory, faults)
    life.run()
    report.check(life.exit_codes == [0, 0] and not life.signals and not life.refusals, f"{error}: the script itself")
    calls = faults.calls()
    shutil.rmtree(directory)
    return calls, faults.root


def point(tmp, error, site, number, report):
    """One life with one failed call, the one with this number (of the place, or of all); where it was, or None."""
    kinds, action, code = ERRORS[error]
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{error}-", dir=tmp))
    faults = Faults(directory, directory / "data")
    if site:
        faults.only(site)
    faults.arm(kinds, number, action, code)
    life = Life(directory, faults)
    life.run()
    at = next((call for call in faults.calls() if call.number == number), None) if faults.get("fired") else None
    faults.disarm()
    what = f"{error} at call {number}"
    if at:
        what += f" ({PHASES[at.phase]}: {at.name} {file_kind(at.path, faults.root)})"
    report.count(not life.signals and set(life.exit_codes) <= EXITS,
                 f"{what}: ends {life.exit_codes}, signals {life.signals}\n{life.broker.log_tail(6) if life.signals else ''}")
    # While a topic is made nothing is acknowledged in it: its making is refused then.
    if at and at.kind == "sync" and at.path.endswith(".log") and error != "EINTR" and "/log/c-" in at.path and PHASES[at.phase] != "create":
        report.count(74 in life.exit_codes, f"{what}: a failed sync of a log must end the broker with 74: {life.exit_codes}")
    try:
        life.heal()
        # Files that are derived from the log may be missing after an error: they are made again at their next use.
        life.look(report, what, derived_may_be_bad=True)
    except AssertionError as broken:
        report.count(False, f"{what}: {broken}")
    finally:
        life.broker.__exit__(None, None, None)
    shutil.rmtree(directory)
    return site_of(at, faults.root) if at else None
