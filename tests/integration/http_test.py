#!/usr/bin/env python3
"""HTTP of a real broker: metrics count what was done, health tells, the API answers as JSON."""
import json
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

from harness import Broker, temporary_directory, tool

RECORDS = 1000
ROOT = pathlib.Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference/http.md"
DEPLOYED = (ROOT / "deploy/prometheus/qalam-alerts.yml", ROOT / "deploy/grafana/qalam.json")


def get(broker, path, **headers):
    """Status, content type and text."""
    request = urllib.request.Request(f"http://127.0.0.1:{broker.http_port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["Content-Type"], refused.read().decode()


def value(text, sample):
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else None


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = temporary_directory()
        cls.broker = Broker(cls.directory.__enter__() / "data").start()
        cls.broker.qalam("topic", "create", "orders", "-p", 2)
        lines = "".join(f"{i}\tvalue-{i}\n" for i in range(RECORDS))
        cls.broker.qalam("produce", "orders", "-K", "\t", stdin=lines.encode())
        cls.broker.qalam("consume", "orders", "--from", "start", "-e")

    @classmethod
    def tearDownClass(cls):
        code = cls.broker.stop()
        cls.directory.__exit__(None, None, None)
        assert code == 0, code

    def test_metrics_count_what_was_done(self):
        status, kind, text = get(self.broker, "/metrics")
        self.assertEqual((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertEqual(value(text, 'qalam_topic_appended_records_total{topic="orders"}'), RECORDS)
        self.assertEqual(value(text, 'qalam_topic_partitions{topic="orders"}'), 2)
        self.assertEqual(value(text, 'qalam_topic_offline_partitions{topic="orders"}'), 0)
        appended = value(text, 'qalam_topic_appended_bytes_total{topic="orders"}')
        # All of it was read once; a reader that waits may get some twice.
        self.assertGreaterEqual(value(text, 'qalam_topic_fetched_bytes_total{topic="orders"}'), appended)
        groups = value(text, 'qalam_writer_write_seconds_count{writer="0"}')
        self.assertGreaterEqual(groups, 2)
        self.assertEqual(value(text, 'qalam_writer_group_bytes_sum{writer="0"}'), appended)
        self.assertEqual(value(text, 'qalam_writer_sync_seconds_bucket{writer="0",le="+Inf"}'),
                         value(text, 'qalam_writer_sync_seconds_count{writer="0"}'))

    def test_partitions_add_up(self):
        _, _, text = get(self.broker, "/metrics/partitions")
        counts = [value(text, f'qalam_partition_appended_records_total{{topic="orders",partition="{i}"}}')
                  for i in range(2)]
        self.assertEqual(sum(counts), RECORDS)
        marks = [value(text, f'qalam_partition_high_watermark{{topic="orders",partition="{i}"}}') for i in range(2)]
        self.assertEqual(marks, counts)

    def test_the_reference_names_every_metric_and_no_other(self):
        # One refusal, so that there is one to count.
        refused = self.broker.qalam("produce", "orders", "-p", 0, "--expect-offset", 99999, stdin=b"x\n", check=False)
        self.assertNotEqual(refused.returncode, 0)
        text = get(self.broker, "/metrics")[2] + get(self.broker, "/metrics/partitions")[2]
        live = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
        written = set(re.findall(r"`(qalam_[a-z_]+)`", REFERENCE.read_text(encoding="utf-8")))
        self.assertEqual(live, written)
        samples = set(re.findall(r"^(qalam_\w+)", text, re.MULTILINE))
        for file in DEPLOYED:
            used = set(re.findall(r"\bqalam_[a-z_]+", file.read_text(encoding="utf-8")))
            self.assertTrue(used, file)
            self.assertEqual(used - samples, set(), f"{file.name} uses what no broker says")

    def test_open_metrics_to_whom_asks_for_it(self):
        _, kind, text = get(self.broker, "/metrics", Accept="application/openmetrics-text; version=1.0.0, */*;q=0.1")
        self.assertTrue(kind.startswith("application/openmetrics-text; version=1.0.0"), kind)
        self.assertTrue(text.endswith("# EOF\n"))

    def test_health(self):
        self.assertEqual(get(self.broker, "/healthz")[::2], (200, "ok\n"))
        self.assertEqual(get(self.broker, "/readyz")[::2], (200, "ready\n"))

    def test_the_api_answers_as_the_command_line_does(self):
        topic = json.loads(get(self.broker, "/api/v1/topics/orders")[2])
        ends = sum(int(each["highWatermark"]) for each in topic["partitions"])
        self.assertEqual(ends, RECORDS)
        names = [each["name"] for each in json.loads(get(self.broker, "/api/v1/topics")[2])["topics"]]
        self.assertEqual(names, ["orders"])
        page = json.loads(get(self.broker, "/api/v1/partitions?topic=orders&page_size=1")[2])
        self.assertEqual(len(page["partitions"]), 1)
        token = page["nextPageToken"]
        rest = json.loads(get(self.broker, f"/api/v1/partitions?topic=orders&page_size=1&page_token={token}")[2])
        self.assertEqual([each["partition"] for each in page["partitions"] + rest["partitions"]], [0, 1])
        cluster = json.loads(get(self.broker, "/api/v1/cluster")[2])
        self.assertEqual(cluster["brokers"][0]["address"], self.broker.address)
        keys = {each["key"]: each["value"] for each in json.loads(get(self.broker, "/api/v1/config")[2])["config"]}
        self.assertEqual(keys["qalam.http.listeners"], "127.0.0.1:0")

    def test_figures_say_what_was_done(self):
        figures = json.loads(get(self.broker, "/api/v1/figures")[2])
        self.assertEqual(sum(int(each["records"]) for each in figures["partitions"]), RECORDS)
        self.assertEqual([(each["topic"], each["partition"], each["status"]) for each in figures["partitions"]],
                         [("orders", 0, "ok"), ("orders", 1, "ok")])
        self.assertGreater(int(figures["atMs"]), 1_600_000_000_000)
        self.assertEqual(len(figures["writers"][0]["syncSeconds"]["bounds"]) + 1,
                         len(figures["writers"][0]["syncSeconds"]["counts"]))
        writers = json.loads(get(self.broker, "/api/v1/figures?writers_only=true")[2])
        self.assertEqual((writers["partitions"], len(writers["writers"])), ([], len(figures["writers"])))

    def test_streams_are_those_that_are_open(self):
        tail = subprocess.Popen(self.broker.qalam_command("-X", "client.id=watcher", "consume", "orders:1", "--from", "start", "-f"),
                                stdout=subprocess.PIPE)
        try:
            tail.stdout.readline()
            streams = json.loads(get(self.broker, "/api/v1/streams")[2])
            ours = [each for each in streams["streams"] if each["clientId"] == "watcher"]
            self.assertEqual([(each["kind"], each["topic"], each["partition"]) for each in ours],
                             [("tail", "orders", 1)])
            self.assertTrue(ours[0]["peer"].startswith("ipv4:127.0.0.1:"), ours)
        finally:
            tail.terminate()
            tail.wait(30)
            tail.stdout.close()

    def test_bad_questions_get_an_error_that_helps(self):
        for path, status, reason in (("/api/v1/topics/order", 404, "UNKNOWN_TOPIC"), ("/nothing", 404, "NOT_FOUND"),
                                     ("/api/v1/topics?page_size=0", 400, "INVALID_ARGUMENT"),
                                     ("/api/v1/topics?pagesize=5", 400, "INVALID_ARGUMENT"),
                                     ("/api/v1/figures?writers_only=1", 400, "INVALID_ARGUMENT"),
                                     ("/api/v1/streams?limit=10001", 400, "INVALID_ARGUMENT")):
            got, kind, text = get(self.broker, path)
            error = json.loads(text)["error"]
            self.assertEqual((got, kind, error["reason"]), (status, "application/json", reason), path)
            self.assertTrue(error["message"] and error["hint"], path)
        self.assertIn('"orders"', get(self.broker, "/api/v1/topics/order")[2])
        self.assertEqual(get(self.broker, "/metrics", Host="evil.example")[0], 403)

    def test_a_taken_port_is_refused_where_it_was_asked_for(self):
        with temporary_directory() as base:
            done = subprocess.run([tool("qalamd"), "--data-dir", base / "data", "--listen", "127.0.0.1:0", "--set",
                                   f"qalam.http.listeners=127.0.0.1:{self.broker.http_port}"], capture_output=True,
                                  text=True, timeout=30)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("qalam.http.listeners", done.stderr)
            self.assertIn("PORT_IN_USE", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
