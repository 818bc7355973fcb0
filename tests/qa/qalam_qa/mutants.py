"""Brokers that are wrong on purpose (tests/mutants): each is caught by the verb that should catch it, within 10 minutes;
the healthy one of the same build passes the same runs.

Needs the preset `mutants`: QALAM_TEST_BIN=build/mutants.
"""
import json
import os
import subprocess
import time

from qalam_qa import programs

SECONDS_MAX = 600
CAUGHT_BY = {
    "skip-fdatasync": ["torn"],
    "ack-before-sync": ["slowdisk"],
    "no-directory-sync": ["torn"],
    "truncate-on-rot": ["bitrot", "--metadata", "0"],
    "trust-the-index": ["bitrot", "--metadata", "0"],
    "forget-producers": ["torn"],
    "same-epoch-at-restart": ["kill9", "--cycles", "20"],
    "retry-failed-sync": ["errno", "--error", "EIO"],
    "checkpoint-before-sync": ["torn"],
    "write-ahead-of-sync": ["slowdisk"],
    "serve-above-durable": ["slowdisk"],
    "drop-at-roll": ["torn"],
}


def add_arguments(parser):
    parser.add_argument("--mutant", choices=list(CAUGHT_BY), action="append", help="only this one (default: all)")


def run(args, report):
    chosen = args.mutant or list(CAUGHT_BY)
    for command in sorted({tuple(CAUGHT_BY[mutant]) for mutant in chosen}):
        result, seconds = run_verb(command, None, report.seed)
        report.check(result is not None and result["failed"] == 0, f"healthy: passes {' '.join(command)} in {seconds:.0f} s"
                     + (f": {result['failures'][:2]}" if result and result["failed"] else ""))
    for mutant in chosen:
        command = CAUGHT_BY[mutant]
        result, seconds = run_verb(command, mutant, report.seed)
        caught = result is not None and result["failed"] > 0
        report.check(caught and seconds < SECONDS_MAX, f"{mutant}: {'caught' if caught else 'NOT caught'} by {' '.join(command)} in "
                     f"{seconds:.0f} s" + (f": {result['failures'][0][:300]}" if caught else ""))


def run_verb(command, mutant, seed):
    """The result of one run of ourselves, or None if it gave none; and the seconds it took."""
    environment = {key: value for key, value in os.environ.items() if key != "QALAM_MUTANT"}
    if mutant:
        environment["QALAM_MUTANT"] = mutant
    program = programs.SOURCE / "tests" / "qa" / "qalam-qa"
    begun = time.monotonic()
    try:
        done = subprocess.run([program, *command, "--short", "--json", "--seed", str(seed)], env=environment, text=True,
                              capture_output=True, timeout=SECONDS_MAX, check=False)
        return json.loads(done.stdout), time.monotonic() - begun
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None, time.monotonic() - begun
