"""Ends owners of a shared directory: by SIGKILL, by themselves, by SIGSTOP, by a daemon that takes over.

Processes of the smart client produce to one directory and tail it. Nothing acknowledged may be lost or be there twice, no two
owners may have an epoch, and the time without an owner is measured (tests/integration/owner_runs.py).
"""
import random

from qalam_qa.programs import harness

import owner_runs  # noqa: E402: found through programs.py


def add_arguments(parser):
    parser.add_argument("--kills", type=int, help="SIGKILLs of the owner (1000; --short: 10)")
    parser.add_argument("--graceful", type=int, help="owners that end by themselves (100; --short: 5)")
    parser.add_argument("--strict", action="store_true",
                        help="times are held to what is promised of an idle machine, not to five times as much")


def run(args, report):
    kills = args.kills if args.kills is not None else 10 if args.short else 1000
    graceful = args.graceful if args.graceful is not None else 5 if args.short else 100
    with harness.temporary_directory() as tmp:
        owner_runs.run_all(tmp / "data", random.Random(report.seed), kills, graceful, args.strict, report.check)
