"""The hand-overs of owners of a directory, on real processes: for owner_test.py and `qalam-qa owner`."""
import json
import math
import os
import signal
import subprocess
import time

import owner_history
from harness import Broker, tool
from owner_load import FORMAT, TOPIC, Producer, Tail, owner_epoch, owner_pid, run

WITHOUT_OWNER_P99_S = 1.0
PAUSE_P99_S = 0.2
PROXIES_MAX = 16


def wait_for(condition, what, timeout=30.0):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.002)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def newest_ack(producers):
    return max((p.acks[-1][0] for p in producers if p.acks), default=0.0)


def first_ack_after(producers, moment):
    times = [ack[0] for p in producers for ack in p.acks[-200:] if ack[0] > moment]
    return min(times, default=None)


class Steps:
    """When, after a moment, somebody else had the lock, when its socket was there, when it acknowledged a record."""

    def __init__(self, company, pid):
        self.company = company
        self.pid = pid
        self.socket = self.inode()
        # What the old owner acknowledged may be read only after its end.
        self.epoch = max(ack[2] for p in company.producers for ack in p.acks[-1:])
        self.at = time.monotonic()
        self.locked = self.serving = self.acked = None

    def inode(self):
        try:
            return os.stat(self.company.directory / "qalam.sock").st_ino
        except FileNotFoundError:
            return None

    def done(self):
        now = time.monotonic() - self.at
        if self.locked is None and owner_pid(self.company.directory) not in (self.pid, 0):
            self.locked = now
        if self.locked is not None and self.serving is None and self.inode() not in (self.socket, None):
            self.serving = now
        acks = [ack[0] for p in self.company.producers for ack in p.acks[-200:] if ack[2] > self.epoch]
        self.acked = min(acks) - self.at if acks else None
        return self.acked is not None

    def __str__(self):
        return ", ".join(f"{name} {'?' if at is None else round(at * 1000)} ms" for name, at in
                         (("locked", self.locked), ("serving", self.serving), ("acknowledged", self.acked)))


class Company:
    """The processes on one directory, those that are gone, and who owned it when."""

    def __init__(self, directory, rng):
        self.directory = directory
        self.rng = rng
        self.producers = []
        self.gone = []
        self.tails = []
        self.owners = {}  # Epoch -> pid.
        self.kills = []
        self.gone_tails = []
        self.next_number = 0
        run(directory, "topic", "create", TOPIC, "-p", 1)

    def hire(self, count):
        while len(self.producers) < count:
            rate = max(20, 1500 // count)
            self.producers.append(Producer(self.directory, self.next_number, rate))
            self.next_number += 1

    def tail(self):
        self.tails.append(Tail(self.directory))

    def settle(self):
        """Everybody is acknowledged; who owns the directory is noted."""
        wait_for(lambda: all(p.acks for p in self.producers), "every producer has an acknowledgement")
        seen = [0, 0]

        def consistent():
            # A new owner has the lock before its name is there, and its name before its epoch.
            seen[:] = owner_pid(self.directory), owner_epoch(self.directory)
            ours = any(member.process.pid == seen[0] for member in (*self.producers, *self.tails))
            return ours and self.owners.get(seen[1], seen[0]) == seen[0]

        wait_for(consistent, "one of ours owns the directory, in an epoch of its own", timeout=5)
        self.owners[seen[1]] = seen[0]
        return seen[0]

    def end_of(self, pid):
        """Takes whoever has `pid` off the lists."""
        for producer in self.producers:
            if producer.process.pid == pid:
                self.producers.remove(producer)
                self.gone.append(producer)
                return producer
        for tail in self.tails:
            if tail.process.pid == pid:
                self.tails.remove(tail)
                self.gone_tails.append(tail)
                return tail
        raise AssertionError(f"process {pid} owns the directory and is none of ours")


def kills(company, count, check, slack):
    without = []
    slowest = (0.0, "")
    for number in range(count):
        company.hire(company.rng.randint(2, PROXIES_MAX + 1) if number % 5 == 0 else len(company.producers) or 4)
        if not company.tails:
            company.tail()
        pid = company.settle()
        time.sleep(company.rng.uniform(0.0, 0.15))
        owner = company.end_of(pid)
        if not company.producers:
            company.hire(2)
            wait_for(lambda: all(p.acks for p in company.producers), "the new ones are acknowledged")
        # What was acknowledged by the one that dies may still be read from its pipe: it is off the list.
        steps = Steps(company, pid)
        company.kills.append(time.monotonic())
        owner.process.send_signal(signal.SIGKILL)
        wait_for(steps.done, f"an acknowledgement after kill {number}")
        owner.process.wait()
        without.append(steps.acked)
        slowest = max(slowest, (steps.acked, str(steps)))
        if isinstance(owner, Producer):
            owner.kill()
        else:
            check(owner.gapless(), f"the tail that was killed had read {len(owner.records)} records without a gap")
        if len(company.producers) < 2:
            company.hire(4)
    p99 = quantile(without, 0.99)
    check(len(company.owners) >= count, f"{count} kills, {len(company.owners)} owners, each with its own epoch")
    check(p99 <= WITHOUT_OWNER_P99_S * slack,
          f"time without owner: median {quantile(without, 0.5) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, "
          f"max {max(without) * 1000:.0f} ms (promised: p99 {WITHOUT_OWNER_P99_S * 1000:.0f} ms); the slowest: {slowest[1]}")


def graceful(company, count, check, slack):
    pauses = []
    clean = 0
    for number in range(count):
        company.hire(5)
        pid = company.settle()
        time.sleep(company.rng.uniform(0.02, 0.1))
        owner = company.end_of(pid)
        begun = time.monotonic()
        if isinstance(owner, Producer):
            clean += owner.finish() == 0
        else:
            owner.end()
            clean += owner.gapless()
            company.tail()
        wait_for(lambda: owner_pid(company.directory) not in (pid, 0), f"a new owner after hand-over {number}")
        time.sleep(0.3)
        # The longest time without any acknowledgement around the hand-over.
        times = sorted(a[0] for p in company.producers for a in p.acks if a[0] > begun - 0.05)
        pauses.append(max((b - a for a, b in zip(times, times[1:])), default=99.0))
    p99 = quantile(pauses, 0.99)
    check(clean == count, f"{clean} of {count} owners that ended by themselves saw no error")
    check(p99 <= PAUSE_P99_S * slack,
          f"pause of a graceful hand-over: median {quantile(pauses, 0.5) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, "
          f"max {max(pauses) * 1000:.0f} ms (promised: p99 {PAUSE_P99_S * 1000:.0f} ms)")


def stopped(company, check):
    company.hire(3)
    pid = company.settle()
    epoch = owner_epoch(company.directory)
    company.owners[epoch] = pid
    impatient = Producer(company.directory, "impatient", 20, timeout_ms=500)
    wait_for(lambda: impatient.acks, "the impatient one is acknowledged")
    stop_at = time.monotonic()
    for process in [p.process for p in company.producers] + [t.process for t in company.tails]:
        if process.pid == pid:
            process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    late = run(company.directory, "--timeout", "1s", "topic", "list", check=False)
    took = time.monotonic() - begun
    text = late.stderr.decode()
    check(late.returncode == 3 and "UNREACHABLE" in text and str(pid) in text and took < 3,
          f"a newcomer gives up after {took:.1f} s and names the owner that is stopped: {text.splitlines()[:1]}")
    code = impatient.process.wait(30)
    check(code in (6, 7), f"a producer with a deadline of 500 ms ends with {code}: {impatient.errors.splitlines()[:1]}")
    impatient.stopping.set()
    check(owner_pid(company.directory) == pid and owner_epoch(company.directory) == epoch,
          "nobody took over from an owner that is stopped")
    quiet = first_ack_after(company.producers, stop_at + 0.3)
    check(quiet is None, "nothing is acknowledged meanwhile")
    for process in [p.process for p in company.producers] + [t.process for t in company.tails]:
        if process.pid == pid:
            process.send_signal(signal.SIGCONT)
    again = time.monotonic()
    wait_for(lambda: first_ack_after(company.producers, again) is not None, "acknowledgements after SIGCONT")
    check(True, f"goes on {(first_ack_after(company.producers, again) - again) * 1000:.0f} ms after SIGCONT")
    return impatient


def judge(company, extra, check):
    """Reads everything back, and compares it with what everybody was told."""
    for tail in company.tails:
        check(tail.gapless(), f"a tail read {len(tail.records)} records without a gap over every hand-over")
    survivors = list(company.producers)
    codes = [p.finish() for p in survivors]
    check(set(codes) <= {0}, f"{len(codes)} producers that were never killed ended with {sorted(set(codes))}"
          + "".join(f"\n{p.errors}" for p, code in zip(survivors, codes) if code))
    for tail in company.tails:
        tail.end()
    begun = time.monotonic()
    out = run(company.directory, "consume", f"{TOPIC}:0", "--from", "start", "-e", "--format", FORMAT, timeout=300).stdout
    records = [line.split() for line in out.splitlines()]
    readback = (begun, time.monotonic(), records)
    check(all(int(r[0]) == i for i, r in enumerate(records)), f"{len(records):,} records, offsets dense from 0")
    numbers = {}
    for _, key, value, _ in records:
        numbers.setdefault(key.decode(), []).append(int(value))
    ordered = all(n == sorted(set(n)) for n in numbers.values())
    check(ordered, f"nothing twice, and in order, from each of {len(numbers)} producers")
    check(all(numbers[f"p{p.number}"] == list(range(p.sent)) for p in survivors),
          "everything that they were fed is there from those that were never killed")
    acked = lost = 0
    for producer in survivors + company.gone + extra:
        for i, (_, offset, _) in enumerate(producer.acks):
            acked += 1
            if offset >= 0:
                lost += not (offset < len(records) and records[offset][1:3] ==
                             [f"p{producer.number}".encode(), str(i).encode()])
            else:
                lost += i not in set(numbers[f"p{producer.number}"])
    check(acked > 0 and lost == 0, f"{acked:,} acknowledged, {lost} not at their offset")
    for tail in company.tails:
        check(tail.records == records[:len(tail.records)], "the tail read what is there")
    if owner_history.checker():
        passed, said = owner_history.judge(company.directory, survivors + company.gone + extra,
                                           company.tails + company.gone_tails, company.kills, readback)
        check(passed, f"qalam-qa-check agrees: {said}")


def second_start(directory, *arguments):
    return subprocess.run([tool("qalamd"), "--data-dir", str(directory), "--listen", "127.0.0.1:0", *arguments],
                          capture_output=True, text=True, timeout=30, check=False)


def take_over(company, check):
    """A daemon takes the directory from a library, and back."""
    company.hire(4)
    company.settle()
    in_use = second_start(company.directory)
    check(in_use.returncode == 75 and str(owner_pid(company.directory)) in in_use.stderr and
          "qalam.sock" in in_use.stderr, f"a second start ends with 75 and says: {in_use.stderr.splitlines()[:1]}")
    joined = second_start(company.directory, "--join")
    address = next((line.split()[1] for line in joined.stdout.splitlines() if line.startswith("serves ")), "")
    listed = subprocess.run([tool("qalam"), "-b", address or "127.0.0.1:1", "topic", "list", "-o", "json"],
                            capture_output=True, timeout=30, check=False)
    check(joined.returncode == 0 and listed.returncode == 0 and TOPIC.encode() in listed.stdout,
          f"--join: the owner serves {address}, too: {joined.stdout.splitlines()}{joined.stderr}")
    epoch = owner_epoch(company.directory)
    begun = time.monotonic()
    with Broker(company.directory, arguments=["--take-over"]) as broker:
        check(owner_pid(company.directory) == broker.process.pid and owner_epoch(company.directory) == epoch + 1,
              f"--take-over: qalamd owns the directory after {broker.ready_seconds * 1000:.0f} ms")
        wait_for(lambda: first_ack_after(company.producers, begun + broker.ready_seconds) is not None,
                 "acknowledgements from qalamd")
        shown = json.loads(run(company.directory, "owner", "-o", "json").stdout)
        check(shown["program"] == "qalamd" and shown["proxies"] >= 4, f"qalam owner: {shown}")
        refused = second_start(company.directory, "--take-over")
        check(refused.returncode == 75, f"qalamd does not hand over to another: {refused.stderr.splitlines()[:1]}")
        begun = time.monotonic()
        check(broker.stop() == 0, "qalamd stops cleanly")
    wait_for(lambda: first_ack_after(company.producers, begun + 0.3) is not None, "a library owns it again")
    company.settle()


def run_all(directory, rng, kill_count, graceful_count, strict, check):
    """Every hand-over in turn, then everything is read back. `check(held, what)` is told what held."""
    slack = 1 if strict else 5
    company = Company(directory, rng)
    shown = run(company.directory, "owner", "-o", "json")
    check(json.loads(shown.stdout)["state"] == "free", "qalam owner: nobody owns it between two commands")
    if kill_count:
        kills(company, kill_count, check, slack)
    company.hire(4)
    if not company.tails:
        company.tail()
    if graceful_count:
        graceful(company, graceful_count, check, slack)
    impatient = stopped(company, check)
    take_over(company, check)
    judge(company, [impatient], check)
    free = run(company.directory, "owner")
    check(b"free" in free.stdout, "the directory is free at the end")
