#!/usr/bin/env python3
"""SIGKILL at random moments, under load of idempotent producers.

The producers are `qalam produce` processes that outlive the broker: they retry until it is back. At the end:
nothing acknowledged is lost, every record is there exactly once and in its producer's order, offsets are dense,
and every restart was quick.
Usage: kill9_test.py [--cycles 50] [--producers 4]
"""
import argparse
import json
import random
import subprocess
import threading
import time

from harness import Broker, Checks, seed_from_arguments, temporary_directory

RESTART_SECONDS_MAX = 2.0


class Load(threading.Thread):
    """One producer process, fed with numbered lines until told to stop; its acknowledgements are kept."""

    def __init__(self, broker, number, records_per_second):
        super().__init__()
        self.number = number
        self.pause = 0.01
        self.per_tick = max(1, int(records_per_second * self.pause))
        self.sent = 0
        self.acks = []
        self.stopping = threading.Event()
        self.process = subprocess.Popen(
            broker.qalam_command("produce", "kills", "-p", 0, "-k", f"producer-{number}", "-o", "json",
                                 "--progress", "off", "-X", "delivery.timeout.ms=120000"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read_acks)
        self.reader.start()

    def read_acks(self):
        for line in self.process.stdout:
            self.acks.append(json.loads(line))

    def run(self):
        while not self.stopping.is_set():
            lines = b"".join(b"record %d of producer %d\n" % (i, self.number)
                             for i in range(self.sent, self.sent + self.per_tick))
            self.process.stdin.write(lines)
            self.process.stdin.flush()
            self.sent += self.per_tick
            self.stopping.wait(self.pause)
        self.process.stdin.close()
        self.errors = self.process.stderr.read().decode(errors="replace")
        self.process.wait()
        self.reader.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--producers", type=int, default=4)
    parser.add_argument("--rate", type=int, default=5000, help="records per second and producer")
    args = parser.parse_args()
    rng = random.Random(seed_from_arguments())
    check = Checks()
    with temporary_directory() as tmp:
        broker = Broker(tmp / "data", settings=["log.segment.bytes=4MiB"])
        with broker:
            broker.qalam("topic", "create", "kills", "-p", 1)
            loads = [Load(broker, n, args.rate) for n in range(args.producers)]
            for load in loads:
                load.start()
            slowest = 0.0
            under_load = 0
            for _ in range(args.cycles):
                acked_before = sum(len(load.acks) for load in loads)
                time.sleep(rng.uniform(0.05, 0.6))
                broker.kill()
                under_load += sum(len(load.acks) for load in loads) > acked_before
                broker.start()
                slowest = max(slowest, broker.ready_seconds)
            time.sleep(0.5)
            for load in loads:
                load.stopping.set()
            for load in loads:
                load.join(180)
            check(all(load.process.returncode == 0 for load in loads),
                  f"producers ended with {[load.process.returncode for load in loads]}"
                  + "".join(f"\n{load.errors}" for load in loads if load.process.returncode))
            check(under_load >= args.cycles // 2,
                  f"{under_load} of {args.cycles} kills came after new acknowledgements (half needed: else too quiet)")
            check(slowest < RESTART_SECONDS_MAX, f"slowest restart {slowest:.2f} s (limit {RESTART_SECONDS_MAX} s)")

            records = broker.read_all("kills", 0)
            sent = sum(load.sent for load in loads)
            check(all(r[0] == i for i, r in enumerate(records)), f"{len(records):,} records, offsets dense from 0")
            check(len(records) == sent, f"{sent:,} records sent, each there exactly once")
            next_of = [0] * args.producers
            in_order = True
            for _, key, value in records:
                n = int(key[len(b"producer-"):])
                in_order = in_order and value == b"record %d of producer %d" % (next_of[n], n)
                next_of[n] += 1
            check(in_order, "each producer's order kept, nothing lost, nothing twice")
            acked = lost = 0
            for load in loads:
                for i, ack in enumerate(load.acks):
                    acked += 1
                    # A duplicate of a batch that the broker has forgotten the place of says -1.
                    if ack["offset"] >= 0:
                        held = ack["offset"] < len(records) and records[ack["offset"]][2] == \
                            b"record %d of producer %d" % (i, load.number)
                        lost += not held
            check(acked == sent and lost == 0, f"{acked:,} acknowledged, {lost} not at their offset")
            check(broker.stop() == 0, "clean stop at the end")
    check.finish()


if __name__ == "__main__":
    main()
