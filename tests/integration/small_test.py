#!/usr/bin/env python3
"""Small: memory of an idle broker, time to be ready, restart with many partitions.

Usage: small_test.py [--partitions 1000]
"""
import argparse
import subprocess
import time

from harness import Broker, Checks, raise_descriptor_limit, temporary_directory

IDLE_RSS_MIB_MAX = 64
READY_SECONDS_MAX = 0.2
RESTART_CLEAN_SECONDS_MAX = 1.0
RESTART_KILLED_SECONDS_MAX = 3.0


def publish_everywhere(broker, partitions):
    """One record into every partition, so that each has been written to."""
    lines = b"".join(b"key-%d\tvalue %d\n" % (i, i) for i in range(partitions * 30))
    broker.qalam("produce", "many", "-K", "\t", "--progress", "off", stdin=lines, timeout=300)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions", type=int, default=1000)
    args = parser.parse_args()
    raise_descriptor_limit()
    check = Checks()
    with temporary_directory() as tmp:
        ready = []
        for n in range(5):
            with Broker(tmp / f"empty{n}") as broker:
                ready.append(broker.ready_seconds)
                time.sleep(1)
                rss = broker.rss_mib()
        check(rss <= IDLE_RSS_MIB_MAX, f"idle broker {rss:.1f} MiB RSS (limit {IDLE_RSS_MIB_MAX})")
        median = sorted(ready)[len(ready) // 2]
        check(median <= READY_SECONDS_MAX,
              f"new directory ready in {median * 1000:.0f} ms, median of {len(ready)} "
              f"({', '.join(f'{r * 1000:.0f}' for r in ready)}; limit {READY_SECONDS_MAX * 1000:.0f})")

        broker = Broker(tmp / "many")
        with broker:
            broker.qalam("topic", "create", "many", "-p", args.partitions, timeout=120)
            publish_everywhere(broker, args.partitions)
            check(broker.stop() == 0, "clean stop")
            broker.start()
            check(broker.ready_seconds <= RESTART_CLEAN_SECONDS_MAX,
                  f"{args.partitions} partitions, restart after a clean stop: {broker.ready_seconds:.2f} s "
                  f"(limit {RESTART_CLEAN_SECONDS_MAX})")
            publish_everywhere(broker, args.partitions)
            broker.kill()
            broker.start()
            check(broker.ready_seconds <= RESTART_KILLED_SECONDS_MAX,
                  f"{args.partitions} partitions, restart after SIGKILL: {broker.ready_seconds:.2f} s "
                  f"(limit {RESTART_KILLED_SECONDS_MAX})")
            described = broker.qalam_json("topic", "describe", "many")
            total = sum(p["high_watermark"] for p in described["partitions"])
            check(total == 2 * args.partitions * 30, f"{total:,} records after both restarts")
            print(f"      resident with {args.partitions} partitions: {broker.rss_mib():.1f} MiB")
    check.finish()


if __name__ == "__main__":
    main()
