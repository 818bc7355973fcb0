#!/usr/bin/env python3
"""The HTTP API of a real broker: writes and their refusals, records, epochs, the console, and its own description."""
import gzip
import http.client
import json
import re
import socket
import sys
import threading
import time
import unittest

from harness import Broker, temporary_directory
from json_schema import errors

WRITE = {"X-Qalam-Request": "1", "Content-Type": "application/json"}
# Described, but not served by this build yet. Must be empty before a release.
TO_COME = set()


def ask(broker, method, path, body=None, headers=None):
    """Status, headers and bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", broker.http_port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def get(broker, path, **headers):
    status, _, body = ask(broker, "GET", path, headers=headers)
    return status, json.loads(body)


def write(broker, method, path, body=None, **headers):
    text = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
    status, _, answer = ask(broker, method, path, text, {**WRITE, **headers})
    return status, json.loads(answer)


def records(broker, query):
    status, page = get(broker, "/api/v1/records?" + query)
    assert status == 200, page
    return page


class Shared(unittest.TestCase):
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = temporary_directory()
        cls.broker = Broker(cls.directory.__enter__() / "data", settings=cls.settings).start()

    @classmethod
    def tearDownClass(cls):
        code = cls.broker.stop()
        cls.directory.__exit__(None, None, None)
        assert code == 0, code

    def refused(self, answer, status, reason):
        got, body = answer
        self.assertEqual((got, body["error"]["reason"]), (status, reason), body)
        self.assertTrue(body["error"]["message"] and body["error"]["hint"], body)
        return body["error"]

    def topics(self):
        return [each["name"] for each in get(self.broker, "/api/v1/topics")[1]["topics"]]


class Writes(Shared):
    def test_a_topic_from_its_creation_to_its_end(self):
        body = {"name": "life", "partitionsCount": 2, "config": {"retention.ms": "1d"}}
        status, preview = write(self.broker, "POST", "/api/v1/topics", {**body, "validateOnly": True})
        self.assertEqual((status, preview["topic"]["name"], preview["topic"]["topicId"]), (200, "life", ""))
        self.assertNotIn("life", self.topics())
        status, made = write(self.broker, "POST", "/api/v1/topics", body)
        self.assertEqual((status, made["topic"]["partitionsCount"]), (200, 2))
        self.refused(write(self.broker, "POST", "/api/v1/topics", body), 409, "TOPIC_EXISTS")

        path = "/api/v1/topics/life/config"
        value = lambda answer: {each["key"]: each["value"] for each in answer[1]["config"]}["retention.ms"]
        self.assertEqual(value(write(self.broker, "PATCH", path, {"set": {"retention.ms": "2d"}, "validateOnly": True})),
                         "172800000")
        self.assertEqual(value((200, get(self.broker, "/api/v1/topics/life")[1])), "86400000")
        self.assertEqual(value(write(self.broker, "PATCH", path, {"set": {"retention.ms": "2d"}})), "172800000")
        self.assertEqual(value(write(self.broker, "PATCH", path, {"unset": ["retention.ms"]})), "604800000")
        self.refused(write(self.broker, "PATCH", path, {"set": {"retention.msec": "1"}}), 400, "INVALID_CONFIG")

        self.broker.qalam("produce", "life", "-p", 0, stdin=b"a\nb\nc\n")
        trim = "/api/v1/topics/life/partitions/0/trim"
        start = lambda: get(self.broker, "/api/v1/topics/life")[1]["partitions"][0]["logStartOffset"]
        status, preview = write(self.broker, "POST", trim, {"beforeOffset": "2", "validateOnly": True})
        self.assertEqual((status, preview, start()), (200, {"logStartOffset": "2"}, "0"))
        self.assertEqual(write(self.broker, "POST", trim, {"beforeOffset": 2}), (200, {"logStartOffset": "2"}))
        self.assertEqual(start(), "2")
        self.refused(write(self.broker, "POST", trim, {"beforeOffset": 99}), 400, "OFFSET_OUT_OF_RANGE")
        self.refused(write(self.broker, "POST", "/api/v1/topics/life/partitions/9/trim", {}), 404, "UNKNOWN_PARTITION")

        self.assertEqual(write(self.broker, "DELETE", "/api/v1/topics/life?validate_only=true"), (200, {}))
        self.assertIn("life", self.topics())
        self.assertEqual(write(self.broker, "DELETE", "/api/v1/topics/life"), (200, {}))
        self.assertNotIn("life", self.topics())
        self.refused(write(self.broker, "DELETE", "/api/v1/topics/life"), 404, "UNKNOWN_TOPIC")

    def test_the_brokers_settings(self):
        level = lambda: {e["key"]: e["value"] for e in get(self.broker, "/api/v1/config")[1]["config"]}["qalam.log.level"]
        status, preview = write(self.broker, "PATCH", "/api/v1/config",
                                {"set": {"qalam.log.level": "warn"}, "validateOnly": True})
        self.assertEqual((status, preview["config"][0]["value"], level()), (200, "warn", "info"))
        self.assertEqual(write(self.broker, "PATCH", "/api/v1/config", {"set": {"qalam.log.level": "warn"}})[0], 200)
        self.assertEqual(level(), "warn")
        self.assertEqual(write(self.broker, "PATCH", "/api/v1/config", {"unset": ["qalam.log.level"]})[0], 200)
        self.assertEqual(level(), "info")
        self.refused(write(self.broker, "PATCH", "/api/v1/config", {"set": {"node.id": "2"}}), 400, "INVALID_CONFIG")

    def test_what_another_site_can_send_is_refused_and_changes_nothing(self):
        body = json.dumps({"name": "evil"})
        own = f"127.0.0.1:{self.broker.http_port}"
        for headers, status in (({"Content-Type": "application/json"}, 403),
                                ({"X-Qalam-Request": "1", "Content-Type": "text/plain"}, 415),
                                ({**WRITE, "Origin": "http://evil.example"}, 403),
                                ({**WRITE, "Origin": "null"}, 403),
                                ({**WRITE, "Origin": f"http://{own}", "Sec-Fetch-Site": "cross-site"}, 403),
                                ({**WRITE, "Host": "evil.example"}, 403)):
            got, _, answer = ask(self.broker, "POST", "/api/v1/topics", body, headers)
            self.assertEqual(got, status, headers)
            self.assertTrue(json.loads(answer)["error"]["hint"])
        # The browser asks first before it sends JSON to another site; it gets no leave.
        got, answered, _ = ask(self.broker, "OPTIONS", "/api/v1/topics", headers={
            "Origin": "http://evil.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-qalam-request"})
        self.assertEqual(got, 405)
        self.assertFalse([name for name in answered if name.lower().startswith("access-control")])
        self.assertNotIn("evil", self.topics())
        self.assertEqual(write(self.broker, "POST", "/api/v1/topics", {"name": "own"}, Origin=f"http://{own}",
                               **{"Sec-Fetch-Site": "same-origin"})[0], 200)

    def test_bad_bodies_name_the_mistake_and_change_nothing(self):
        before = self.topics()
        for body, field in (('{"name": "x1", "name": "x2"}', "name"), ('{"name": "x1", "partitions": 3}', "partitions"),
                            ('{"name": "x1", "partitionsCount": "many"}', "partitionsCount"),
                            ('{"name": "x1", "validateOnly": "maybe"}', "validateOnly")):
            error = self.refused(write(self.broker, "POST", "/api/v1/topics", body), 400, "INVALID_ARGUMENT")
            self.assertEqual(error["details"].get("field"), field, error)
        for body in ('{"name": "x1"', "[" * 60_000, b'{"name": "\xff"}', '"x1"'):
            self.refused(write(self.broker, "POST", "/api/v1/topics", body), 400, "INVALID_ARGUMENT")
        self.refused(write(self.broker, "POST", "/api/v1/topics", {"name": "a/b"}), 400, "INVALID_TOPIC_NAME")
        self.refused(write(self.broker, "POST", "/api/v1/topics", {"name": "x1", "partitionsCount": -1}), 400,
                     "INVALID_PARTITIONS")
        self.refused(write(self.broker, "POST", "/api/v1/topics?validate_only=true", {"name": "x1"}), 400,
                     "INVALID_ARGUMENT")
        self.assertEqual(self.topics(), before)

    def test_other_methods(self):
        for method, path, allowed in (("PUT", "/api/v1/topics", "GET, HEAD, POST"), ("POST", "/metrics", "GET, HEAD"),
                                      ("GET", "/api/v1/topics/x/config", "PATCH")):
            status, headers, body = ask(self.broker, method, path, None, WRITE)
            self.assertEqual((status, headers["Allow"]), (405, allowed))
            self.assertEqual(json.loads(body)["error"]["reason"], "INVALID_ARGUMENT")

    def test_large_bodies_and_bodies_of_gets_are_refused(self):
        self.refused(write(self.broker, "POST", "/api/v1/topics", b"x" * 65_537), 413, "MESSAGE_TOO_LARGE")
        self.refused(write(self.broker, "POST", "/api/v1/topics", b" " * 65_536), 400, "INVALID_ARGUMENT")
        status, _, _ = ask(self.broker, "POST", "/api/v1/topics", iter([b"x" * 40_000] * 2), WRITE)  # In chunks.
        self.assertEqual(status, 413)
        self.refused((lambda a: (a[0], json.loads(a[2])))(ask(self.broker, "GET", "/api/v1/topics", b"{}")), 400,
                     "INVALID_ARGUMENT")

    def test_a_slow_body_holds_up_nobody(self):
        slow = [socket.create_connection(("127.0.0.1", self.broker.http_port)) for _ in range(20)]
        for each in slow:
            each.sendall(b"POST /api/v1/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
        begun = time.monotonic()
        self.assertEqual(get(self.broker, "/api/v1/session")[0], 200)
        self.assertLess(time.monotonic() - begun, 5)
        for each in slow:
            each.close()


class ReadOnly(Shared):
    settings = ("qalam.http.mode=read-only",)

    def test_everything_that_changes_something_is_refused(self):
        self.broker.qalam("topic", "create", "kept")
        self.assertEqual(get(self.broker, "/api/v1/session")[1]["mode"], "read-only")
        document = get(self.broker, "/openapi.json")[1]
        tried = 0
        for path, methods in document["paths"].items():
            for method in methods.keys() - {"get"}:
                place = path.replace("{topic}", "kept").replace("{partition}", "0")
                error = self.refused(write(self.broker, method.upper(), place, {}), 403, "PERMISSION_DENIED")
                self.assertIn("read-only", error["message"])
                tried += 1
        self.assertEqual(tried, 5)
        self.assertEqual(self.topics(), ["kept"])


class Records(Shared):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker.qalam("topic", "create", "orders", "-p", 3)
        lines = "".join(json.dumps({"key": f"k{i}", "value": f"value {i}", "timestamp": 1_700_000_000_000 + i,
                                    "partition": i % 3, "headers": [{"key": "n", "value": str(i)}]}) + "\n"
                        for i in range(300))
        cls.broker.qalam("produce", "orders", "--json", stdin=lines.encode())
        cls.broker.qalam("topic", "create", "odd")
        cls.odd = [{"key": "large", "value": "\u20ac" * 5000}, {"key_base64": "//79", "value_base64": "AP8="},
                   {"key": None, "value": None}, {"key": "<script>alert(1)</script>", "value": "\u2028</script>\"\\"}]
        for codec in ("none", "zstd"):
            cls.broker.qalam("produce", "odd", "--json", "--compression", codec,
                             stdin="".join(json.dumps(each) + "\n" for each in cls.odd).encode())

    def values(self, query):
        return [int(each["value"].split()[1]) for each in records(self.broker, query)["records"]]

    def all_values(self, query):
        values, token = [], ""
        for _ in range(500):
            page = records(self.broker, query + "&page_token=" + token)
            values += [int(each["value"].split()[1]) for each in page["records"]]
            token = page["nextPageToken"]
            if not token:
                return values
        raise AssertionError("pages without end")

    def test_newest_and_oldest_are_merged_by_time_and_paged(self):
        self.assertEqual(self.values("topic=orders&limit=5"), [299, 298, 297, 296, 295])
        self.assertEqual(self.values("topic=orders&from=oldest&limit=4"), [0, 1, 2, 3])
        self.assertEqual(self.all_values("topic=orders&from=newest&limit=7"), list(range(299, -1, -1)))
        self.assertEqual(self.all_values("topic=orders&from=oldest&limit=50"), list(range(300)))
        self.assertEqual(self.all_values("topic=orders&partition=1&from=oldest&limit=33"), list(range(1, 300, 3)))

    def test_from_an_offset_and_from_a_time(self):
        self.assertEqual(self.values("topic=orders&partition=2&from=offset:98"), [296, 299])
        self.assertEqual(self.values("topic=orders&partition=2&from=offset:100"), [])
        self.assertEqual(self.values("topic=orders&from=time:1700000000295"), [295, 296, 297, 298, 299])
        self.assertEqual(self.values("topic=orders&from=time:1800000000000"), [])
        self.assertEqual(len(self.all_values("topic=orders&from=time:0&limit=500")), 300)
        answer = get(self.broker, "/api/v1/records?topic=orders&partition=2&from=offset:101")
        error = self.refused(answer, 400, "OFFSET_OUT_OF_RANGE")
        self.assertEqual(error["details"], {"log_start_offset": "0", "high_watermark": "100"})

    def test_filters_are_plain_substrings(self):
        self.assertEqual(self.values("topic=orders&contains=value%2029&limit=20"),
                         [299, 298, 297, 296, 295, 294, 293, 292, 291, 290, 29])
        self.assertEqual(self.values("topic=orders&key=k25&from=oldest"), [25, *range(250, 260)])
        self.assertEqual(self.values("topic=orders&contains=value.*"), [])
        page = records(self.broker, "topic=orders&contains=nowhere")
        self.assertEqual((page["records"], page["scanned"], page["complete"], page["nextPageToken"]), ([], 300, True, ""))

    def test_a_record_is_what_the_command_line_prints(self):
        printed = [json.loads(line) for line in self.broker.qalam(
            "consume", "odd", "--from", "start", "-e", "-o", "json").stdout.splitlines()]
        self.assertEqual(len(printed), 8)
        for offset, record in enumerate(printed):
            status, answer = get(self.broker, f"/api/v1/records/odd/0/{offset}")
            self.assertEqual(status, 200)
            whole = answer["record"]
            self.assertFalse(whole.pop("truncated"))
            whole.pop("value_bytes")
            self.assertEqual(whole, {**record, "offset": str(record["offset"]), "timestamp": str(record["timestamp"])})
        listed = records(self.broker, "topic=odd&from=oldest")["records"]
        self.assertEqual((listed[0]["truncated"], listed[0]["value_bytes"]), (True, 15000))
        self.assertEqual(listed[0]["value"], "\u20ac" * 1365)

    def test_bad_questions(self):
        for query, status, reason in (("", 400, "INVALID_ARGUMENT"), ("topic=nothing", 404, "UNKNOWN_TOPIC"),
                                      ("topic=orders&partition=7", 404, "UNKNOWN_PARTITION"),
                                      ("topic=orders&partition=x", 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&limit=501", 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&from=yesterday", 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&from=offset:1", 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&from=time:-5", 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&page_token=x", 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&page_token=ZAE", 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&contains=" + "x" * 1025, 400, "INVALID_ARGUMENT"),
                                      ("topic=orders&grep=x", 400, "INVALID_ARGUMENT")):
            self.refused(get(self.broker, "/api/v1/records?" + query), status, reason)
        for place, status, reason in (("orders/0/100", 400, "OFFSET_OUT_OF_RANGE"), ("orders/9/0", 404, "UNKNOWN_PARTITION"),
                                      ("orders/0/-1", 400, "INVALID_ARGUMENT"), ("orders/x/0", 400, "INVALID_ARGUMENT"),
                                      ("nothing/0/0", 404, "UNKNOWN_TOPIC")):
            self.refused(get(self.broker, "/api/v1/records/" + place), status, reason)
        self.assertNotIn("nothing", self.topics())


class Rest(Shared):
    def test_epochs_count_the_starts(self):
        with temporary_directory() as base:
            broker = Broker(base / "data")
            for round_ in range(3):
                broker.start()
                if round_ == 0:
                    broker.qalam("topic", "create", "orders")
                broker.qalam("produce", "orders", stdin=b"a\nb\n")
                status, answer = get(broker, "/api/v1/topics/orders/partitions/0/epochs")
                self.assertEqual(status, 200)
                self.assertEqual(broker.stop(), 0)
            self.assertEqual([each["startOffset"] for each in answer["epochs"]], ["4", "2", "0"])
            epochs = [each["epoch"] for each in answer["epochs"]]
            self.assertEqual(sorted(set(epochs), reverse=True), epochs)
        self.refused(get(self.broker, "/api/v1/topics/no/partitions/0/epochs"), 404, "UNKNOWN_TOPIC")

    def test_a_stop_in_the_middle_of_searches_answers_them(self):
        with temporary_directory() as base:
            broker = Broker(base / "data").start()
            broker.qalam("topic", "create", "orders", "-p", 4)
            lines = b"".join(b"%d\tvalue number %d of a record that has about a hundred bytes\n" % (i, i) for i in range(300_000))
            broker.qalam("produce", "orders", "-K", "\t", "-z", "zstd", stdin=lines)
            answers = []
            search = lambda: answers.append(get(broker, "/api/v1/records?topic=orders&contains=nowhere")[0])
            threads = [threading.Thread(target=search) for _ in range(40)]
            for thread in threads:
                thread.start()
            while not answers:  # The first refusal, or the first result.
                time.sleep(0.01)
            self.assertEqual(broker.stop(), 0)
            for thread in threads:
                thread.join()
            self.assertEqual(len(answers), 40)
            self.assertLessEqual(set(answers), {200, 429, 503})

    def test_the_session(self):
        status, session = get(self.broker, "/api/v1/session")
        self.assertEqual((status, session["mode"], session["nodeId"]), (200, "operator", 1))
        self.assertLess(abs(int(session["startedMs"]) / 1000 - time.time()), 3600)

    def test_the_console_is_served_with_its_rules(self):
        status, headers, page = ask(self.broker, "GET", "/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("script-src 'self'", headers["Content-Security-Policy"])
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        status, zipped, body = ask(self.broker, "GET", "/", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((status, zipped["Content-Encoding"], gzip.decompress(body)), (200, "gzip", page))
        status, unchanged, body = ask(self.broker, "GET", "/", headers={"If-None-Match": headers["ETag"]})
        self.assertEqual((status, unchanged["ETag"], body), (304, headers["ETag"], b""))
        for asset in re.findall(rb'(?:src|href)="\.?/?(assets/[^"]+)"', page):
            status, headers, body = ask(self.broker, "GET", "/" + asset.decode())
            self.assertEqual(status, 200, asset)
            self.assertIn("immutable", headers["Cache-Control"])
        # Relative, so that it works below any path of a proxy.
        self.assertFalse(re.findall(rb'(?:src|href)="/', page), page)

    def test_a_directory_in_place_of_the_console(self):
        with temporary_directory() as base:
            (base / "dist/assets").mkdir(parents=True)
            (base / "dist/index.html").write_text("<p>mine</p>")
            (base / "secret").write_text("secret")
            with Broker(base / "data", settings=(f"qalam.http.console.dir={base / 'dist'}",)) as broker:
                self.assertEqual(ask(broker, "GET", "/")[2], b"<p>mine</p>")
                self.assertTrue(get(broker, "/api/v1/session")[1]["console"])
                for path in ("/assets/../../secret", "/assets/..%2f..%2fsecret", "/assets/%2e%2e/%2e%2e/secret"):
                    self.assertEqual(ask(broker, "GET", path)[0], 404, path)

    def test_the_http_option(self):
        with temporary_directory() as base:
            with Broker(base / "data", arguments=("--http", "127.0.0.1:0")) as broker:
                keys = {each["key"]: each["value"] for each in get(broker, "/api/v1/config")[1]["config"]}
                self.assertEqual(keys["qalam.http.listeners"], "127.0.0.1:0")


class Description(Shared):
    """/openapi.json against the broker that serves it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = get(cls.broker, "/openapi.json")[1]
        cls.broker.qalam("topic", "create", "orders", "-p", 2)
        cls.broker.qalam("produce", "orders", "-p", 1, "-K", "\t", stdin=b"k\tv\nk2\tv2\n")
        cls.broker.qalam("produce", "orders", "-p", 1, "--expect-offset", 99, stdin=b"x\n", check=False)

    def served(self):
        """Every path and its methods, from the broker's own errors."""
        message = get(self.broker, "/no-such-page")[1]["error"]["message"]
        paths = {}
        for path in message.partition("; there are ")[2].split(", "):
            status, headers, _ = ask(self.broker, "OPTIONS", path.replace("{", "").replace("}", ""))
            self.assertEqual(status, 405, path)
            paths[path] = {each.lower() for each in headers["Allow"].split(", ")} - {"head"}
        return paths

    def test_it_has_every_path_that_is_served_and_no_other(self):
        described = {path: set(methods) for path, methods in self.document["paths"].items()}
        served = self.served()
        self.assertEqual(described.keys() - served.keys() - TO_COME, set(), "described, but not served")
        self.assertEqual(TO_COME & served.keys(), set(), "has come; take it out of TO_COME")
        for path, methods in served.items():
            self.assertEqual(described.get(path), methods, path)

    def schema(self, path, method, status):
        answers = self.document["paths"][path][method]["responses"]
        answer = answers.get(str(status), answers.get("default"))
        return answer["content"]["application/json"]["schema"]

    def check(self, path, method, place, body=None):
        status, headers, text = ask(self.broker, method.upper(), place, body, WRITE)
        if headers["Content-Type"] == "application/json":
            self.assertEqual(errors(json.loads(text), self.schema(path, method, status), self.document), [], place)
        return status

    def test_every_answer_is_as_described(self):
        parts = {"{topic}": "orders", "{partition}": "1", "{offset}": "0"}
        queries = {"/api/v1/records": "?topic=orders", "/api/v1/explain": "?topic=orders&partition=1&offset=0",
                   "/api/v1/refusals": "?topic=orders&partition=1"}
        checked = 0
        for path, methods in self.document["paths"].items():
            if path in TO_COME or path.startswith(("/events", "/assets")):
                continue
            place = path + queries.get(path, "")
            for part, value in parts.items():
                place = place.replace(part, value)
            if "get" in methods:
                self.assertEqual(self.check(path, "get", place), 200, place)
                checked += 1
        self.assertGreaterEqual(checked, 15)
        for method, path, body in (
                ("post", "/api/v1/topics", {"name": "new", "config": {"retention.ms": "1d"}}),
                ("patch", "/api/v1/topics/{topic}/config", {"set": {"retention.ms": "1d"}, "validateOnly": True}),
                ("post", "/api/v1/topics/{topic}/partitions/{partition}/trim", {"beforeOffset": "0"}),
                ("patch", "/api/v1/config", {"set": {"qalam.log.level": "info"}, "validateOnly": True}),
                ("delete", "/api/v1/topics/{topic}", None)):
            place = path.replace("{topic}", "new").replace("{partition}", "0")
            self.assertEqual(self.check(path, method, place, json.dumps(body) if body else None), 200, place)

    def test_bad_input_gets_a_described_error_everywhere(self):
        for path, methods in self.document["paths"].items():
            if path in TO_COME:
                continue
            place = re.sub(r"\{topic\}", "no such topic", path).replace(" ", "%20")
            place = place.replace("{partition}", "x").replace("{offset}", "x").replace("{file}", "none")
            for method in methods:
                open_to_all = not place.startswith("/api") and place not in ("/openapi.json", "/events", "/events/records")
                if open_to_all and "{" not in path:
                    continue  # Health, metrics and the page take no parameters and refuse none.
                status = self.check(path, method, place + "?no_such_parameter=1", None)
                self.assertGreaterEqual(status, 400, f"{method} {place}")
                self.assertLess(status, 500, f"{method} {place}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
