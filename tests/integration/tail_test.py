#!/usr/bin/env python3
"""Many Tail streams on one partition while a producer writes open loop.

Runs the same rate without readers, then with them (and one more that stops reading). No gap, no duplicate;
the broker's memory stays bounded; the producer's p99 suffers little; the stalled reader disturbs nobody.
Usage: tail_test.py [--readers 100] [--rate 10000] [--seconds 60] [--p99-factor 1.5]
"""
import argparse
import json
import subprocess
import threading

from harness import Broker, Checks, raise_descriptor_limit, temporary_directory, tool

RSS_MIB_MAX = 256


def fan_out(broker, topic, readers, stalled, args):
    """Runs the load; returns its report and the broker's largest resident size meanwhile."""
    command = [tool("tests/bench/tail_fanout"), broker.address, topic, "--readers", str(readers), "--stalled",
               str(stalled), "--rate", str(args.rate), "--seconds", str(args.seconds)]
    peak = [0.0]
    done = threading.Event()

    def watch():
        while not done.wait(0.2):
            peak[0] = max(peak[0], broker.rss_mib())

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = subprocess.run(command, capture_output=True, text=True, timeout=args.seconds * 3 + 120)
    done.set()
    watcher.join()
    if not run.stdout.strip():
        raise AssertionError(f"tail_fanout ended with {run.returncode}: {run.stderr}")
    print(f"      {run.stdout.strip()}")
    return json.loads(run.stdout), peak[0], run.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--p99-factor", type=float, default=1.5, help="what readers may do to the producer's p99")
    args = parser.parse_args()
    raise_descriptor_limit()
    check = Checks()
    with temporary_directory() as tmp, Broker(tmp / "data") as broker:
        before, after = one_pair(broker, check, args)
    limit = max(before * args.p99_factor, before + 2)
    check(after <= limit, f"producer's p99 {after:.2f} ms with readers, {before:.2f} ms without (limit {limit:.2f})")
    check.finish()


def one_pair(broker, check, args):
    """The load without readers, then with them; the p99 of both."""
    broker.qalam("topic", "create", "alone", "-p", 1)
    broker.qalam("topic", "create", "tailed", "-p", 1)
    alone, _, _ = fan_out(broker, "alone", 0, 0, args)
    tailed, peak, errors = fan_out(broker, "tailed", args.readers, 1, args)
    check(tailed["records"] == args.rate * args.seconds and tailed["failed"] == 0,
          f"{tailed['records']:,} records acknowledged")
    check(tailed["wrong"] == 0 and tailed["behind"] == 0,
          f"{args.readers} readers: {tailed['wrong']} gaps or duplicates, {tailed['behind']} that did not reach the end "
          f"{errors}")
    check(peak <= RSS_MIB_MAX, f"broker's memory at most {peak:.0f} MiB (limit {RSS_MIB_MAX})")
    return alone["ack_ms"]["p99"], tailed["ack_ms"]["p99"]


if __name__ == "__main__":
    main()
