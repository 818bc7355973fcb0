#!/usr/bin/env python3
"""`qalamd --log-format json`: every line is one JSON object, whatever clients send, from start to stop."""
import json
import re
import subprocess
import sys
import unittest

from harness import Broker, temporary_directory, tool

HOSTILE = ['a"b', "line\nfeed", "\x1b[2Jscreen", "back\\slash", "\u009bc1", "é", 'x level=error tp=forged "', "\u2028"]


def lines_of(broker):
    return broker.log_path.read_text(encoding="utf-8", errors="strict").splitlines()


class LogFormat(unittest.TestCase):
    def test_json_is_one_object_a_line(self):
        with temporary_directory() as base:
            with Broker(base / "data", arguments=["--log-format", "json"], settings=["qalam.log.level=debug"]) as broker:
                broker.qalam("topic", "create", "orders", "-p", 1)
                for name in HOSTILE:
                    broker.qalam("topic", "create", name, check=False)
                    broker.qalam("config", "set", f"advertised.listeners={name}", check=False)
                    broker.qalam("-X", f"client.id={name}", "produce", "orders", stdin=b"x\n", check=False)
                broker.qalam("topic", "delete", "orders", "--yes", check=False)
            lines = lines_of(broker)
            self.assertGreater(len(lines), 5)
            for line in lines:
                entry = json.loads(line)
                self.assertEqual(list(entry)[:5], ["ts", "level", "logger", "thread", "msg"], line)
                self.assertTrue(all(isinstance(value, str) for value in entry.values()), line)
                self.assertRegex(entry["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                self.assertIn(entry["level"], ("debug", "info", "warning", "error", "critical"))
                self.assertIsNone(re.search(r"[\x00-\x1f\x7f]", line), line)
            created = [json.loads(line) for line in lines if "topic created" in line]
            self.assertEqual((created[0]["topic"], created[0]["partitions"], created[0]["logger"]), ("orders", "1", "metadata"))
            self.assertEqual(json.loads(lines[-1])["msg"], "stopped")

    def test_a_start_that_fails_is_json_too(self):
        with temporary_directory() as base, Broker(base / "data") as broker:
            done = subprocess.run([tool("qalamd"), "--data-dir", broker.data_dir, "--listen", "127.0.0.1:0", "--log-format", "json"],
                                  capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 75, done.stderr)
            last = [json.loads(line) for line in done.stderr.splitlines()][-1]
            self.assertEqual(last["level"], "critical")
            self.assertIn("DIRECTORY_IN_USE", last["error"])
            self.assertIn(str(broker.process.pid), last["error"])
            self.assertTrue(last["remedy"])

    def test_text_is_what_it_was_and_the_default(self):
        with temporary_directory() as base:
            with Broker(base / "data") as broker:
                pass
            self.assertTrue(all(re.match(r"\d{4}-\d\d-\d\dT\S+Z (debug|info|warning|error) +\w+: ", line) for line in lines_of(broker)))

    def test_the_setting_and_bad_words(self):
        with temporary_directory() as base:
            with Broker(base / "data", settings=["qalam.log.format=json"]) as broker:
                pass
            for line in lines_of(broker):
                json.loads(line)
        done = subprocess.run([tool("qalamd"), "--data-dir", "/nonexistent", "--log-format", "xml"], capture_output=True, text=True,
                              timeout=30, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("text", done.stderr)
        self.assertIn("json", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
