#!/usr/bin/env python3
"""What scripts/bench computes from samples, with made-up ones: medians, goals, the gate, the page and its plots."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import time
import types
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))

from benchmark import gate, pauses, report, runner, table  # noqa: E402
from benchmark.servers import Failed  # noqa: E402


def side(name, samples, **more):
    return {"name": name, "durability": "fsync", "settings": "as made up", "skipped": None, "series": None, "x": None,
            "samples": samples, **more}


def row(sides, goals=(), row_id="a", lower=False, **more):
    return {"id": row_id, "title": "made up", "pairs": 3, "x_title": None, "taken_from": None, "sides": sides,
            "goals": list(goals), "metrics": [{"key": "v", "title": "value", "lower": lower}], **more}


def goal(factor, other=None, flat=False):
    return {"text": "a goal", "metric": "v", "factor": factor, "side": "qalam", "other": other, "flat": flat}


def samples(*values):
    return [{"v": value} for value in values]


class Statistics(unittest.TestCase):
    def test_the_median_of_an_even_count_is_the_middle(self):
        self.assertEqual(table.median([4, 1, 3, 2]), 2.5)
        self.assertEqual(table.median([9, 1, 5]), 5)

    def test_numbers_keep_three_digits(self):
        for value, text in ((0, "0.00"), (0.0312, "0.031"), (1.416, "1.42"), (5123, "5.1 k"),
                            (59_000, "59 k"), (1_370_000, "1.37 M"), (None, "-")):
            self.assertEqual(table.number(value), text)


class Goals(unittest.TestCase):
    def test_a_throughput_is_judged_from_below_and_a_latency_from_above(self):
        sides = [side("qalam", samples(6, 5, 7)), side("kafka", samples(2, 2, 2))]
        self.assertEqual(table.judge(row(sides), goal(3, "kafka")), (True, 3))
        self.assertEqual(table.judge(row(sides), goal(3.1, "kafka")), (False, 3))
        self.assertEqual(table.judge(row(sides, lower=True), goal(3.1, "kafka")), (True, 3))
        self.assertEqual(table.judge(row(sides, lower=True), goal(5.5)), (False, 6))

    def test_what_was_not_measured_is_not_judged(self):
        sides = [side("qalam", samples(6)), side("kafka", [], skipped="not there")]
        self.assertEqual(table.judge(row(sides), goal(3, "kafka")), (None, None))

    def test_flat_compares_the_extremes(self):
        sides = [side("10 MB", samples(10)), side("1 GB", samples(11)), side("20 GB", samples(9))]
        held, ratio = table.judge(row(sides), goal(1.1, flat=True))
        self.assertFalse(held)
        self.assertAlmostEqual(ratio, 11 / 9)


class Gate(unittest.TestCase):
    @staticmethod
    def held(before, now, row_id="a"):
        metric = gate.JUDGED[row_id]
        made = row([side("old", [{metric.key: value} for value in before]),
                    side("this", [{metric.key: value} for value in now])], row_id=row_id)
        return gate.verdict(made, "this", "old")[0]

    def test_a_loss_beyond_a_tenth_and_the_spread_fails(self):
        self.assertFalse(self.held([100, 101, 99], [85, 86, 84]))
        self.assertFalse(self.held([1.0, 1.1, 0.9], [1.5, 1.6, 1.4], "f"))
        self.assertFalse(self.held([100, 101, 99, 70, 100], [85, 86, 84, 85, 101]))

    def test_a_loss_within_a_tenth_or_the_spread_passes(self):
        self.assertTrue(self.held([100, 101, 99], [92, 93, 91]))
        self.assertTrue(self.held([100, 120, 80], [85, 90, 75]))
        self.assertTrue(self.held([1.0, 1.1, 0.9], [0.5, 0.6, 0.4], "f"))

    def test_nothing_measured_is_neither(self):
        self.assertIsNone(self.held([], [1]))


SEEN = {"real_time": True, "seconds": 8.0, "pauses": 82, "per_s": 10.25, "p50_ms": 4.1, "max_ms": 7.9}


class Pauses(unittest.TestCase):
    """What the machine itself does, looked at beside one more run of each side."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.probe = pathlib.Path(directory.name) / "pauses"
        self.started = self.probe.with_suffix(".started")

    def write_probe(self, on_term):
        self.probe.write_text(f"#!/bin/bash\ntrap '{on_term}; exit' TERM\ntouch {self.started}\n"
                              "while :; do sleep 0.01; done\n", encoding="utf-8")
        self.probe.chmod(0o755)

    def load(self):
        while not self.started.exists():
            time.sleep(0.001)

    def measured(self):
        counted = []

        def sample():
            counted.append(self.load() if len(counted) == 2 else None)
            return {"v": len(counted)}

        made = table.Row("f", "made up", [table.Metric("v", "value")], [table.Side("qalam", table.FSYNC, "", sample)],
                         pauses=True)
        bench = types.SimpleNamespace(pauses=self.probe, end_row=lambda: None)
        with contextlib.redirect_stderr(io.StringIO()):
            return runner.run_row(bench, made, 2)["sides"][0]

    def test_the_probe_runs_beside_a_load_that_is_not_counted(self):
        self.write_probe("echo " + json.dumps(SEEN).replace('"', '\\"'))
        kept = self.measured()
        self.assertEqual(kept["samples"], samples(1, 2))
        self.assertEqual(kept["pauses"], SEEN)

    def test_a_probe_that_says_nothing_leaves_the_samples(self):
        self.write_probe("true")
        kept = self.measured()
        self.assertEqual(kept["samples"], samples(1, 2))
        self.assertIsNone(kept["pauses"])
        self.assertIsNone(kept["skipped"])

    def test_a_load_that_fails_ends_the_probe(self):
        self.write_probe("true")

        def load():
            self.load()
            raise Failed("no")

        with self.assertRaisesRegex(Failed, "^no$"):
            pauses.during(self.probe, load)

    def test_the_text_says_how_often_how_long_and_whether_it_can_be_trusted(self):
        self.assertEqual(pauses.text(SEEN), "the machine stood still 10.2 times a second for 4.10 ms (median; at most "
                         "7.90 ms) under this load")
        self.assertIn("never stood still", pauses.text({**SEEN, "pauses": 0}))
        self.assertIn("waiting for a processor, too", pauses.text({**SEEN, "real_time": False}))


class Failures(unittest.TestCase):
    def test_one_ends_its_side_and_names_no_path_of_this_machine(self):
        def fail():
            raise Failed(f"{runner.ROOT}/build/qalamd ended with 1")

        made = table.Row("f", "made up", [table.Metric("v", "value")],
                         [table.Side("one", table.FSYNC, "", fail), table.Side("two", table.FSYNC, "", lambda: {"v": 1})])
        with contextlib.redirect_stderr(io.StringIO()):
            one, two = runner.run_row(types.SimpleNamespace(end_row=lambda: None), made, 2)["sides"]
        self.assertEqual(one["skipped"], "failed: build/qalamd ended with 1")
        self.assertEqual(two["samples"], samples(1, 1))


class Page(unittest.TestCase):
    def test_it_says_what_is_slower_missed_and_not_measured_and_draws_the_curves(self):
        curve = [side(f"{name} @ {x}", [{"records_per_s": factor * x}] * 2, series=name, x=x)
                 for name, factor in (("qalam", 1000), ("kafka", 400)) for x in (1, 2, 4)]
        rows = [row([side("qalam", samples(6, 5, 7)), side("redis", samples(8, 8, 9)),
                     side("ceiling", [], skipped="this build has none")], [goal(2, "redis")]),
                row([side("qalam", samples(1), pauses=SEEN), side("kafka", samples(2))], row_id="f", lower=True),
                row(curve, row_id="w", x_title="batches in flight")]
        run = {"commit": "0123456789ab", "begun": "today", "quick": False, "memory_held": True,
               "versions": {"qalam": "0.1.0"}, "rows": rows, "machine": {"cores": 2, "cpu": "x", "memory_gib": 4, "system": "y", "kernel": "6", "file_system": "ext4",
                           "sync_4k_us": 100, "busy_before": 0.01}}
        with tempfile.TemporaryDirectory() as docs:
            folder = pathlib.Path(docs) / "performance"
            folder.mkdir()
            (folder / "findings.md").write_text("## Findings\nThe wall is there.\n", encoding="utf-8")
            report.write(run, docs)
            page = (pathlib.Path(docs) / "performance.md").read_text(encoding="utf-8")
            for said in ("- (a) value: 6.00, redis 8.00", "**missed**", "- (a) ceiling: this build has none",
                         "performance/window.svg", "The wall is there.", "0123456789ab", "--hold-memory",
                         "- qalam: the machine stood still 10.2 times a second"):
                self.assertIn(said, page)
            drawn = xml.etree.ElementTree.parse(folder / "window.svg").getroot()
            self.assertEqual(len(drawn.findall("{http://www.w3.org/2000/svg}circle")), 6)


if __name__ == "__main__":
    unittest.main(verbosity=1)
