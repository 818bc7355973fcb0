"""Power cuts that keep any part of what was not synced: logs on a disk in memory, recovered twice, checked offline.

One seed is up to three lives of a log, each stopped at a random change; qalam-qa-torn says how. A seed that fails is
repeated with: qalam-qa-torn SEED 1.
"""
from qalam_qa.ranges import run_ranges, split


def add_arguments(parser):
    parser.add_argument("--seeds", type=int, help="how many (100000, short: 3000)")


def run(args, report):
    seeds = args.seeds or (3000 if args.short else 100_000)
    run_ranges(report, "qalam-qa-torn", split(report.seed % 1_000_000_000, seeds))
