#!/usr/bin/env python3
"""Judges histories by the rules of tests/qa/README.md, each rule as directly as it can be said; quadratic.

usage: naive_checker.py FILE...     prints "FILE: verdict class class ..." each, exits 1 if any did not pass

A second opinion about qalam-qa-check on small histories. It takes well-formed files only.
"""
import json
import sys
from itertools import combinations, permutations

NS_PER_MS = 1_000_000
FOREVER = 1 << 63
UNKNOWN = {"too-few-acks", "too-few-reads", "too-few-readbacks", "fault-not-fired", "fault-without-load"}


class Partition:
    """One partition's lines by event, each by time, then by line."""

    def __init__(self, lines):
        ordered = sorted(lines, key=lambda e: (e["t_ns"], e["line"]))

        def of(*events):
            return [e for e in ordered if e["event"] in events]

        self.sends = of("send")
        self.acks = of("ack")
        self.refused = {e["record"] for e in of("refuse")}
        self.outcomes = of("ack", "refuse", "unknown")
        self.reads = of("read")
        self.watermarks = of("watermark")
        self.leads = of("lead")
        self.trims = of("trim")
        self.readbacks = of("readback")
        self.sent = {e["record"]: e for e in self.sends}
        self.synced = [e for e in self.acks if e["durability"] == "fsync"]
        for back in self.readbacks:
            back["found"] = [e for e in lines if e["event"] == "found" and e["way"] == back["way"]]
            for found in back["found"]:
                found["seen_ns"] = back["t_ns"]
        for read in self.reads:
            read["seen_ns"] = read["t_ns"]
        self.found = [f for back in self.readbacks for f in back["found"]]
        self.seen = self.reads + self.found

    def allowed_start(self, t_ns):
        return max([t["log_start"] for t in self.trims if t["t_ns"] <= t_ns], default=0)

    def asked(self, event):
        if event["event"] in ("ack", "refuse", "unknown"):
            return self.sent[event["record"]]["t_ns"]
        return event.get("begin_ns", event["t_ns"])

    def before(self, a, b):
        return a["t_ns"] < self.asked(b)


def content(event):
    return event["record"], event["digest"]


def record_at(back, offset):
    return next((f for f in back["found"] if f["offset"] == offset), None)


def judge_seen(p):
    for e in p.seen:
        sent = p.sent.get(e["record"])
        if e["record"] is None:
            yield "torn"
        elif sent is None or sent["t_ns"] > e["seen_ns"]:
            yield "phantom"
        else:
            if sent["digest"] != e["digest"]:
                yield "corrupted"
            if e["record"] in p.refused:
                yield "refused-present"
    for record, sent in p.sent.items():
        if sent.get("idempotent", True) and len({e["offset"] for e in p.seen if e["record"] == record}) > 1:
            yield "doubled"


def judge_acks(p):
    for a in p.synced:
        kept = any(f["record"] == a["record"] for f in p.found)
        if p.readbacks and not kept and a["offset"] >= p.allowed_start(FOREVER):
            yield "lost"
        places = {e["offset"] for e in p.seen if e["record"] == a["record"]}
        if places and a["offset"] not in places:
            yield "moved"
    for a, b in permutations(p.acks, 2):
        if a["offset"] == b["offset"]:
            yield "ack-overlap"
        if p.before(a, b) and b["offset"] < a["offset"]:
            yield "order-reversed"
    for a in p.acks:
        if any(p.before(lead, a) and a["epoch"] < lead["epoch"] for lead in p.leads):
            yield "superseded-ack"
        for f in p.found:
            if f["record"] == a["record"] and f["offset"] == a["offset"] and f["epoch"] != a["epoch"]:
                if not a.get("duplicate", False) or f["epoch"] > a["epoch"]:
                    yield "epoch-mismatch"


def judge_readers(p):
    for offset in {r["offset"] for r in p.reads}:
        reads = [r for r in p.reads if r["offset"] == offset]
        for a, b in zip(reads, reads[1:]):
            if content(a) != content(b):
                led = any(a["t_ns"] < lead["t_ns"] < b["t_ns"] for lead in p.leads)
                yield "changed-after-restart" if led else "two-contents"
    for reader in {r["reader"] for r in p.reads}:
        reads = [r for r in p.reads if r["reader"] == reader]
        for a, b in zip(reads, reads[1:]):
            if b["offset"] == a["offset"]:
                yield "reader-repeat"
            elif b["offset"] < a["offset"]:
                yield "reader-back"
            elif b["offset"] > a["offset"] + 1 and b["offset"] > p.allowed_start(b["t_ns"]):
                yield "reader-gap"
    if any(r["offset"] >= r["high_watermark"] for r in p.reads):
        yield "read-above-watermark"


def judge_levels(p):
    told = p.reads + p.watermarks
    starts = p.watermarks + p.readbacks
    for a in told:
        if any(p.before(a, b) and b["high_watermark"] < a["high_watermark"] for b in told):
            yield "watermark-back"
        if any(p.before(a, b) and b["log_end"] < a["high_watermark"] for b in p.readbacks):
            yield "end-below-watermark"
    for a in p.synced:
        # The acknowledgement is the earlier event here: what counts is when it arrived.
        if any(a["t_ns"] < b["begin_ns"] and b["high_watermark"] <= a["offset"] for b in told):
            yield "stale-read"
        if any(a["t_ns"] < b["begin_ns"] and b.get("durable_end", FOREVER) <= a["offset"] for b in p.watermarks):
            yield "ack-above-durable"
    if any(w["high_watermark"] > w.get("durable_end", FOREVER) for w in p.watermarks):
        yield "watermark-above-durable"
    for a in starts:
        if a["log_start"] > p.allowed_start(a["t_ns"]):
            yield "trimmed-unasked"
        if any(p.before(a, b) and b["log_start"] < a["log_start"] for b in starts):
            yield "start-back"
        if any(p.before(a, b) and b["offset"] < a["log_start"] for b in p.reads):
            yield "served-below-start"


def judge_epochs(p):
    for i, lead in enumerate(p.leads[1:], 1):
        highest = max(e["epoch"] for e in p.leads[:i])
        if lead["epoch"] == highest:
            yield "epoch-reused"
        if lead["epoch"] < highest:
            yield "epoch-back"
    announced = {e["epoch"] for e in p.leads}
    if announced and any(e["epoch"] not in announced for e in p.acks + p.seen):
        yield "epoch-unannounced"


def judge_readback(p, back, append_time_ascends):
    found = back["found"]
    if {*range(back["log_start"], back["log_end"])} - {f["offset"] for f in found}:
        yield "gap"
    if any(b["offset"] <= a["offset"] for a, b in zip(found, found[1:])):
        yield "overlap"
    if any(not back["log_start"] <= f["offset"] < back["log_end"] for f in found):
        yield "outside-bounds"
    for read in p.reads:
        if read["offset"] >= back["log_start"]:
            there = record_at(back, read["offset"])
            if there is None:
                yield "read-lost"
            elif content(there) != content(read):
                yield "read-rewritten"
    for a, b in combinations(sorted(found, key=lambda f: (f["offset"], f["line"])), 2):
        if b["epoch"] < a["epoch"]:
            yield "log-epoch-back"
        if append_time_ascends and b["append_ms"] < a["append_ms"]:
            yield "append-time-back"
        sent_a, sent_b = p.sent.get(a["record"]), p.sent.get(b["record"])
        if sent_a and sent_b and sent_a["producer"] == sent_b["producer"] and sent_b["seq"] < sent_a["seq"]:
            if sent_a.get("idempotent", True) and sent_b.get("idempotent", True):
                yield "producer-order"


def disagree(a, b):
    start = max(a["log_start"], b["log_start"])
    offsets = {f["offset"] for f in a["found"] + b["found"] if f["offset"] >= start}
    for offset in offsets:
        in_a, in_b = record_at(a, offset), record_at(b, offset)
        if in_a is None or in_b is None or content(in_a) != content(in_b):
            return True
    return a["log_end"] != b["log_end"]


def judge_partition(p, plan):
    for rule in (judge_seen, judge_acks, judge_readers, judge_levels, judge_epochs):
        yield from rule(p)
    for back in p.readbacks:
        yield from judge_readback(p, back, plan.get("append_time_ascends", False))
    if any(disagree(a, b) for a, b in combinations(p.readbacks, 2)):
        yield "readbacks-disagree"
    if "answer_ms_max" in plan:
        if any(e["t_ns"] - p.asked(e) > plan["answer_ms_max"] * NS_PER_MS for e in p.outcomes):
            yield "answered-late"
    if len(p.readbacks) < plan["readbacks_min"]:
        yield "too-few-readbacks"


def judge_run(events, plan):
    def times(name):
        return [e["t_ns"] for e in events if e["event"] == name]

    if len(times("ack")) < plan["acks_min"]:
        yield "too-few-acks"
    if len(times("read")) < plan["reads_min"]:
        yield "too-few-reads"
    faults = [e for e in events if e["event"] == "fault"]
    if set(plan.get("faults", [])) - {f["name"] for f in faults}:
        yield "fault-not-fired"
    for fault in faults:
        at = fault["t_ns"]
        if not any(t <= at for t in times("send")) or not any(t >= at for t in times("send")):
            yield "fault-without-load"
        if "progress_ms_max" in plan and "until_ns" in fault:
            healed = fault["until_ns"]
            if not any(healed <= t <= healed + plan["progress_ms_max"] * NS_PER_MS for t in times("ack")):
                yield "no-progress"


def judge(lines):
    """The set of class names for one history, given as its lines of JSON."""
    events = [json.loads(text) for text in lines]
    for number, event in enumerate(events, 1):
        event["line"] = number
    (plan,) = (e for e in events if e["event"] == "plan")
    classes = set(judge_run(events, plan))
    for name in {e["partition"] for e in events if "partition" in e}:
        classes |= set(judge_partition(Partition([e for e in events if e.get("partition") == name]), plan))
    return classes


def verdict(classes):
    return "failed" if classes - UNKNOWN else "unknown" if classes else "passed"


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if sys.argv[1:] in (["--help"], ["-h"]) else 2
    all_passed = True
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            classes = judge(file.read().splitlines())
        print(f"{path}: {' '.join([verdict(classes), *sorted(classes)])}")
        all_passed = all_passed and not classes
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())
