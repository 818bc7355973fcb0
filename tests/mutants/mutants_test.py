#!/usr/bin/env python3
"""Shows that the unit tests notice the mutants of common/mutant.h: usage: mutants_test.py BUILD_DIRECTORY

For each mutant the named tests must fail, and must pass where no mutant is chosen. Prints a line a mutant and
"N passed, N failed"; exits 1 if any failed. The build directory is one of preset `mutants`.
"""
import os
import pathlib
import re
import subprocess
import sys

SECONDS_MAX = 600
# Mutant -> (test program, --gtest_filter). retry-failed-sync is not here: the file systems of the unit tests are
# not the real one, where it lives; `qalam-qa fsyncfail` is for it.
CAUGHT_BY = {
    "skip-fdatasync": ("log/log_test", "LogTest.NothingInANewSegmentIsDurableBeforeItsNameIs"),
    "ack-before-sync": ("partition/partition_test", "PartitionTest.AnswersOnlyAfterTheSync"),
    "no-directory-sync": ("log/log_test", "LogTest.NothingInANewSegmentIsDurableBeforeItsNameIs"),
    "truncate-on-rot": ("log/log_test", "RotTest.BelowTheCheckpointNothingIsCutAndTheReadSaysSo:"
                                        "RotTest.DataFurtherThanAGroupProvesRot"),
    "trust-the-index": ("log/log_test", "RotTest.NoFlippedBitIsReadSilently"),
    "forget-producers": ("log/log_test",
                         "LogRetentionTest.TrimToTheEndLeavesAnEmptyLogThatRemembersItsProducers"),
    "same-epoch-at-restart": ("metadata/metadata_test",
                              "ControllerTest.ARestartKeepsTopicsAndRaisesEveryLeaderEpochInOneWrite"),
    "checkpoint-before-sync": ("log/log_crash_test", "*"),
    "write-ahead-of-sync": ("partition/partition_test",
                            "PartitionTest.TheNextGroupCollectsWhileTheSyncRuns"),
    "serve-above-durable": ("partition/partition_test", "PartitionTest.AnswersOnlyAfterTheSync"),
    "drop-at-roll": ("log/log_test", "LogTest.RollsByTheAgeOfItsFirstAppend"),
}
NOT_BY_UNIT_TESTS = {"retry-failed-sync"}


def names_in_header(root):
    text = (root / "common/mutant.h").read_text(encoding="utf-8")
    return set(re.findall(r'\{"([a-z-]+)", Mutant::', text))


def passes(build, program, tests, mutant):
    environment = dict(os.environ, QALAM_MUTANT=mutant)
    try:
        result = subprocess.run([build / "tests/broker" / program, f"--gtest_filter={tests}", "--gtest_brief=1"],
                                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        sys.exit(f"mutants_test: {program} {tests} took longer than {SECONDS_MAX} s: that shows nothing")
    if b"Running 0 tests" in result.stdout or b"0 tests ran" in result.stdout:
        sys.exit(f"mutants_test: {program} has no test {tests}")
    return result.returncode == 0


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1])
    root = pathlib.Path(__file__).resolve().parents[2]
    declared = names_in_header(root)
    if declared != set(CAUGHT_BY) | NOT_BY_UNIT_TESTS:
        sys.exit(f"mutants_test: common/mutant.h has {sorted(declared)}, this test knows others")
    passed = failed = 0
    healthy = {}
    for mutant, test in sorted(CAUGHT_BY.items()):
        if test not in healthy:
            healthy[test] = passes(build, *test, "")
        caught = not passes(build, *test, mutant)
        good = caught and healthy[test]
        passed += good
        failed += not good
        verdict = "caught" if good else "NOT CAUGHT" if healthy[test] else "fails without the mutant, too"
        print(f"{mutant:24} {test[0]} {test[1]}: {verdict}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)


main()
