"""Runs a program that takes a range of seeds, as two processes, and adds up what they say."""
import concurrent.futures
import re
import subprocess

from qalam_qa import programs

WORKERS = 2


def run_ranges(report, program, ranges):
    """`ranges`: argument lists, one a process. Counts the programs' passed and failed as checks of ours."""
    def one(arguments):
        return subprocess.run([programs.find(program), *map(str, arguments)], capture_output=True, text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for arguments, done in zip(ranges, pool.map(one, ranges)):
            what = f"{program} {' '.join(map(str, arguments))}"
            said = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
            if said is None:
                report.count(False, f"{what} ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
                continue
            report.add(int(said[1]), int(said[2]), f"{what}:\n{done.stdout[-3000:]}")
            for line in done.stdout.splitlines()[-2:-1]:
                report.figure(what, line)


def split(first, count):
    """Two ranges of seeds that together are `count` from `first` on."""
    half = count // WORKERS
    return [(first, half), (first + half, count - half)]
