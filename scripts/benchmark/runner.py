"""Runs the sides of a row in turn, A B A B ..., and keeps every sample."""
import dataclasses
import os
import pathlib
import subprocess
import sys
import time

from benchmark import pauses, table
from benchmark.servers import Failed

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What one side can do without ending the run.
FAILURES = (Failed, OSError, LookupError, ValueError, subprocess.TimeoutExpired)


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def as_json(row, pairs):
    return {
        "id": row.id, "title": row.title, "pairs": pairs, "x_title": row.x_title, "taken_from": row.taken_from,
        "metrics": [dataclasses.asdict(metric) for metric in row.metrics],
        "goals": [dataclasses.asdict(goal) for goal in row.goals],
        "sides": [{"name": side.name, "durability": side.durability, "settings": side.settings,
                   "skipped": side.skipped, "series": side.series, "x": side.x, "samples": [], "pauses": None}
                  for side in row.sides],
    }


def describe(row, sample):
    parts = [f"{metric.title} {table.number(sample[metric.key])}" for metric in row.metrics
             if sample.get(metric.key) is not None]
    return ", ".join(parts)


def attempt(row, side, result, what):
    """Calls one step of a side; a failure ends this side, not the run."""
    try:
        return what()
    except FAILURES as failure:
        said = f"failed: {failure}" if isinstance(failure, Failed) else f"failed: {failure!r}"
        result["skipped"] = said.replace(f"{ROOT}/", "")  # It goes into the report: no paths of this machine.
        say(f"{row.id} {side.name}: {result['skipped']}")
        return None


def watch_pauses(bench, row, result):
    """The probe disturbs, so it runs beside a load that isn't counted; if it fails, the samples still hold."""
    for side, kept in zip(row.sides, result["sides"]):
        if not kept["samples"]:
            continue
        os.sync()
        try:
            kept["pauses"] = pauses.during(bench.pauses, side.sample)
            say(f"{row.id} {side.name}: {pauses.text(kept['pauses'])}")
        except FAILURES as failure:
            say(f"{row.id} {side.name}: what the machine does is not known: {failure}")


def run_row(bench, row, pairs):
    """Measures one row and returns it as JSON."""
    pairs = min(pairs * row.pairs_times, row.pairs_max)
    result = as_json(row, pairs)
    say(f"{row.id}: {row.title}")
    try:
        for side, kept in zip(row.sides, result["sides"]):
            if side.skipped:
                say(f"{row.id} {side.name}: skipped, {side.skipped}")
            elif side.prepare:
                attempt(row, side, kept, side.prepare)
        for pair in range(pairs):
            for side, kept in zip(row.sides, result["sides"]):
                if kept["skipped"]:
                    continue
                os.sync()  # Nobody pays for what another one left to write.
                sample = attempt(row, side, kept, side.sample)
                if sample is not None:
                    kept["samples"].append(sample)
                    say(f"{row.id} {side.name} {pair + 1}/{pairs}: {describe(row, sample)}")
        if row.pauses:
            watch_pauses(bench, row, result)
    finally:
        if row.close:
            row.close()
        bench.end_row()
    return result


def derive_row(row, measured):
    """A row that only looks at another row's samples."""
    result = as_json(row, measured["pairs"])
    result["sides"] = measured["sides"]
    return result
