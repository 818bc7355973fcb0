#!/usr/bin/env python3
"""Checks the Spin models of this folder: each has to hold in every state within its bounds, and each
known-bad switch has to be refuted.

  run_models.py                     bounds of every run of the tests
  run_models.py --full              larger bounds, one check at a time, each in at most 8 GiB of memory
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
CHECK_SECONDS_MAX = 3600
MEMORY_MIB_SHORT = 3000  # Of each pan; two run at a time.
MEMORY_MIB_FULL = 8000
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


def build(model, defines, directory, claim="", shortest=False, memory_mib=MEMORY_MIB_SHORT, optimize="-O2"):
    """Makes ./pan of the model with these macros; keeps statements apart, so that unreached ones show."""
    shutil.copy(os.path.join(HERE, model.file), directory)
    flags = [f"-D{define}" for define in defines]
    code, output = run(["spin", "-o3", "-a", *flags, model.file], directory)
    if code != 0 or not os.path.exists(os.path.join(directory, "pan.c")):
        raise Failed(f"spin refuses {model.file}:\n{output}")
    options = [f"-DMEMLIM={memory_mib}", "-DCOLLAPSE"]
    options += [f"-DNFAIR={model.fair_processes}"] if claim else ["-DSAFETY", "-DNOCLAIM"]
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
        command += ["-a", "-f", "-N", claim]  # With weak fairness.
    elif model.claims:
        command.append("-E")  # Who stands still where he must not, the claims tell.
    return run(command, directory)[1]


def statements(output, pattern):
    """Those in a listing of pan's, with process and line, but for what is nothing to be reached."""
    found = set()
    process = ""
    for line in output.splitlines():
        if match := re.match(r"(?:unreached in )?((?:proctype|claim) \S+|init)$", line.strip()):
            process = match.group(1)
        elif (match := re.match(pattern, line)) and not process.startswith("claim "):
            if match.group(2) not in ("-end-", "(1)", "assert(0)"):
                found.add(f"{process}, line {match.group(1)}: {match.group(2)}")
    return found


def compiled_and_missed(output, directory):
    """All statements of a model, and those of them that no run came to."""
    _, listing = run(["./pan", "-d"], directory)
    compiled = statements(listing, r".* \S+\.pml:(\d+) => (.*)$")
    missed = statements(output, r"\s+\S+\.pml:(\d+), state \d+, \"(.*)\"$")
    if not missed <= compiled:
        raise Failed(f"pan lists its statements in another way: {sorted(missed - compiled)[:3]}")
    return compiled, missed


def errors(output):
    match = re.search(r"errors: (\d+)", output)
    if match is None:
        raise Failed(f"pan did not finish:\n{output[-2000:]}")
    return int(match.group(1))


def replay(model, defines, directory):
    """The last error that pan found, step by step."""
    if not os.path.exists(os.path.join(directory, model.file + ".trail")):
        raise Failed("an error without a trail")
    return run(["spin", "-t", *[f"-D{define}" for define in defines], model.file], directory)[1]


def refutation(model, defines, directory):
    """What is broken by it, as the model says it, and after how many steps."""
    output = replay(model, defines, directory)
    length = re.search(r"trail ends after (\d+) steps", output)
    if length is None:
        raise Failed(f"the trail can't be followed:\n{output[-2000:]}")
    what = "a cycle in which the claim is never met"
    if match := re.search(r"\.pml:(\d+), Error: assertion violated", output):
        with open(os.path.join(directory, model.file), encoding="utf-8") as source:
            text = source.read().splitlines()[int(match.group(1)) - 1]
        assertion = re.search(r"assert\(.*?\)(?=;| *$| *}| */\*| *:)", text)
        what = f"line {match.group(1)}: {assertion.group(0) if assertion else text.strip()}"
    return f"{what}, {length.group(1)} steps"


def check_holds(model, variant, directory, memory_mib):
    """The good model: every state, no error. Says how many; then its statements, and those never reached."""
    said = []
    reach = (set(), set())
    for claim in ("", *model.claims):
        build(model, variant.defines, directory, claim, memory_mib=memory_mib)
        output = pan(model, claim, directory)
        name = claim or "assertions"
        if errors(output) != 0:
            raise Failed(f"{variant.name}, {name}: {refutation(model, variant.defines, directory)}")
        for sign in ("max search depth too small", "Search not completed", "out of memory", "MEMLIM bound"):
            if sign in output:
                raise Failed(f"{variant.name}, {name}: not exhaustive: {sign}")
        if not claim:
            reach = compiled_and_missed(output, directory)
        states = re.search(r"(\S+) states, stored", output).group(1)
        depth = re.search(r"depth reached (\d+)", output).group(1)
        memory = re.search(r"([\d.]+)\s+total actual memory", output).group(1)
        said.append(f"{name}: {float(states):,.0f} states, depth {depth}, {float(memory):.0f} MiB")
    return "; ".join(said), *reach


def check_variants(model, variants, directory, memory_mib):
    """All of them. Each statement has to be reached in one of them."""
    said = []
    reached = set()
    missed = set()
    for variant in variants:
        started = time.monotonic()
        text, compiled, missed_here = check_holds(model, variant, directory, memory_mib)
        said.append(f"{variant.name} ({time.monotonic() - started:.1f} s): {text}")
        reached |= compiled - missed_here
        missed |= missed_here
    never = sorted(missed - reached)
    if never:
        raise Failed("never reached, so nothing is shown about it:\n    " + "\n    ".join(never))
    return "\n       " + "\n       ".join(said)


def check_refuted(model, switch, directory, shortest=False):
    """A known-bad one: what refutes it. The trail lies in the directory."""
    build(model, switch.defines, directory, switch.claim, shortest, optimize="-O1")
    output = pan(model, switch.claim, directory, shortest)
    if errors(output) == 0:
        raise Failed("no counterexample: the model would not notice this mistake")
    return refutation(model, switch.defines, directory)


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
    memory_mib = MEMORY_MIB_FULL if options.full else MEMORY_MIB_SHORT
    tasks = []
    for model in models:
        variants = model.full if options.full else model.short
        tasks.append((f"{model.name} holds",
                      lambda d, m=model, v=variants: check_variants(m, v, d, memory_mib)))
        for switch in model.switches:
            tasks.append((f"{model.name} -D{switch.name}",
                          lambda d, s=switch, m=model: f"refuted by {check_refuted(m, s, d)}\n       {s.says}"))
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
                steps = replay(model, switch.defines, directory).split("spin: trail ends")[0].splitlines()
                noise = ("Never claim moves", "ltl ", "spin: text of failed")
                print("\n".join(line.strip() for line in steps if line.strip() and not line.startswith(noise)))
                print(f"\nrefuted by {refuted}")
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
