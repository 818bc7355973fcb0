"""The command line of qalam-qa."""
import argparse
import importlib
import os
import sys

from qalam_qa.programs import harness
from qalam_qa.verdict import Report

# Verb -> module; what it does is the first line of the module's text.
VERBS = {"kill9": "kill9", "crashpoints": "crashpoints", "errno": "call_failures", "powercut": "powercut",
         "torn": "torn", "bitrot": "bitrot", "fsyncfail": "fsyncfail", "clock": "clock",
         "compat": "compat", "limits": "limits", "memory": "memory", "vanished": "vanished", "slowdisk": "slowdisk",
         "lyingdisk": "lyingdisk", "owner": "owner", "soak": "soak", "mutants": "mutants"}
EPILOG = """Every run prints `N passed, N failed` and the seed that replays its choices (not the machine's timing).
What a run could not show - a fault that did not fire, too little load - counts as failed.
Data directories are made below QALAM_TEST_TMP (/var/tmp), which must be a disk, never tmpfs. Programs are those of
QALAM_TEST_BIN (build/release). Exit codes: 0 all passed, 1 not, 2 usage."""


def parser_of():
    parser = argparse.ArgumentParser(prog="qalam-qa", description="Breaks real brokers and judges what was left.",
                                     epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, name in VERBS.items():
        module = importlib.import_module(f"qalam_qa.{name}")
        what = module.__doc__.splitlines()[0]
        one = verbs.add_parser(verb, help=what, description=module.__doc__,
                               formatter_class=argparse.RawDescriptionHelpFormatter)
        one.add_argument("--seed", type=int, help="repeats the choices of a run")
        one.add_argument("--json", action="store_true", help="the result as one JSON object")
        one.add_argument("--short", action="store_true", help="the short form that CI runs")
        module.add_arguments(one)
        one.set_defaults(module=module)
    return parser


def main():
    args = parser_of().parse_args()
    harness.raise_descriptor_limit()
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "big")
    report = Report(args.verb, seed, args.json)
    try:
        args.module.run(args, report)
    except AssertionError as error:
        report.check(False, f"the run broke off: {error}")
    sys.exit(report.finish())
