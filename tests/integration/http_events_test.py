#!/usr/bin/env python3
"""Events of a real broker: they agree with the command line, nothing is missed, slow clients begin anew, limits hold."""
import contextlib
import http.client
import json
import socket
import sys
import threading
import time
import unittest

from harness import Broker, temporary_directory

AGREES_WITHIN = 2.0  # Seconds after the command line is done.
STALLED_S = 30  # A client that takes nothing for so long is closed.


class Events:
    """An EventSource that reads in a thread of its own; events are (name, id, data, when they came)."""

    def __init__(self, broker, path="/events", last_id=None, read=True):
        self.socket = socket.create_connection(("127.0.0.1", broker.http_port), timeout=30)
        if not read:
            self.socket.close()
            self.socket = socket.socket()
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.socket.connect(("127.0.0.1", broker.http_port))
        self.socket.settimeout(30)
        header = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.decode().partition(": ")
            self.headers[name] = value
        self.events = []
        self.comments = 0
        self.changed = threading.Condition()
        self.ended = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        if read and self.status == 200:
            self.thread.start()

    def start_reading(self):
        self.thread.start()

    def run(self):
        name = identity = data = None
        try:
            for raw in self.file:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("id: "):
                    identity = line[4:]
                elif line.startswith("data: "):
                    data = json.loads(line[6:])
                elif line == "" and name:
                    with self.changed:
                        self.events.append((name, identity, data, time.monotonic()))
                        self.changed.notify_all()
                    name = identity = data = None
        except (OSError, ValueError):
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, holds, timeout=10.0):
        """The first event, from the beginning, for which `holds`."""
        end = time.monotonic() + timeout
        seen = 0
        with self.changed:
            while True:
                for event in self.events[seen:]:
                    if holds(event):
                        return event
                seen = len(self.events)
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    raise AssertionError(f"not among {seen} events (ended: {self.ended}): "
                                         f"{[e[0] for e in self.events[-10:]]}")
                self.changed.wait(left)

    def table(self):
        """The rows as a console has them: the last snapshot with every later delta put on it."""
        rows, columns = {}, None
        with self.changed:
            events = list(self.events)
        for name, _, data, _ in events:
            if name == "snapshot":
                columns, rows = data["columns"], {}
            if name in ("snapshot", "delta"):
                for row in data["rows"]:
                    rows[row[0], row[1]] = dict(zip(columns, row))
                for topic, partition in data.get("gone", []):
                    rows.pop((topic, partition), None)
        return rows

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self.thread.is_alive():
            self.thread.join(5)
        self.file.close()
        self.socket.close()


def number(identity):
    return int(identity.rpartition("-")[2])


def get_json(broker, path):
    connection = http.client.HTTPConnection("127.0.0.1", broker.http_port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


class HttpEvents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = temporary_directory()
        cls.broker = Broker(cls.directory.__enter__() / "data").start()
        cls.broker.qalam("topic", "create", "orders", "-p", 3)

    @classmethod
    def tearDownClass(cls):
        code = cls.broker.stop()
        cls.directory.__exit__(None, None, None)
        assert code == 0, code

    def ends(self, topic):
        described = self.broker.qalam_json("topic", "describe", topic)
        return {(topic, int(p["partition"])): int(p["high_watermark"]) for p in described["partitions"]}

    def await_agreement(self, events, topic):
        """Until the rows say what the command line does."""
        wanted = self.ends(topic)
        begun = time.monotonic()
        while True:
            rows = events.table()
            if {key: rows[key]["high"] for key in wanted if key in rows} == wanted:
                return time.monotonic() - begun
            self.assertLess(time.monotonic() - begun, AGREES_WITHIN, (wanted, rows))
            time.sleep(0.02)

    def test_rows_agree_with_what_the_command_line_wrote(self):
        events = Events(self.broker)
        events.wait(lambda e: e[0] == "snapshot")
        self.assertEqual(events.headers["Content-Type"], "text/event-stream")
        for partition in range(3):
            lines = "".join(f"{i}\n" for i in range(100 * (partition + 1)))
            self.broker.qalam("produce", "orders", "-p", partition, stdin=lines.encode())
            self.await_agreement(events, "orders")
        busy = events.wait(lambda e: e[0] == "delta" and any(row[8] > 0 for row in e[2]["rows"]))
        self.assertGreater(busy[2]["totals"]["recordsIn"], 0)
        self.assertEqual(sum(w["partitions"] for w in busy[2]["writers"]), busy[2]["totals"]["partitions"])
        # A fresh snapshot has the same.
        late = Events(self.broker)
        late.wait(lambda e: e[0] == "snapshot")
        self.assertEqual({key: row["high"] for key, row in late.table().items() if key[0] == "orders"},
                         self.ends("orders"))
        late.close()
        events.close()

    def test_topics_come_and_go(self):
        events = Events(self.broker)
        events.wait(lambda e: e[0] == "snapshot")
        self.broker.qalam("topic", "create", "passing", "-p", 2)
        events.wait(lambda e: any(f["text"].startswith("passing: topic made") for f in e[2].get("feed", [])), 3)
        self.assertIn(("passing", 1), events.table())
        self.broker.qalam("topic", "delete", "passing", "--yes")
        events.wait(lambda e: ["passing", 1] in e[2].get("gone", []), 3)
        self.assertNotIn(("passing", 0), events.table())
        events.close()

    def test_who_comes_back_misses_nothing(self):
        first = Events(self.broker)
        last = first.wait(lambda e: e[0] == "delta")[1]
        first.close()
        self.broker.qalam("produce", "orders", "-p", 1, stdin=b"while away\n")
        time.sleep(2.5)
        again = Events(self.broker, last_id=last)
        again.wait(lambda e: e[0] == "delta" and number(e[1]) >= number(last) + 3)
        names = [event[0] for event in again.events]
        self.assertEqual(set(names), {"delta"})
        self.assertEqual([number(event[1]) for event in again.events],
                         list(range(number(last) + 1, number(last) + 1 + len(names))))
        key = ("orders", 1)
        self.assertIn(self.ends("orders")[key], [row[6] for e in again.events for row in e[2]["rows"]
                                                 if (row[0], row[1]) == key])
        again.close()

    def test_a_heartbeat_or_an_event_comes_all_the_time(self):
        events = Events(self.broker)
        events.wait(lambda e: e[0] == "snapshot")
        time.sleep(4.2)
        times = [event[3] for event in events.events if event[0] == "delta"]
        self.assertGreaterEqual(len(times), 3)
        gaps = [b - a for a, b in zip(times, times[1:])]
        self.assertLess(max(gaps), 2.0)
        events.close()

    def test_history_has_a_row_each_second(self):
        status, history = get_json(self.broker, "/api/v1/history?step=1s")
        self.assertEqual(status, 200)
        column = history["columns"].index("atMs")
        times = [row[column] for row in history["rows"]]
        self.assertGreaterEqual(len(times), 1)
        self.assertEqual(times, sorted(times))
        status, refused = get_json(self.broker, "/api/v1/history?step=1h")
        self.assertEqual((status, refused["error"]["reason"]), (400, "INVALID_ARGUMENT"))

    def test_a_live_tail_shows_what_is_written_and_no_more_than_the_rate(self):
        self.broker.qalam("topic", "create", "tailed", "-p", 2)
        self.broker.qalam("produce", "tailed", "-p", 0, stdin=b"before\n")
        everything = Events(self.broker, "/events/records?topic=tailed")
        wanted = Events(self.broker, "/events/records?topic=tailed&contains=needle&partition=1")
        capped = Events(self.broker, "/events/records?topic=tailed&rate=5")
        for tail in (everything, wanted, capped):
            tail.wait(lambda e: e[0] == "records")
        self.broker.qalam("produce", "tailed", "-p", 0, stdin=b"straw\nneedle elsewhere\n")
        self.broker.qalam("produce", "tailed", "-p", 1, stdin=b"straw\na needle\n")
        values = lambda tail: [r["value"] for e in list(tail.events) for r in e[2]["records"]]
        everything.wait(lambda _: len(values(everything)) >= 4, 3)
        self.assertEqual(sorted(values(everything)), ["a needle", "needle elsewhere", "straw", "straw"])
        wanted.wait(lambda _: values(wanted), 3)
        self.assertEqual(values(wanted), ["a needle"])
        many = "".join(f"{i}\n" for i in range(20_000))
        self.broker.qalam("produce", "tailed", "-p", 0, stdin=many.encode())
        total = lambda: sum(len(e[2]["records"]) + e[2]["dropped"] for e in list(capped.events))
        capped.wait(lambda _: total() >= 20_004, 10)
        self.assertEqual(total(), 20_004)
        seconds = time.monotonic() - capped.events[0][3]
        self.assertLessEqual(len(values(capped)), 5 * (seconds + 2))
        for tail in (everything, wanted, capped):
            tail.close()

    def test_payloads_arrive_as_they_are(self):
        self.broker.qalam("topic", "create", "nasty", "-p", 1)
        tail = Events(self.broker, "/events/records?topic=nasty")
        tail.wait(lambda e: e[0] == "records")
        payload = '<script>alert("x")</script>\\ \u2028 data: {} event: delta'
        self.broker.qalam("produce", "nasty", stdin=payload.encode() + b"\n")
        got = tail.wait(lambda e: e[2].get("records"))
        self.assertEqual(got[2]["records"][0]["value"], payload)
        tail.close()

    def test_more_streams_than_allowed_are_asked_to_come_again(self):
        open_streams = []
        refused = None
        for _ in range(140):
            events = Events(self.broker)
            if events.status != 200:
                refused = events
                break
            open_streams.append(events)
        self.assertIsNotNone(refused)
        self.assertGreaterEqual(len(open_streams), 100)
        self.assertLessEqual(len(open_streams), 128)
        self.assertEqual(refused.status, 503)
        self.assertTrue(int(refused.headers["Retry-After"]) > 0)
        # The rest of HTTP goes on, and everybody gets what there is.
        self.assertEqual(get_json(self.broker, "/api/v1/cluster")[0], 200)
        for events in open_streams:
            events.wait(lambda e: e[0] == "delta")
        for events in open_streams:
            events.close()
        end = time.monotonic() + 10
        while True:  # Who is gone makes room.
            events = Events(self.broker)
            status = events.status
            events.close()
            if status == 200:
                break
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)


class SlowAndStopping(unittest.TestCase):
    def test_a_client_that_does_not_read_is_told_to_begin_anew(self):
        with temporary_directory() as base, Broker(base / "data") as broker:
            broker.qalam("--timeout", "60s", "topic", "create", "wide", "-p", 3000)
            slow = Events(broker, read=False)
            begun = time.monotonic()
            quick = Events(broker)
            quick.wait(lambda e: e[0] == "snapshot")
            # Each second all rows change, so that a delta has 150 KB; 2 MiB wait for a client.
            stop = threading.Event()

            def write():
                round_number = 0
                while not stop.is_set():
                    lines = "".join(f"{round_number}-{i}\t{i}\n" for i in range(8000))
                    broker.qalam("produce", "wide", "-K", "\t", stdin=lines.encode())
                    round_number += 1

            writer = threading.Thread(target=write)
            writer.start()
            try:
                deltas = lambda: [len(json.dumps(e[2]["rows"])) for e in list(quick.events) if e[0] == "delta"]
                # What the server keeps for it, and the kernel's buffers.
                quick.wait(lambda _: sum(deltas()) > 3_200_000, 90)
                self.assertLess(max(deltas()), 250_000)
                slow.start_reading()
                try:
                    slow.wait(lambda e: e[0] == "resync", 20)
                except AssertionError:
                    if slow.ended and time.monotonic() - begun > STALLED_S:
                        self.skipTest("this machine needs longer to fill a client's queue than a client may stand still")
                    raise
                names = lambda: [e[0] for e in slow.events]
                slow.wait(lambda _: names().count("snapshot") == 2, 20)
                at = names().index("resync")
                self.assertEqual(names()[at + 1], "snapshot")
            finally:
                stop.set()
                writer.join()
            # And agrees again.
            time.sleep(AGREES_WITHIN)
            wait_until = time.monotonic() + 20  # Rows that waited for their turn.
            while {k: r["high"] for k, r in slow.table().items()} != {k: r["high"] for k, r in quick.table().items()}:
                self.assertLess(time.monotonic(), wait_until)
                time.sleep(0.2)
            page = get_json(broker, "/api/v1/partitions?topic=wide&page_size=10000")[1]["partitions"]
            self.assertEqual({k[1]: r["high"] for k, r in slow.table().items()},
                             {p["partition"]: int(p["highWatermark"]) for p in page})
            slow.close()
            quick.close()

    def test_open_streams_do_not_hold_up_the_stop(self):
        with temporary_directory() as base:
            broker = Broker(base / "data").start()
            broker.qalam("topic", "create", "orders", "-p", 2)
            streams = [Events(broker) for _ in range(20)]
            streams += [Events(broker, "/events/records?topic=orders") for _ in range(5)]
            streams.append(Events(broker, read=False))
            streams[0].wait(lambda e: e[0] == "delta")
            begun = time.monotonic()
            self.assertEqual(broker.stop(), 0)
            self.assertLess(time.monotonic() - begun, 5)
            for stream in streams[:25]:
                stream.thread.join(5)
                self.assertTrue(stream.ended)
            for stream in streams:
                stream.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
