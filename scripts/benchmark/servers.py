"""The servers that are compared. All listen on loopback, and are ended by their process id."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from benchmark import processes

RECIPES = pathlib.Path(__file__).resolve().parent.parent / "peers"


class Failed(Exception):
    """A side could not be measured; the text says why."""


def run(command, timeout=600, **options):
    """Output of a command that has to succeed."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, **options)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{pathlib.Path(str(command[0])).name} took more than {timeout} s") from late
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise Failed(f"{' '.join(str(word) for word in command)[:200]} ended with {done.returncode}: {' '.join(said)}")
    return done.stdout


def timed(command):
    """Seconds that a command took, which has to succeed; its output goes to /dev/null."""
    begun = time.monotonic()
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))[:120]} ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return time.monotonic() - begun


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


class Server:
    """One server process on one data directory. Held still (SIGSTOP) while another one is measured."""

    name = "?"

    def __init__(self):
        self.pid = None
        self.held = False

    def resume(self):
        if self.pid is None:
            self.start()
        elif self.held:
            processes.let_go(self.pid)
            self.held = False

    def hold(self):
        if self.pid is not None and not self.held:
            processes.hold(self.pid)
            self.held = True

    def cpu_seconds(self):
        return processes.cpu_seconds(self.pid)

    def memory_mib(self, field="VmRSS"):
        return processes.memory_mib(self.pid, field)


class Qalam(Server):
    """qalamd of one build, with the `qalam` beside it."""

    name = "qalam"

    def __init__(self, build, data, settings=()):
        super().__init__()
        self.build = pathlib.Path(build)
        self.data = pathlib.Path(data)
        # Deleted topics give their space back at once, so that samples don't pile up.
        self.settings = ["log.segment.delete.delay.ms=0", *settings]
        self.port = 0
        self.process = None
        self.first_answer_ms = None
        self.topics = 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @staticmethod
    def program(build, name):
        for folder in ("client/cli", "broker/node", "bin", "."):
            path = pathlib.Path(build) / folder / name
            if path.is_file():
                return str(path)
        raise Failed(f"no {name} below {build}; run scripts/build release")

    def start(self):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        port_file = self.data.with_suffix(".port")
        port_file.unlink(missing_ok=True)
        command = [self.program(self.build, "qalamd"), "--data-dir", str(self.data), "--listen", self.address,
                   "--port-file", str(port_file)]
        for setting in self.settings:
            command += ["--set", setting]
        with open(self.data.with_suffix(".log"), "ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        while not port_file.exists():
            if self.process.poll() is not None:
                raise Failed(f"qalamd ended with {self.process.returncode}, see {self.data.with_suffix('.log')}")
            if time.monotonic() - begun > 120:
                raise Failed("qalamd was not ready within 120 s")
            time.sleep(0.001)
        self.port = int(re.search(r"grpc=\S*:(\d+)", port_file.read_text(encoding="utf-8")).group(1))
        self.await_http2()
        self.first_answer_ms = (time.monotonic() - begun) * 1000
        self.pid = self.process.pid
        self.held = False

    def await_http2(self):
        """Its first answer: the SETTINGS frame of HTTP/2, after ours."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            if len(connection.recv(9)) == 0:
                raise Failed("qalamd closed its first connection")

    def stop(self, with_signal=signal.SIGTERM):
        if self.pid is None:
            return
        self.resume()
        self.process.send_signal(with_signal)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.pid = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.with_suffix(".port").unlink(missing_ok=True)

    def command(self, *arguments):
        return [self.program(self.build, "qalam"), "-b", self.address, *(str(word) for word in arguments)]

    def qalam(self, *arguments, **options):
        return run(self.command(*arguments), **options)

    def bench(self, *arguments):
        return last_json(self.qalam("bench", *arguments, "-o", "json"))

    def new_topic(self, partitions=1, durable=True):
        self.topics += 1
        topic = f"t{self.topics}"
        flush = () if durable else ("--config", "qalam.flush=os")
        self.qalam("topic", "create", topic, "-p", partitions, *flush)
        return topic

    def delete_topic(self, topic):
        self.qalam("topic", "delete", topic, "--yes")


class Peer(Server):
    """A server that a recipe in scripts/peers installs, starts and stops."""

    recipe = "?"

    def __init__(self, directory, settings=()):
        super().__init__()
        self.directory = pathlib.Path(directory)
        self.settings = list(settings)
        self.first_answer_ms = None
        self.topics = 0

    def recipe_command(self, verb, *arguments):
        return ["bash", str(RECIPES / self.recipe), verb, str(self.directory), *(str(word) for word in arguments)]

    def install(self):
        run(self.recipe_command("install"), timeout=3600)

    def start(self):
        # A recipe leaves the server behind, which must not keep our pipe open: its output goes to a file.
        answer = self.directory / "start.out"
        with open(answer, "wb") as out:
            code = subprocess.run(self.recipe_command("start", *self.settings), stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=out, check=False).returncode
        said = answer.read_text(encoding="utf-8", errors="replace")
        found = re.search(r"pid=(\d+) port=\d+ ready_ms=(\d+)", said)
        if code != 0 or not found:
            raise Failed(f"{self.name} did not start: {said.strip()[-300:]}")
        self.pid = int(found.group(1))
        self.first_answer_ms = float(found.group(2))
        self.held = False

    def stop(self, with_signal=signal.SIGTERM):
        run(self.recipe_command("stop", with_signal.name[3:]), timeout=120)
        self.pid = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory / "data", ignore_errors=True)

    def tool(self, *arguments, **options):
        return run(self.recipe_command("tool", *arguments), **options)


class Kafka(Peer):
    name = "kafka"
    recipe = "kafka.sh"
    address = "127.0.0.1:19092"

    def __init__(self, directory, patient=True):
        settings = ["log.segment.delete.delay.ms=0", "auto.create.topics.enable=false"]
        if patient:
            # Held still for minutes, it must not give itself up; but once killed it could not come back either.
            settings.append("broker.session.timeout.ms=3600000")
        super().__init__(directory, settings)
        self.load_program = None

    def load(self, mode, program=None, **options):
        """kafka_load, or another program like it; in_flight=5 becomes --in-flight 5."""
        command = [program or self.load_program, mode, "--brokers", self.address]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), value]
        text = run(command)
        return last_json(text) if text.strip() else None

    def new_topic(self, partitions=1, durable=True):
        self.topics += 1
        topic = f"t{os.getpid()}-{self.topics}"
        config = "file.delete.delay.ms=0" + (",flush.messages=1" if durable else "")
        self.load("create", topic=topic, partitions=partitions, config=config)
        return topic

    def delete_topic(self, topic):
        self.load("delete", topic=topic)

    def warm_up(self, records, connections_program):
        """Its compiler needs some millions of records before it is as fast as it gets, and many thousand syncs, too:
        over the first seconds of them the CPU for each falls to a fifth."""
        topic = self.new_topic(durable=False)
        self.load("produce", topic=topic, records=records)
        self.load("consume", topic=topic)
        self.load("callers", topic=topic, producers=8, seconds=3)
        self.load("rate", topic=topic, rate=20_000, records=80_000, in_flight=1)
        self.delete_topic(topic)
        topic = self.new_topic(durable=True)
        self.load("produce", connections_program, topic=topic, connections=64, seconds=12)
        self.delete_topic(topic)


class Redis(Peer):
    name = "redis"
    recipe = "redis.sh"
    address = "127.0.0.1:16379"

    def __init__(self, directory, durable=True):
        # Without rewriting its file in the background, which would cost it in the middle of a sample.
        super().__init__(directory, ["appendfsync=" + ("always" if durable else "everysec"),
                                     "auto-aof-rewrite-percentage=0"])

    def benchmark(self, *arguments):
        """Requests a second of redis-benchmark."""
        text = self.tool("redis-benchmark", "--csv", *arguments)
        return float(text.strip().splitlines()[-1].split('","')[1].strip('"'))

    def cli(self, *arguments):
        return self.tool("redis-cli", *arguments).strip()


class Nats(Peer):
    name = "nats"
    recipe = "nats.sh"

    def __init__(self, directory, durable=True):
        super().__init__(directory, ["sync_interval=always"] if durable else [])

    def benchmark(self, *arguments):
        """Records a second of `nats bench js`."""
        text = self.tool("bench", "js", *arguments, "--no-progress")
        rates = re.findall(r"aggregated stats: ([\d,]+) msgs/sec", text) or re.findall(r"([\d,]+) msgs/sec", text)
        if not rates:
            raise Failed(f"nats bench said no rate: {text[-200:]}")
        return float(rates[-1].replace(",", ""))
