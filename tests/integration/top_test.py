#!/usr/bin/env python3
"""`qalam top` against a real broker: on a terminal, whatever happens to it, and into pipes."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

from harness import Broker, temporary_directory, tool

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
PATIENCE_S = 20


class Screen:
    """`qalam top` on a terminal of its own; `text` is what it drew last, `seen` all that it ever wrote."""

    def __init__(self, *arguments, rows=30, columns=160, qalam=()):
        self.master, slave = pty.openpty()
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.resize(rows, columns)
        self.process = subprocess.Popen([tool("qalam"), *qalam, "top", *arguments], stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=self.own_terminal,
                                        env={**os.environ, "NO_COLOR": "1", "TERM": "xterm"})
        self.seen = b""

    def own_terminal(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # So that Ctrl-C and a new size reach it.

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.1):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            self.seen += os.read(self.master, 65536)

    @property
    def text(self):
        frames = self.seen.split(b"\x1b[H")
        whole = [frame for frame in frames[1:] if b"\x1b[J" in frame]
        shown = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", whole[-1]).decode() if whole else ""
        return shown.replace("\r\r\n", "\n").replace("\r\n", "\n")  # The terminal adds a \r of its own.

    def wait(self, *words, gone=()):
        end = time.monotonic() + PATIENCE_S
        while not (all(word in self.text for word in words) and not any(word in self.text for word in gone)):
            if time.monotonic() > end:
                raise AssertionError(f"not within {PATIENCE_S} s: {words} without {gone} in\n{self.text}\n---\n{self.seen[-500:]}")
            self.read()
        return self.text

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        """The exit code; what was written until then is in `seen`."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        self.read(0.2)
        return self.process.wait(1)

    def is_restored(self):
        after = termios.tcgetattr(self.slave)
        return self.seen.rstrip().endswith(LEAVE) and after[3] == self.before[3] and self.seen.count(ENTER) == self.seen.count(LEAVE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = temporary_directory()
        cls.broker = Broker(cls.directory.__enter__() / "data").start()
        cls.broker.qalam("topic", "create", "orders", "-p", 3)
        cls.broker.qalam("topic", "create", "users", "-p", 1)
        cls.load = subprocess.Popen(cls.broker.qalam_command("bench", "produce", "orders", "--records", 10_000_000, "--size", 100,
                                                             "--rate", "2k/s", "-o", "json"),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.load.kill()
        cls.load.wait()
        code = cls.broker.stop()
        cls.directory.__exit__(None, None, None)
        assert code == 0, code

    def screen(self, *arguments, broker=None, **options):
        screen = Screen("--interval", "200ms", *arguments, qalam=("-b", (broker or self.broker).address), **options)
        self.addCleanup(screen.close)
        return screen

    def test_shows_rates_and_ends_with_q(self):
        screen = self.screen()
        text = screen.wait("records/s", "WRITER", "TOPIC", "orders", "users", "q quit")
        self.assertRegex(text, r"broker \d+  \d+\.\d+\.\d+  up")
        self.assertRegex(text, r"orders +\d +[0-9.]+k? ")
        lines = text.split("\n")
        self.assertLessEqual(len(lines), 30)
        self.assertLessEqual(max(map(len, lines)), 160)
        screen.type(b"q")
        self.assertEqual(screen.end(), 0)
        self.assertTrue(screen.is_restored(), screen.seen[-100:])

    def test_keys_sort_filter_and_pause(self):
        screen = self.screen()
        screen.wait("orders", "users")
        screen.type(b"n")
        text = screen.wait("[n name]")
        self.assertLess(text.index("orders"), text.index("users"))
        screen.type(b"n")
        end = time.monotonic() + PATIENCE_S
        while screen.text.index("orders") < screen.text.index("users") and time.monotonic() < end:
            screen.read()
        self.assertGreater(screen.text.index("orders"), screen.text.index("users"))
        screen.type(b"/us")
        screen.wait("topics with: us_", gone=("orders",))
        screen.type(b"\r")
        screen.wait("q quit", "users", gone=("orders",))
        screen.type(b"/\x1b")
        screen.wait("orders")
        screen.type(b"p")
        screen.wait("(paused)")
        screen.type(b"q")
        self.assertEqual(screen.end(), 0)

    def test_follows_the_size_of_its_terminal(self):
        screen = self.screen()
        screen.wait("users")
        screen.resize(8, 40)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            screen.read()
            lines = screen.text.split("\n")
            if len(lines) <= 8 and max(map(len, lines)) <= 40:
                break
        self.assertLessEqual(len(lines), 8)
        self.assertLessEqual(max(map(len, lines)), 40)
        screen.resize(30, 160)
        screen.wait("users", "q quit")
        screen.type(b"q")
        self.assertEqual(screen.end(), 0)

    def test_every_end_restores_the_terminal(self):
        for what, code in ((signal.SIGTERM, 130), (signal.SIGHUP, 130), (signal.SIGINT, 130), (signal.SIGQUIT, -signal.SIGQUIT),
                           (signal.SIGSEGV, -signal.SIGSEGV), (signal.SIGABRT, -signal.SIGABRT)):
            screen = self.screen()
            screen.wait("q quit")
            screen.process.send_signal(what)
            self.assertEqual(screen.end(), code, what)
            self.assertTrue(screen.is_restored(), (what, screen.seen[-100:]))
        screen = self.screen()
        screen.wait("q quit")
        screen.type(b"\x03")  # Ctrl-C.
        self.assertEqual(screen.end(), 130)
        self.assertTrue(screen.is_restored())

    def test_stops_and_goes_on_as_the_shell_wants(self):
        screen = self.screen()
        screen.wait("q quit")
        screen.type(b"\x1a")  # Ctrl-Z.
        end = time.monotonic() + PATIENCE_S
        stat = pathlib.Path(f"/proc/{screen.process.pid}/stat")
        while stat.read_text().rsplit(") ")[1][0] != "T" and time.monotonic() < end:
            screen.read()
        screen.read(0.2)
        self.assertTrue(screen.is_restored(), screen.seen[-100:])
        screen.process.send_signal(signal.SIGCONT)
        end = time.monotonic() + PATIENCE_S
        while screen.seen.count(ENTER) < 2 and time.monotonic() < end:
            screen.read()
        screen.wait("q quit")
        screen.type(b"q")
        self.assertEqual(screen.end(), 0)
        self.assertTrue(screen.is_restored())

    def test_a_broker_that_goes_is_said_so_and_found_again(self):
        with temporary_directory() as base, Broker(base / "data") as broker:
            broker.qalam("topic", "create", "here", "-p", 1)
            screen = self.screen(broker=broker)
            screen.wait("here", gone=("away",))
            broker.kill()
            screen.wait("broker away since", "UNREACHABLE", "here")
            broker.start()
            screen.wait("here", "no problems", gone=("broker away",))
            screen.type(b"q")
            self.assertEqual(screen.end(), 0)

    def test_batches_for_pipes(self):
        done = self.broker.qalam("top", "-n", 2, "--interval", "300ms", "--rows", 2)
        text = done.stdout.decode()
        self.assertEqual(text.count("WRITER"), 4, "a head of each of two tables, twice")
        self.assertEqual(len(re.findall(r"^orders ", text, re.M)), 4)
        self.assertNotIn("\x1b", text)
        out = self.broker.qalam("top", "orders", "--once", "--interval", "1s", "-o", "json").stdout
        sample = json.loads(out)
        self.assertEqual([each["topic"] for each in sample["partitions"]], ["orders"] * 3)
        self.assertGreater(sample["totals"]["records_in"], 200)
        self.assertLess(sample["totals"]["records_in"], 20_000)
        self.assertGreater(sample["totals"]["sync_ms_p99"], 0)
        self.assertGreaterEqual(sample["totals"]["streams"], 1)
        self.assertEqual(sample["partitions"][0]["status"], "ok")
        rates = [each["bytes_in"] for each in sample["partitions"]]
        self.assertEqual(rates, sorted(rates, reverse=True))

    def test_bad_input_is_refused(self):
        for arguments in (["--interval", "1"], ["--interval", "50ms"], ["--sort", "colour"], ["-n", "0"], ["-o", "name", "--once"],
                          ["--once", "-n", "2"], ["--rows", "-1"]):
            done = self.broker.qalam("top", *arguments, check=False)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(done.stdout, b"")
        done = subprocess.run([tool("qalam"), "-b", "127.0.0.1:1", "--timeout", "1s", "top", "--once"], capture_output=True, timeout=30,
                              check=False)
        self.assertEqual(done.returncode, 3, done.stderr)

    def test_a_reader_that_stops_reading_ends_it(self):
        done = subprocess.run(["bash", "-c", f"{tool('qalam')} -b {self.broker.address} top --interval 100ms | head -1"],
                              capture_output=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.startswith(b"qalam top"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
