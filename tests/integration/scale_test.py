#!/usr/bin/env python3
"""Pages that look at everything, with 10,000 partitions: how long they take.

  --strict   held to what is promised of an idle machine (200 ms); else to five times as much
"""
import argparse
import json
import time
import urllib.request

from harness import Broker, Checks, raise_descriptor_limit, temporary_directory

PARTITIONS = 10_000
PROMISED_MS = 200
ASKED = 7


def took_ms(broker, path):
    """The median of some answers, and the last one."""
    times = []
    for _ in range(ASKED):
        begun = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{broker.http_port}{path}", timeout=30) as answer:
            body = answer.read()
        times.append((time.monotonic() - begun) * 1000)
    return sorted(times)[ASKED // 2], body


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true")
    slack = 1 if parser.parse_args().strict else 5
    raise_descriptor_limit()
    check = Checks()
    with temporary_directory() as base, Broker(base / "data") as broker:
        broker.qalam("topic", "create", "wide", "-p", PARTITIONS - 1000, "--timeout", "120s")
        for number in range(100):
            broker.qalam("topic", "create", f"narrow-{number}", "-p", 10)
        for path in ("/metrics", "/metrics/partitions", "/api/v1/figures", "/api/v1/figures?writers_only=true", "/api/v1/streams"):
            ms, body = took_ms(broker, path)
            check(ms <= PROMISED_MS * slack, f"{path}: {ms:.0f} ms, {len(body):,} B (promised: {PROMISED_MS} ms)")
            if path == "/api/v1/figures":
                check(len(json.loads(body)["partitions"]) == PARTITIONS, f"          has all {PARTITIONS:,} partitions")
        begun = time.monotonic()
        sample = broker.qalam_json("top", "--once", "--interval", "500ms", timeout=60)
        seconds = time.monotonic() - begun
        check(len(sample["partitions"]) == PARTITIONS and seconds < 0.5 + 1.0 * slack,
              f"qalam top --once -o json: {seconds * 1000:.0f} ms, half a second of them waiting")
    check.finish()


if __name__ == "__main__":
    main()
