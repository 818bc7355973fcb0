#!/usr/bin/env python3
"""What open consoles cost: N clients of /events on a broker with many partitions, while a producer runs.

Runs `qalam bench produce` alternately with and without the clients, and compares the medians; reports the bytes a
second of each client and the broker's processor time by thread. Usage:
PYTHONPATH=tests/integration QALAM_TEST_BIN=build/release tests/bench/http_events_cost.py [--partitions 10000] [--clients 100]
"""
import argparse
import json
import os
import pathlib
import selectors
import socket
import statistics
import threading
import time

from harness import Broker, raise_descriptor_limit, temporary_directory

TICKS = os.sysconf("SC_CLK_TCK")


class Clients:
    """So many that read all they are sent, in one thread."""

    def __init__(self, broker, count):
        self.selector = selectors.DefaultSelector()
        self.bytes = {}
        self.snapshot_bytes = 0
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", broker.http_port))
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.setblocking(False)
            self.selector.register(client, selectors.EVENT_READ)
            self.bytes[client] = 0
        self.running = True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        buffer = bytearray(1 << 20)
        while self.running:
            for key, _ in self.selector.select(0.2):
                got = key.fileobj.recv_into(buffer)
                if got == 0:
                    self.selector.unregister(key.fileobj)
                self.bytes[key.fileobj] += got

    def close(self):
        self.running = False
        self.thread.join()
        for client in self.bytes:
            client.close()


def threads(pid):
    """Processor seconds of each thread, summed by name."""
    seconds = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            head, _, tail = (task / "stat").read_text().rpartition(")")
        except OSError:
            continue
        fields = tail.split()
        name = head.partition("(")[2]
        seconds[name] = seconds.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def difference(before, after, wall):
    return {name: round((value - before.get(name, 0)) / wall * 100, 1) for name, value in
            sorted(after.items(), key=lambda each: before.get(each[0], 0) - each[1])
            if value - before.get(name, 0) > 0.0005 * wall}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--rate", default="", help="of the producer, as 20k/s; none: as fast as it goes")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--idle", type=float, default=10, help="seconds without a producer")
    args = parser.parse_args()
    raise_descriptor_limit()
    with temporary_directory() as base, Broker(base / "data") as broker:
        left = args.partitions
        for i in range((args.partitions + 999) // 1000):
            broker.qalam("topic", "create", f"topic-with-a-usual-name-{i}", "-p", min(1000, left), timeout=600)
            left -= 1000
        broker.qalam("topic", "create", "bench", "-p", 16)
        print(f"RSS {broker.rss_mib():.0f} MiB", flush=True)

        def idle(what):
            before, begun = threads(broker.process.pid), time.monotonic()
            time.sleep(args.idle)
            wall = time.monotonic() - begun
            print(f"{what}: % of a processor by thread {difference(before, threads(broker.process.pid), wall)}", flush=True)

        def produce(topics=("bench",)):
            command = ["bench", "produce", "bench", "--records", args.records, "--size", 100, "-o", "json"]
            if args.rate:
                command += ["--rate", args.rate]
            before, begun = threads(broker.process.pid), time.monotonic()
            out = broker.qalam(*command, timeout=600).stdout
            wall = time.monotonic() - begun
            report = json.loads(out.splitlines()[-1])
            return report["records_per_s"], difference(before, threads(broker.process.pid), wall)

        idle("nobody listens, nobody writes")
        clients = Clients(broker, args.clients)
        time.sleep(5)
        first = max(clients.bytes.values())
        idle(f"{args.clients} listen, nobody writes")
        grown = max(clients.bytes.values())
        print(f"snapshot and first deltas {first:,} bytes a client; idle {(grown - first) / args.idle:,.0f} bytes/s a client")
        clients.close()
        without, with_clients = [], []
        for run in range(args.runs):
            rate, used = produce()
            without.append(rate)
            print(f"run {run} without: {rate:,.0f} records/s {used}", flush=True)
            clients = Clients(broker, args.clients)
            time.sleep(3)
            before, begun = dict(clients.bytes), time.monotonic()
            rate, used = produce()
            wall = time.monotonic() - begun
            most = max(clients.bytes[each] - before[each] for each in before) / wall
            with_clients.append(rate)
            print(f"run {run} with {args.clients}: {rate:,.0f} records/s, {most:,.0f} bytes/s a client {used}", flush=True)
            clients.close()
            time.sleep(1)
        a, b = statistics.median(without), statistics.median(with_clients)
        print(f"median without {a:,.0f}, with {b:,.0f} records/s: {100 * (a - b) / a:.1f} % less")
        # All rows change: what the byte budget is for.
        clients = Clients(broker, min(args.clients, 5))
        time.sleep(3)
        before, begun = dict(clients.bytes), time.monotonic()
        busy, processors = time.monotonic() + 10, threads(broker.process.pid)
        while time.monotonic() < busy:
            lines = "".join(f"{i}\tx\n" for i in range(20_000)).encode()
            for i in range((args.partitions + 999) // 1000):
                broker.qalam("produce", f"topic-with-a-usual-name-{i}", "-K", "\t", stdin=lines)
        wall = time.monotonic() - begun
        most = max(clients.bytes[each] - before[each] for each in before) / wall
        print(f"all rows change: {most:,.0f} bytes/s a client {difference(processors, threads(broker.process.pid), wall)}")
        clients.close()
        print(f"RSS {broker.rss_mib():.0f} MiB")


if __name__ == "__main__":
    main()
