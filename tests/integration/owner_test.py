#!/usr/bin/env python3
"""Processes that share a directory without a server, and the deaths of those that own it.

  --kills N      SIGKILL of the owner, 1 to 16 others producing and tailing: nothing acknowledged is lost, nothing
                 is there twice, every owner has an epoch of its own, and the time without one is measured
  --graceful N   the owner ends by itself: nobody sees an error, and the pause is measured
  and SIGSTOP of the owner: nobody takes over, calls fail by their deadlines, everything goes on after SIGCONT.
  --strict       the times are held to what is promised of an idle machine; else to five times as much
"""
import argparse
import random

import owner_runs
from harness import Checks, seed_from_arguments, temporary_directory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--graceful", type=int, default=20)
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()
    rng = random.Random(seed_from_arguments())
    check = Checks()
    with temporary_directory() as tmp:
        owner_runs.run_all(tmp / "data", rng, args.kills, args.graceful, args.strict, check)
    check.finish()


if __name__ == "__main__":
    main()
