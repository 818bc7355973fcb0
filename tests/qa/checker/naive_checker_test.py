#!/usr/bin/env python3
"""Two checkers, one opinion: the C++ and the naive one judge the same random histories.

usage: naive_checker_test.py PROGRAM [--count 10000] [--seed 1]    PROGRAM: qalam-qa-random-histories

Prints each disagreement, how often each class was found, and "N passed, N failed".
"""
import argparse
import collections
import subprocess
import sys

import naive_checker


def histories(stream):
    """Pairs of the C++ verdict (a list of words) and the history's lines."""
    words, lines = None, []
    for text in stream:
        text = text.rstrip("\n")
        if words is None:
            words = text.split()[1:]
        elif text:
            lines.append(text)
        else:
            yield words, lines
            words, lines = None, []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    counts = collections.Counter()
    agreed = disagreed = 0
    with subprocess.Popen([args.program, str(args.count), str(args.seed)], stdout=subprocess.PIPE, text=True) as source:
        for theirs, lines in histories(source.stdout):
            classes = naive_checker.judge(lines)
            ours = [naive_checker.verdict(classes), *sorted(classes)]
            counts.update(ours)
            if ours == theirs:
                agreed += 1
                continue
            disagreed += 1
            if disagreed <= 3:
                print(f"DISAGREE: C++ says {theirs}, Python says {ours}, on:", *lines, sep="\n")
    print(", ".join(f"{name} {count}" for name, count in counts.most_common()))
    complete = source.returncode == 0 and agreed + disagreed == args.count
    if not complete:
        print(f"FAIL: exit {source.returncode} after {agreed + disagreed} of {args.count} histories")
    print(f"seed {args.seed}: {agreed} passed, {disagreed} failed")
    return 0 if complete and not disagreed else 1


if __name__ == "__main__":
    sys.exit(main())
