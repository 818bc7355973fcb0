#!/usr/bin/env python3
"""Checks the Spin models of this folder: each has to hold in every state within its bounds, and each
known-bad switch has to be refuted.

  run_models.py                     bounds of a minute in all
  run_models.py --full              bounds of docs and releases (minutes, 10 GiB of memory)
  run_models.py --only NAME ...     these models
  run_models.py --show SWITCH       the shortest found way to the switch's counterexample, step by step
  run_models.py --list              models and switches

Prints `N passed, N failed`; exit 0 only if nothing failed. Needs spin and cc (scripts/setup test).
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from model_table import MODELS

HERE = os.path.dirname(os.path.abspath(__file__))
CHECK_SECONDS_MAX = 1800
DEPTH_MAX = 2_000_000


class Failed(Exception):
    """A model, or the attempt to check it, is not as it has to be."""


def need_tools():
    missing = [tool for tool in ("spin", "cc") if shutil.which(tool) is None]
    if missing:
        raise Failed(f"not installed: {', '.join(missing)}; run `scripts/setup test`")


def run(command, directory, seconds_max=CHECK_SECONDS_MAX):
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True,
                              timeout=seconds_max, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {seconds_max} s: {' '.join(command)}") from None
    return done.returncode, done.stdout + done.stderr


def build(model, defines, directory, shortest=False, optimize="-O2"):
    """Makes ./pan of the model with these macros; keeps statements apart, so that unreached ones show."""
    shutil.copy(os.path.join(HERE, model.file), directory)
    flags = [f"-D{define}" for define in defines]
    code, output = run(["spin", "-o3", "-a", *flags, model.file], directory)
    if code != 0 or not os.path.exists(os.path.join(directory, "pan.c")):
        raise Failed(f"spin refuses {model.file}:\n{output}")
    options = ["-DCOLLAPSE"] if model.liveness else ["-DSAFETY", "-DCOLLAPSE"]
    if model.liveness:
        options.append(f"-DNFAIR={model.fair_processes}")
    if shortest:
        options.append("-DREACH")
    code, output = run(["cc", optimize, "-w", *options, "-o", "pan", "pan.c"], directory)
    if code != 0:
        raise Failed(f"cc refuses pan.c of {model.file}:\n{output}")


def pan(model, claim, directory, shortest=False):
    command = ["./pan", f"-m{10_000 if shortest else DEPTH_MAX}"]
    if shortest:
        command.append("-i")
    if claim:
        command += ["-a", "-f", "-N", claim]
    elif model.liveness:
        command.append("-noclaim")
    return run(command, directory)[1]


def unreached(output):
    """Statements that no run came to, but for the ends of processes."""
    found = []
    process = ""
    for line in output.splitlines():
        if line.startswith("unreached in "):
            process = line.removeprefix("unreached in ").strip()
        elif process.startswith("claim "):
            continue
        elif match := re.match(r"\s+\S+\.pml:(\d+), state \d+, \"(.*)\"", line):
            if match.group(2) not in ("-end-", "(1)", "assert(0)"):
                found.append(f"{process}, line {match.group(1)}: {match.group(2)}")
    return found


def errors(output):
    match = re.search(r"errors: (\d+)", output)
    if match is None:
        raise Failed(f"pan did not finish:\n{output[-2000:]}")
    return int(match.group(1))


def why(output):
    match = re.search(r"^pan:\d+: (.*)$", output, re.MULTILINE)
    return match.group(1)[:100] if match else "?"


def check_holds(model, variant, directory):
    """The good model: every state, no error, no statement that is never reached."""
    build(model, variant.defines, directory)
    said = []
    idle = None
    for claim in [None, *model.claims]:
        output = pan(model, claim, directory)
        name = claim or "assertions"
        if errors(output) != 0:
            raise Failed(f"{name}: {why(output)}")
        for sign in ("max search depth too small", "Search not completed", "out of memory"):
            if sign in output:
                raise Failed(f"{name}: not exhaustive: {sign}")
        if claim is None:
            idle = unreached(output)
        states = re.search(r"(\d+) states, stored", output.replace(".", "")).group(1)
        depth = re.search(r"depth reached (\d+)", output).group(1)
        memory = re.search(r"([\d.]+)\s+total actual memory", output)
        said.append(f"{name}: {int(states):,} states, depth {depth}"
                    + (f", {float(memory.group(1)):.0f} MiB" if memory else ""))
    if idle:
        raise Failed("never reached, so nothing is shown about it:\n    " + "\n    ".join(idle))
    return "; ".join(said)


def check_refuted(model, switch, directory, shortest=False):
    """A known-bad one: what is refuted, and where the trail lies."""
    build(model, switch.defines, directory, shortest, optimize="-O1")
    output = pan(model, switch.claim, directory, shortest)
    if errors(output) == 0:
        raise Failed("no counterexample: the model would not notice this mistake")
    if not os.path.exists(os.path.join(directory, model.file + ".trail")):
        raise Failed("an error without a trail")
    return why(output)


def in_directory(action):
    started = time.monotonic()
    directory = tempfile.mkdtemp(prefix="qalam-models-")
    try:
        return True, action(directory), time.monotonic() - started
    except Failed as failed:
        return False, str(failed), time.monotonic() - started
    finally:
        shutil.rmtree(directory)


def run_all(models, options):
    """Name and outcome of each check, in order; several at a time unless they take all the memory."""
    tasks = []
    for model in models:
        for variant in model.full if options.full else model.short:
            tasks.append((f"{model.name} {variant.name}",
                          lambda d, v=variant, m=model: check_holds(m, v, d)))
        for switch in model.switches:
            tasks.append((f"{model.name} -D{switch.name}",
                          lambda d, s=switch, m=model: f"refuted: {check_refuted(m, s, d)}"))
    with concurrent.futures.ThreadPoolExecutor(1 if options.full else 2) as workers:
        outcomes = workers.map(in_directory, [action for _, action in tasks])
        yield from zip([name for name, _ in tasks], outcomes)


def show(name):
    for model in MODELS:
        for switch in model.switches:
            if switch.name != name:
                continue
            directory = tempfile.mkdtemp(prefix="qalam-models-")
            try:
                print(f"{model.file} with -D{' -D'.join(switch.defines)}\n{switch.says}\n")
                refuted = check_refuted(model, switch, directory, shortest=not switch.claim)
                flags = [f"-D{define}" for define in switch.defines]
                _, output = run(["spin", "-t", *flags, model.file], directory)
                steps = output.split("spin: trail ends")[0].splitlines()
                print("\n".join(line.strip() for line in steps if line.strip()))
                print(f"\nrefuted: {refuted}")
            finally:
                shutil.rmtree(directory)
            return
    raise Failed(f"no switch is called {name}; --list names them")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", action="append", choices=[model.name for model in MODELS])
    parser.add_argument("--show", metavar="SWITCH")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    models = [model for model in MODELS if not options.only or model.name in options.only]
    if options.list:
        for model in models:
            print(f"{model.name} ({model.file})")
            for switch in model.switches:
                print(f"  {switch.name}: {switch.says}")
        return 0
    try:
        need_tools()
        if options.show:
            show(options.show)
            return 0
    except Failed as failed:
        print(f"run_models: {failed}", file=sys.stderr)
        print("0 passed, 1 failed")
        return 1
    passed = failed = 0
    for name, (good, text, seconds) in run_all(models, options):
        passed += good
        failed += not good
        print(f"{'ok    ' if good else 'FAILED'} {name} ({seconds:.1f} s): {text}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
