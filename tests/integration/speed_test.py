#!/usr/bin/env python3
"""The speed floor: one partition, 100 B records, acknowledged after fsync; then reading it back.

Runs `qalam bench produce` and `qalam bench consume` three times each, alternating, and compares the medians.
Usage: speed_test.py [--records 3000000]
"""
import argparse
import json

from harness import Broker, Checks, temporary_directory

PRODUCE_MIN = 1_000_000
CONSUME_MIN = 2_000_000
RUNS = 3


def median(values):
    return sorted(values)[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=3_000_000)
    args = parser.parse_args()
    check = Checks()
    with temporary_directory() as tmp, Broker(tmp / "data") as broker:
        produced, consumed = [], []
        for run in range(RUNS):
            topic = f"speed{run}"
            broker.qalam("topic", "create", topic, "-p", 1)
            for verb, into in (("produce", produced), ("consume", consumed)):
                out = broker.qalam("bench", verb, topic, "--records", args.records, "--size", 100, "-o", "json").stdout
                report = json.loads(out.splitlines()[-1])
                print(f"      {verb}: {json.dumps(report)}", flush=True)
                into.append(report["records_per_s"])
                if verb == "produce":
                    check(report["durability"] == "fsync", "acknowledged after fsync")
        check(median(produced) >= PRODUCE_MIN,
              f"produce {median(produced):,.0f} records/s, median of {RUNS} (floor {PRODUCE_MIN:,})")
        check(median(consumed) >= CONSUME_MIN,
              f"consume {median(consumed):,.0f} records/s, median of {RUNS} (floor {CONSUME_MIN:,})")
    check.finish()


if __name__ == "__main__":
    main()
