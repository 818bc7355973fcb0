#!/usr/bin/env python3
"""`qalam debug bundle` of a real broker: what is in it, and that neither records nor secrets are."""
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import unittest

from harness import Broker, temporary_directory, tool

PAYLOAD, KEY, HEADER, SECRET = "payload-7b1f", "recordkey-93cc", "headervalue-55aa", "hunter2-c0ffee"
SENT = 200


def files_of(data):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        members = archive.getmembers()
        assert all(member.isfile() and member.mode == 0o600 for member in members)
        return {member.name.split("/", 1)[1]: archive.extractfile(member).read() for member in members}


class DebugBundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = temporary_directory()
        cls.base = cls.directory.__enter__()
        # A secret where somebody might put one: in the environment, in a setting's URL, in the log.
        cls.broker = Broker(cls.base / "data", settings=[f"qalam.http.hosts=http://bob:{SECRET}@example"],
                            environment={"AWS_SECRET_ACCESS_KEY": SECRET}).start()
        cls.broker.qalam("topic", "create", "orders", "-p", 2)
        lines = "".join(f"{KEY}-{i}\t{PAYLOAD}-{i}\n" for i in range(SENT))
        cls.broker.qalam("produce", "orders", "-K", "\t", "-H", f"trace={HEADER}", stdin=lines.encode())
        cls.broker.qalam("produce", "orders", "-p", 0, "--expect-offset", 99999, stdin=f"{PAYLOAD}-refused\n".encode(), check=False)
        with open(cls.broker.log_path, "a", encoding="utf-8") as log:
            log.write(f"2026-01-01T00:00:00.000Z info  node: setting changed key=sasl.password value={SECRET}\n"
                      f"2026-01-01T00:00:00.000Z info  node: fetched url=https://bob:{SECRET}@host/x\n")
        cls.tail = subprocess.Popen(cls.broker.qalam_command("-X", "client.id=watcher", "consume", "orders", "--from", "start", "-f"),
                                    stdout=subprocess.PIPE)
        cls.tail.stdout.readline()
        cls.path = cls.base / "bundle.tar.gz"
        cls.told = json.loads(cls.broker.qalam("debug", "bundle", cls.path, "--data-dir", cls.broker.data_dir, "--log-file",
                                               cls.broker.log_path, "--interval", "200ms", "-o", "json").stdout)
        cls.files = files_of(cls.path.read_bytes())

    @classmethod
    def tearDownClass(cls):
        cls.tail.terminate()
        cls.tail.wait()
        cls.tail.stdout.close()
        code = cls.broker.stop()
        cls.directory.__exit__(None, None, None)
        assert code == 0, code

    def test_no_record_and_no_secret_is_in_it(self):
        stored = b"".join(path.read_bytes() for path in self.broker.data_dir.rglob("*.log"))
        self.assertIn(PAYLOAD.encode(), stored, "the needle is where it belongs")
        log = self.broker.log_path.read_text()
        self.assertIn(SECRET, log)
        for name, contents in self.files.items():
            for needle in (PAYLOAD, KEY, HEADER, SECRET):
                self.assertNotIn(needle.encode(), contents, f"{needle} in {name}")
        self.assertIn(b"(redacted)", self.files["log-tail.txt"])

    def test_what_support_needs_is_in_it(self):
        wanted = {"MANIFEST.txt", "version.json", "broker/cluster.json", "broker/topics.json", "broker/partitions.json",
                  "broker/config.json", "broker/streams.json", "broker/stories.json", "broker/refusals.json", "broker/figures-1.json", "broker/figures-2.json", "broker/rates.json",
                  "directory/owner.json", "directory/listing.txt", "directory/checkpoints.txt", "directory/file-system.txt",
                  "directory/meta.properties.txt", "process/status.txt", "process/limits.txt", "process/threads.txt",
                  "machine/kernel.txt", "machine/memory.txt", "log-tail.txt"}
        self.assertEqual(wanted - set(self.files), set())
        self.assertEqual({part["name"] for part in self.told["parts"]} | {"MANIFEST.txt"}, set(self.files))
        first, second = (json.loads(self.files[f"broker/figures-{i}.json"]) for i in (1, 2))
        self.assertEqual(sum(each["records"] for each in first["partitions"]), SENT)
        self.assertGreater(second["at_ms"], first["at_ms"])
        self.assertIn(b"00000000000000000000.log", self.files["directory/listing.txt"])
        self.assertIn(b"durable-checkpoint", self.files["directory/checkpoints.txt"])
        self.assertIn(f"Pid:\t{self.broker.process.pid}".encode(), self.files["process/status.txt"])
        self.assertIn(b"writer-0", self.files["process/threads.txt"])
        settings = {each["key"]: each["value"] for each in json.loads(self.files["broker/config.json"])}
        self.assertIn("log.retention.ms", settings)

    def test_how_the_newest_writes_went_is_in_it(self):
        stories = json.loads(self.files["broker/stories.json"])
        self.assertEqual({(each["topic"], each["partition"]) for each in stories}, {("orders", 0), ("orders", 1)})
        for story in stories:
            self.assertGreater(story["group"]["sync_ns"], 0)
            self.assertEqual((story["sender"]["peer"], story["lines"]), ("ipv4:127.0.x.x", []))
        [refused] = json.loads(self.files["broker/refusals.json"])
        self.assertEqual((refused["topic"], refused["partition"]), ("orders", 0))
        self.assertEqual([each["code"] for each in refused["refusals"]], ["UNEXPECTED_OFFSET"])

    def test_addresses_of_clients_are_shortened(self):
        streams = json.loads(self.files["broker/streams.json"])
        watcher = [each for each in streams["streams"] if each["client_id"] == "watcher"]
        self.assertEqual({each["peer"] for each in watcher}, {"ipv4:127.0.x.x"})

    def test_the_manifest_says_what_is_in_it_and_what_never_is(self):
        manifest = self.files["MANIFEST.txt"].decode()
        for name in self.files:
            self.assertTrue(name == "MANIFEST.txt" or name in manifest, name)
        for word in ("Never in it", "records", "environment", "redacted"):
            self.assertIn(word, manifest)
        help_text = self.broker.qalam("debug", "bundle", "--help").stdout.decode()
        for word in ("Never in it", "records", "environments", "redacted", "MANIFEST.txt"):
            self.assertIn(word, help_text)
        self.assertNotIn(os.uname().nodename.encode(), self.files["machine/kernel.txt"].split(b"\n")[0].split())

    def test_it_is_for_its_owner_only_and_replaces_nothing(self):
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        before = self.path.read_bytes()
        again = self.broker.qalam("debug", "bundle", self.path, check=False)
        self.assertEqual(again.returncode, 2, again.stderr)
        self.assertEqual(self.path.read_bytes(), before)
        nowhere = self.broker.qalam("debug", "bundle", self.base / "no/such/x.tar.gz", "--interval", "1ms", check=False)
        self.assertEqual(nowhere.returncode, 4, nowhere.stderr)
        missing = self.broker.qalam("debug", "bundle", self.base / "y.tar.gz", "--data-dir", self.base / "none", check=False)
        self.assertEqual(missing.returncode, 4, missing.stderr)
        self.assertFalse((self.base / "y.tar.gz").exists())

    def test_stdout_and_tar_of_the_system(self):
        data = self.broker.qalam("debug", "bundle", "-", "--interval", "1ms").stdout
        listed = subprocess.run(["tar", "-tzf", "-"], input=data, capture_output=True, check=True).stdout.decode()
        self.assertRegex(listed, r"(?m)^qalam-bundle-\d{8}T\d{6}Z/MANIFEST.txt$")

    def test_without_a_broker_it_has_the_rest_and_says_what_is_missing(self):
        with temporary_directory() as base:
            with Broker(base / "data") as broker:
                broker.qalam("topic", "create", "orders", "-p", 1)
            epoch = re.search(r"owner.epoch=(\d+)", (base / "data/meta.properties").read_text()).group(1)
            done = subprocess.run([tool("qalam"), "--dir", base / "data", "--timeout", "1s", "debug", "bundle", base / "b.tar.gz"],
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"missing: broker/", done.stderr)
            files = files_of((base / "b.tar.gz").read_bytes())
            self.assertIn("directory/listing.txt", files)
            self.assertIn(b"Could not be had", files["MANIFEST.txt"])
            # Looking at a directory must not make us its owner.
            self.assertIn(f"owner.epoch={epoch}", (base / "data/meta.properties").read_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
