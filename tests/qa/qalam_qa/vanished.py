"""Peers that vanish without a word: a cable pulled under clients that produce, tail and wait.

Broker and clients live in two network namespaces, joined by a virtual cable. When it is cut nobody gets a FIN or a
RST: the broker has to notice by itself, within a minute, and to let go of the connections, their descriptors and the
readers that wait. Needs root and `ip`.
"""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from qalam_qa import programs
from qalam_qa.programs import harness

FREED_S_MAX = 60
CLIENTS = 30
SKIPPED = 77
BROKER_IP, CLIENT_IP = "192.0.2.1", "192.0.2.2"  # Of the range for examples.


def add_arguments(parser):
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"of each kind (default {CLIENTS})")


def run(args, report):
    if os.geteuid() != 0 or shutil.which("ip") is None:
        print("qalam-qa vanished: needs root and ip(8); skipped", file=sys.stderr)
        sys.exit(SKIPPED)
    name = f"qqa{os.getpid()}"
    with harness.temporary_directory() as tmp, two_namespaces(name, report):
        trial(tmp, name, args.clients, report)


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


@contextlib.contextmanager
def two_namespaces(name, report):
    try:
        for end in ("b", "c"):
            ip("netns", "add", name + end)
            ip("-n", name + end, "link", "set", "lo", "up")
    except subprocess.CalledProcessError as error:
        print(f"qalam-qa vanished: no network namespaces ({error.stderr.strip()}); skipped", file=sys.stderr)
        ip("netns", "del", name + "b", check=False)
        sys.exit(SKIPPED)
    try:
        ip("link", "add", name + "b", "netns", name + "b", "type", "veth", "peer", "name", name + "c", "netns", name + "c")
        for end, address in (("b", BROKER_IP), ("c", CLIENT_IP)):
            ip("-n", name + end, "address", "add", address + "/24", "dev", name + end)
            ip("-n", name + end, "link", "set", name + end, "up")
        yield
    finally:
        for end in ("b", "c"):
            ip("netns", "del", name + end, check=False)


def trial(tmp, name, clients, report):
    port_file = tmp / "port"
    broker = subprocess.Popen(
        ["ip", "netns", "exec", name + "b", harness.tool("qalamd"), "--data-dir", str(tmp / "data"), "--listen", f"{BROKER_IP}:0",
         "--allow-insecure", "--set", "qalam.http.listeners=127.0.0.1:0", "--port-file", str(port_file)],
        stderr=open(tmp / "log", "wb"), stdin=subprocess.DEVNULL)
    client = None
    try:
        until = time.monotonic() + 20
        while not port_file.exists():
            if broker.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"qalamd is not ready: {(tmp / 'log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        ports = dict(re.findall(r"(\w+)=\S*:(\d+)", port_file.read_text()))
        before = sockets(broker)
        client = subprocess.Popen(
            ["ip", "netns", "exec", name + "c", sys.executable, "-B", "-c", CLIENT, str(programs.SOURCE / "tests" / "qa"),
             f"{BROKER_IP}:{ports['grpc']}", str(clients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = client.stdout.readline().strip()
        during, parked = sockets(broker), parked_readers(name, ports["http"])
        report.check(line == "ready" and during >= before + 3 * clients, f"{during - before} connections of {3 * clients} clients")
        report.check(parked >= 2 * clients, f"{parked} readers wait")
        ip("-n", name + "c", "link", "set", name + "c", "down")
        cut = time.monotonic()
        while time.monotonic() < cut + 2 * FREED_S_MAX:
            if sockets(broker) <= before and parked_readers(name, ports["http"]) == 0:
                break
            time.sleep(0.5)
        took = time.monotonic() - cut
        report.check(took <= FREED_S_MAX, f"all is let go of {took:.0f} s after the cable was cut (at most {FREED_S_MAX} s); left: "
                     f"{sockets(broker) - before} sockets, {parked_readers(name, ports['http'])} readers")
        report.figure("seconds until everything of vanished peers was freed", round(took))
        begun = time.monotonic()
        broker.terminate()
        report.check(broker.wait(30) == 0, f"a clean stop, {time.monotonic() - begun:.1f} s")
    finally:
        for process in (client, broker):
            if process and process.poll() is None:
                process.kill()
                process.wait()


def sockets(broker):
    """How many the broker has open; files come and go by themselves. `ip netns exec` becomes the broker."""
    folder = pathlib.Path("/proc") / str(broker.pid) / "fd"
    count = 0
    for entry in os.listdir(folder):
        with contextlib.suppress(OSError):
            count += os.readlink(folder / entry).startswith("socket:")
    return count


def parked_readers(name, port):
    script = f"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:{port}/metrics', timeout=5).read().decode())"
    text = subprocess.run(["ip", "netns", "exec", name + "b", sys.executable, "-c", script], capture_output=True, text=True,
                          check=True).stdout
    return int(float(re.search(r"^qalam_parked_readers (\S+)", text, re.MULTILINE).group(1)))


# In the other namespace: clients of three kinds, then nothing more until it is killed.
CLIENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from qalam_qa.independent import Independent
address, count = sys.argv[2], int(sys.argv[3])
kept = [Independent(address) for _ in range(3 * count)]
producers, tails, waiters = kept[:count], kept[count:2 * count], kept[2 * count:]
kept[0].call("TopicService", "CreateTopic", name="t", partitions_count=1)
for client in producers:
    client.call("LogService", "Append", topic="t", partition=0, records=[{"value": b"x"}])
for client in tails:
    request, tail = client.method("LogService", "Tail")
    kept.append(tail(request(topic="t", partition=0, offset=count)))
for client in waiters:
    request, fetch = client.method("LogService", "Fetch")
    kept.append(fetch.future(request(topic="t", partition=0, offset=count, max_wait_ms=600000), timeout=600))
time.sleep(1)
print("ready", flush=True)
time.sleep(600)
"""
