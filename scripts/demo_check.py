#!/usr/bin/env python3
"""Compares what was read back with what was published: content and order, by hash.

Usage: demo_check.py INPUT ACKS PARTITION0 [PARTITION1 ...]
INPUT: key TAB value 0x1e ..., as published. ACKS: `qalam produce -o json`. PARTITIONn: offset TAB key TAB value 0x1e ...
Every key lives in one partition. Walking the input and taking each record from the head of its key's partition
must use up every partition exactly; that holds only if nothing is lost, doubled or out of order. Exit 1 otherwise.
"""
import hashlib
import json
import sys

SEPARATOR = b"\x1e"


def main():
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    published = open(sys.argv[1], "rb").read().split(SEPARATOR)[:-1]
    acks = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
    partitions = []
    home = {}
    for number, path in enumerate(sys.argv[3:]):
        stored = []
        for offset, record in enumerate(open(path, "rb").read().split(SEPARATOR)[:-1]):
            said, _, record = record.partition(b"\t")
            if int(said) != offset:
                return fail(f"partition {number}: offset {said.decode()} where {offset} belongs")
            key = record.partition(b"\t")[0]
            if home.setdefault(key, number) != number:
                return fail(f"key {key.decode()} is in partitions {home[key]} and {number}")
            stored.append(record)
        partitions.append(stored)

    heads = [0] * len(partitions)
    sent, read = hashlib.sha256(), hashlib.sha256()
    for record in published:
        sent.update(record + SEPARATOR)
        key = record.partition(b"\t")[0]
        if key not in home:
            return fail(f"no record with key {key.decode()}")
        number = home[key]
        if heads[number] == len(partitions[number]):
            return fail(f"partition {number} ends too early, before {key.decode()}")
        read.update(partitions[number][heads[number]] + SEPARATOR)
        heads[number] += 1
    if heads != [len(p) for p in partitions]:
        return fail(f"records too many: {[len(p) - h for p, h in zip(partitions, heads)]}")
    if sent.digest() != read.digest():
        return fail("the records read back are not those published, or not in their order")

    places = {(ack["partition"], ack["offset"]) for ack in acks}
    missing = [place for place in places if place[1] >= len(partitions[place[0]])]
    if missing:
        return fail(f"{len(missing)} acknowledged records are not there, first {missing[0]}")
    if len(acks) != len(published):
        return fail(f"{len(acks)} acknowledgements for {len(published)} records")
    levels = sorted({ack["durability"] for ack in acks})
    print(f"{len(published)} records read back from {len(partitions)} partitions {[len(p) for p in partitions]}; "
          f"sha256 of both: {sent.hexdigest()[:16]}; acknowledged: {len(acks)}, durability {'/'.join(levels)}")
    return 0


def fail(what):
    print(f"demo_check: {what}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
