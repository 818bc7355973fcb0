"""What the rows share: the build, the directories, the servers, and that only one of them runs at a time."""
import functools
import pathlib
import shutil
import subprocess

from benchmark.machine import file_system_of
from benchmark.runner import say
from benchmark.servers import Failed, Kafka, Nats, Qalam, Redis, run

KAFKA_WARM_UP_RECORDS = 5_000_000


class Bench:
    """One run of scripts/bench."""

    def __init__(self, root, build, work, peers, quick=False, big=False):
        self.root = pathlib.Path(root)
        self.build = pathlib.Path(build)
        self.work = pathlib.Path(work)
        self.peers = pathlib.Path(peers)
        self.quick = quick
        self.big = big
        self.servers = []  # All that were started in this row, and Kafka.
        self.kafka_server = None
        self.data_directories = 0
        if file_system_of(self.work) in ("tmpfs", "ramfs"):
            raise SystemExit(f"bench: {self.work} is {file_system_of(self.work)}: no disk, no durability; see --work")

    def records(self, full):
        """How many records a sample has: a quick one a quarter of them."""
        return full // 4 if self.quick else full

    # --- programs ---

    @functools.cached_property
    def kafka_load(self):
        """tests/bench/peers/kafka_load, built when it is older than its sources."""
        return self.compile("kafka_load", ["kafka_load.cc", "kafka_client.cc"], ["-lrdkafka"])

    @functools.cached_property
    def kafka_raw(self):
        """tests/bench/peers/kafka_raw: many connections, without a client library."""
        return self.compile("kafka_raw", ["kafka_raw.cc", self.root / "common/crc32c.cc"], [])

    @functools.cached_property
    def redis_read(self):
        """tests/bench/peers/redis_read: a stream from its start."""
        return self.compile("redis_read", ["redis_read.cc"], [])

    @functools.cached_property
    def pauses(self):
        """tests/bench/peers/pauses: how often the machine itself stands still."""
        return self.compile("pauses", ["pauses.cc"], [])

    @functools.cached_property
    def callers_wall(self):
        """tests/bench/peers/callers_wall: threads, one write and one sync for all who wait."""
        return self.compile("callers_wall", ["callers_wall.cc", self.root / "common/one_shot_event.cc",
                                             self.root / "common/futex.cc"], [])

    @functools.cached_property
    def qalam_load(self):
        """tests/bench/peers/qalam_load, against the shared library of the build."""
        library = self.build.resolve() / "client"
        if not (library / "libqalam-client.so").exists():
            raise Failed(f"no libqalam-client.so in {library}; run scripts/build release")
        return self.compile("qalam_load", ["qalam_load.cc"],
                            [f"-I{self.root}/client/include", f"-L{library}", "-lqalam-client",
                             f"-Wl,-rpath,{library}"])

    def compile(self, name, sources, flags):
        folder = self.root / "tests/bench/peers"
        program = self.peers / name
        newest = max(path.stat().st_mtime for path in folder.iterdir())
        if not program.exists() or program.stat().st_mtime < newest:
            say(f"building {name}")
            program.parent.mkdir(parents=True, exist_ok=True)
            run(["g++", "-std=c++20", "-O2", f"-I{self.root}", *(folder / source for source in sources), "-o", program,
                 *flags, "-pthread"])
        return program

    @functools.lru_cache(maxsize=None)
    def qalam_lacks(self, word, *verb, build=None):
        """None if `qalam VERB... --help` has the word, else why what needs it is skipped."""
        shown = subprocess.run([Qalam.program(build or self.build, "qalam"), *verb, "--help"], capture_output=True,
                               text=True, check=False).stdout
        return None if word in shown else f"qalam {' '.join(verb)} of this build has no {word}"

    # --- servers ---

    def use(self, server):
        """Only `server` runs from now on."""
        for other in self.servers:
            if other is not server:
                other.hold()
        if server is not None:
            if server not in self.servers:
                self.servers.append(server)
            server.resume()
        return server

    def qalam(self, *settings, build=None):
        """A qalamd on a directory of its own, not started yet."""
        self.data_directories += 1
        data = self.work / f"qalam-{self.data_directories}"
        shutil.rmtree(data, ignore_errors=True)
        server = Qalam(build or self.build, data, settings)
        self.servers.append(server)
        return server

    def kafka(self):
        """The one Kafka of this run, warm."""
        if self.kafka_server is None:
            self.kafka_server = self.new_kafka()
            self.use(self.kafka_server)
            say("kafka: warming up")
            self.kafka_server.warm_up(KAFKA_WARM_UP_RECORDS, self.kafka_raw)
        return self.use(self.kafka_server)

    def new_kafka(self, patient=True):
        peer = self.fresh(Kafka(self.peers / "kafka", patient))
        peer.load_program = self.kafka_load  # Built with the library that installing it brought.
        return peer

    def redis(self, durable=True):
        return self.fresh(Redis(self.peers / "redis", durable))

    def nats(self, durable=True):
        return self.fresh(Nats(self.peers / "nats", durable))

    def fresh(self, peer):
        """Installed, and without what an earlier run left."""
        peer.install()
        peer.remove()
        self.servers.append(peer)
        return peer

    def end_row(self):
        """Kafka stays, held still, as warming it up takes long; the others go."""
        for server in [server for server in self.servers if server is not self.kafka_server]:
            self.end(server)
        if self.kafka_server is not None:
            self.kafka_server.hold()

    def end(self, server):
        if server in self.servers:
            self.servers.remove(server)
        server.remove()

    def end_kafka(self):
        if self.kafka_server is not None:
            self.end(self.kafka_server)
            self.kafka_server = None

    def close(self):
        for server in list(self.servers):
            try:
                self.end(server)
            except (Failed, OSError) as failure:
                say(f"{server.name}: {failure}")
        self.kafka_server = None


def cpu_us(server, records, measure):
    """Runs `measure`, and says what CPU time the server used for each of its records."""
    before = server.cpu_seconds()
    result = measure()
    return result, (server.cpu_seconds() - before) / max(records(result), 1) * 1e6


