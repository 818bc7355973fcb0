#!/usr/bin/env python3
"""Order under contention: many producer processes into one partition.

Shows: offsets are dense from 0; each producer's records keep their order; every acknowledged offset holds
exactly its record; nothing else is there.
Usage: order_test.py [--producers 8] [--records 100000]
"""
import argparse
import json
import subprocess

from harness import Broker, Checks, temporary_directory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--producers", type=int, default=8)
    parser.add_argument("--records", type=int, default=100_000)
    args = parser.parse_args()
    check = Checks()
    with temporary_directory() as tmp, Broker(tmp / "data") as broker:
        broker.qalam("topic", "create", "orders", "-p", 1)
        running = []
        for p in range(args.producers):
            source = tmp / f"in{p}"
            with open(source, "w", encoding="ascii") as out:
                for i in range(args.records):
                    out.write(f"producer-{p}\trecord {i} of producer {p}\n")
            acks = open(tmp / f"acks{p}", "wb")
            running.append(subprocess.Popen(
                broker.qalam_command("produce", "orders", str(source), "-K", "\t", "-o", "json",
                                     "--progress", "off"),
                stdin=subprocess.DEVNULL, stdout=acks, stderr=subprocess.PIPE))
        codes = [(p.communicate()[1], p.returncode) for p in running]
        check(all(code == 0 for _, code in codes), f"{args.producers} producers ended with 0 {[c for _, c in codes]}")

        records = broker.read_all("orders", 0)
        total = args.producers * args.records
        check(len(records) == total, f"{len(records):,} records read, {total:,} sent")
        check(all(r[0] == i for i, r in enumerate(records)), "offsets are dense from 0")
        next_of = [0] * args.producers
        in_order = True
        for _, key, value in records:
            p = int(key[len(b"producer-"):])
            in_order = in_order and value == b"record %d of producer %d" % (next_of[p], p)
            next_of[p] += 1
        check(in_order, "each producer's records are there once and in its order")
        wrong = acked = 0
        for p in range(args.producers):
            for i, line in enumerate(open(tmp / f"acks{p}", encoding="utf-8")):
                ack = json.loads(line)
                acked += 1
                _, key, value = records[ack["offset"]]
                if value != b"record %d of producer %d" % (i, p) or ack["durability"] != "fsync":
                    wrong += 1
        check(acked == total and wrong == 0, f"{acked:,} acknowledgements, {wrong} whose offset holds another record")
    check.finish()


if __name__ == "__main__":
    main()
