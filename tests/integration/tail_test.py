#!/usr/bin/env python3
"""Many Tail streams on one partition while a producer writes open loop; readers and producer are processes.

Runs the same rate without readers, then with them (and one more that stops reading). No gap, no duplicate;
the broker's memory stays bounded; the producer's p99 suffers little; the stalled reader disturbs nobody.
A disk that hesitates for some milliseconds decides a p99 alone, so a pair that misses its limit is repeated
twice, and the medians of the three count.
Usage: tail_test.py [--readers 100] [--rate 10000] [--seconds 60] [--p99-factor 1.5]
"""
import argparse
import json
import statistics
import subprocess
import threading

from harness import Broker, Checks, raise_descriptor_limit, temporary_directory, tool

RSS_MIB_MAX = 256
PAIRS_MAX = 3


def fan_out(*arguments, timeout):
    """Runs tail_fanout to its end; returns its report and what it complained about."""
    run = subprocess.run([tool("tests/bench/tail_fanout"), *map(str, arguments)], capture_output=True, text=True,
                         timeout=timeout)
    return report_of(run.returncode, run.stdout, run.stderr), run.stderr


def report_of(returncode, stdout, stderr):
    if not stdout.strip():
        raise AssertionError(f"tail_fanout ended with {returncode}: {stderr}")
    line = stdout.strip().splitlines()[-1]
    print(f"      {line}", flush=True)
    return json.loads(line)


class PeakMemory:
    """The broker's largest resident size within the block, in MiB."""

    def __init__(self, broker):
        self.broker, self.mib, self.done = broker, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.done.wait(0.2):
            self.mib = max(self.mib, self.broker.rss_mib())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--p99-factor", type=float, default=1.5, help="what readers may do to the producer's p99")
    args = parser.parse_args()
    raise_descriptor_limit()
    check = Checks()
    pairs = []
    with temporary_directory() as tmp, Broker(tmp / "data") as broker:
        broker.qalam("topic", "create", "warm-up", "-p", 1)
        fan_out("produce", broker.address, "warm-up", "--seconds", 2, timeout=60)
        while not pairs or (len(pairs) < PAIRS_MAX and not within(pairs, args)[0]):
            pairs.append(one_pair(broker, check, args, len(pairs)))
    ok, what = within(pairs, args)
    check(ok, what)
    check.finish()


def within(pairs, args):
    """Whether the producer's p99 is within its limit, and a line that says so."""
    before, after = (statistics.median(side) for side in zip(*pairs))
    limit = max(before * args.p99_factor, before + 2)
    return after <= limit, (f"producer's p99 {after:.2f} ms with readers, {before:.2f} ms without (limit {limit:.2f}; "
                            f"medians of {len(pairs)})")


def one_pair(broker, check, args, number):
    """The load without readers, then with them; the p99 of both."""
    alone, tailed = f"alone-{number}", f"tailed-{number}"
    for topic in alone, tailed:
        broker.qalam("topic", "create", topic, "-p", 1)
    load = ("--rate", args.rate, "--seconds", args.seconds)
    timeout = args.seconds * 3 + 120
    before, _ = fan_out("produce", broker.address, alone, *load, timeout=timeout)
    readers = subprocess.Popen([tool("tests/bench/tail_fanout"), "read", broker.address, tailed,
                                "--readers", str(args.readers), "--stalled", "1",
                                "--records", str(args.rate * args.seconds)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if readers.stdout.readline().strip() != "reading":
            raise AssertionError(f"the readers did not start: {readers.communicate(timeout=60)}")
        with PeakMemory(broker) as peak:
            after, _ = fan_out("produce", broker.address, tailed, *load, timeout=timeout)
            stdout, errors = readers.communicate(timeout=timeout)
    finally:
        readers.kill()
        readers.wait()
    seen = report_of(readers.returncode, stdout, errors)
    check(after["records"] == args.rate * args.seconds and after["failed"] == 0,
          f"{after['records']:,} records acknowledged")
    check(seen["wrong"] == 0 and seen["behind"] == 0,
          f"{args.readers} readers: {seen['wrong']} gaps or duplicates, {seen['behind']} that did not reach the end "
          f"{errors}")
    check(peak.mib <= RSS_MIB_MAX, f"broker's memory at most {peak.mib:.0f} MiB (limit {RSS_MIB_MAX})")
    return before["ack_ms"]["p99"], after["ack_ms"]["p99"]


if __name__ == "__main__":
    main()
