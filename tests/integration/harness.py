"""Real brokers and the real command line, for the integration tests.

Nothing here is imported from the product: brokers are processes, clients are `qalam` processes. Every test
runs on a disk (never tmpfs), listens on loopback with ports chosen by the kernel, and ends only processes
that it started itself.
"""
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ.get("QALAM_TEST_BIN", "build/release"))
PORT_IN_USE = 69  # qalamd's exit code.
PORT_PATIENCE_S = 3.0


def tool(name):
    """Path of a built program: qalam or qalamd."""
    for candidate in (BIN / name, BIN / "client/cli" / name, BIN / "broker/node" / name, BIN / "bin" / name):
        if candidate.is_file():
            return str(candidate)
    raise SystemExit(f"harness: no {name} below {BIN}; set QALAM_TEST_BIN to the build directory")


def file_system_of(path):
    best = ("", "?")
    for line in open("/proc/mounts", encoding="utf-8"):
        _, mount, kind, *_ = line.split()
        if str(path).startswith(mount.rstrip("/") + "/") or mount == "/":
            if len(mount) >= len(best[0]):
                best = (mount, kind)
    return best[1]


@contextlib.contextmanager
def temporary_directory():
    base = pathlib.Path(os.environ.get("QALAM_TEST_TMP", "/var/tmp"))
    if file_system_of(base) in ("tmpfs", "ramfs"):
        raise SystemExit(f"harness: {base} is {file_system_of(base)}: a durability test there proves nothing")
    path = tempfile.mkdtemp(prefix="qalam-test-", dir=base)
    try:
        yield pathlib.Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Broker:
    """One qalamd on one data directory. start() after stop() or kill() takes the same port again."""

    def __init__(self, data_dir, settings=(), port=0, arguments=(), environment=None):
        self.data_dir = pathlib.Path(data_dir)
        self.settings = list(settings)
        self.arguments = list(arguments)
        self.environment = environment or {}  # Beside our own.
        self.port = port
        self.http_port = None  # Another one after each start.
        self.process = None
        self.ready_seconds = None
        self.log_path = self.data_dir.parent / (self.data_dir.name + ".log")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, timeout=30.0, first=None):
        port_file = self.data_dir.parent / (self.data_dir.name + ".port")
        port_file.unlink(missing_ok=True)
        command = [tool("qalamd"), "--data-dir", str(self.data_dir), "--listen", self.address,
                   "--set", "qalam.http.listeners=127.0.0.1:0", "--port-file", str(port_file), *self.arguments]
        for setting in self.settings:
            command += ["--set", setting]
        log = open(self.log_path, "ab")
        begun = first or time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        start_new_session=True, env={**os.environ, **self.environment})
        log.close()
        while not port_file.exists():
            code = self.process.poll()
            # Between two starts somebody's connection may have been given our port; it is free again in a moment.
            if code == PORT_IN_USE and self.port and time.monotonic() - begun < PORT_PATIENCE_S:
                time.sleep(0.05)
                return self.start(timeout, begun)
            if code is not None:
                raise AssertionError(f"qalamd ended with {code} before it was ready:\n{self.log_tail()}")
            if time.monotonic() - begun > timeout:
                raise AssertionError(f"qalamd not ready in {timeout} s:\n{self.log_tail()}")
            time.sleep(0.002)
        self.ready_seconds = time.monotonic() - begun
        ports = dict(re.findall(r"(\w+)=\S*:(\d+)", port_file.read_text()))
        self.port = int(ports["grpc"])
        self.http_port = int(ports["http"])
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=40.0):
        """SIGTERM; returns the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def rss_mib(self, field="VmRSS"):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", text).group(1)) / 1024

    def log_tail(self, lines=30):
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind is not None:
            print(f"--- end of the broker's log\n{self.log_tail()}", file=sys.stderr)
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    # --- the command line against this broker ---

    def qalam_command(self, *arguments):
        return [tool("qalam"), "-b", self.address, *map(str, arguments)]

    def qalam(self, *arguments, stdin=None, check=True, timeout=120):
        """Runs `qalam`; returns the finished process with bytes in stdout and stderr."""
        done = subprocess.run(self.qalam_command(*arguments), input=stdin, capture_output=True,
                              stdin=None if stdin is not None else subprocess.DEVNULL, timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"qalam {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                                 f"{done.stderr.decode(errors='replace')}\n{self.log_tail()}")
        return done

    def qalam_json(self, *arguments, **options):
        return json.loads(self.qalam(*arguments, "-o", "json", **options).stdout)

    def read_all(self, topic, partition):
        """Every record of a partition as (offset, key bytes, value bytes), by `qalam consume`."""
        out = self.qalam("consume", f"{topic}:{partition}", "--from", "start", "-e",
                         "--format", "%o %K %V ".replace(" ", "\\x20") + "%k%v", timeout=300).stdout
        return list(parse_sized(out))


def parse_sized(data):
    """Parses the output of --format '%o %K %V %k%v': lengths first, so that any bytes may follow."""
    at = 0
    while at < len(data):
        head = []
        for _ in range(3):
            end = data.index(b" ", at)
            head.append(int(data[at:end]))
            at = end + 1
        offset, key_bytes, value_bytes = head
        key = data[at:at + max(key_bytes, 0)]
        at += max(key_bytes, 0)
        value = data[at:at + max(value_bytes, 0)]
        at += max(value_bytes, 0)
        yield offset, key, value


def seed_from_arguments():
    """A seed that replays a run: QALAM_TEST_SEED or a fresh one; printed either way."""
    seed = int(os.environ.get("QALAM_TEST_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed} (repeat with QALAM_TEST_SEED={seed})", flush=True)
    return seed


def raise_descriptor_limit(wanted=16384):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return soft


class Checks:
    """Counts what held and what did not; the last line is `N passed, N failed`."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, held, what):
        print(("ok    " if held else "FAIL  ") + what, flush=True)
        if held:
            self.passed += 1
        else:
            self.failed += 1
        return held

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(0 if self.failed == 0 and self.passed > 0 else 1)
