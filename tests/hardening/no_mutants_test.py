#!/usr/bin/env python3
"""Checks that programs have nothing of the mutants (common/mutant.h): usage: no_mutants_test.py PROGRAM...

Looks for their names and for the environment variable. A file of a build with QALAM_MUTANTS=ON fails.
"""
import pathlib
import re
import sys


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    header = (pathlib.Path(__file__).resolve().parents[2] / "common/mutant.h").read_text(encoding="utf-8")
    names = re.findall(r'\{"([a-z-]+)", Mutant::', header)
    if len(names) < 12:
        sys.exit("no_mutants_test: can't read the names in common/mutant.h")
    failed = 0
    for path in sys.argv[1:]:
        content = pathlib.Path(path).read_bytes()
        found = [name for name in [*names, "QALAM_MUTANT", "MutantIs(Mutant"] if name.encode() in content]
        failed += bool(found)
        print(f"{path}: {', '.join(found) or 'none'}")
    print(f"{len(sys.argv) - 1 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
