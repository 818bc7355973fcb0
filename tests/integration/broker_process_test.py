#!/usr/bin/env python3
"""qalamd as a process: exit codes, refusals that change nothing, signals, notifications, a rebuild of lost metadata.

Usage: broker_process_test.py
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import time

from harness import Broker, Checks, temporary_directory, tool

NOBODY = 65534
check = Checks()


def qalamd(*arguments, env=None, as_nobody=False, timeout=30):
    """Runs qalamd until it ends by itself; returns the finished process and the seconds it took."""
    command = [tool("qalamd"), *map(str, arguments)]
    if as_nobody:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(env or {})})
    return done, time.monotonic() - begun


def snapshot(directory):
    """Every file below `directory` with its bytes, but for the lock, which says who tried, and the count of starts."""
    return {str(p.relative_to(directory)): without_count(p) for p in sorted(directory.rglob("*"))
            if p.is_file() and p.name != ".lock"}


def without_count(path):
    data = path.read_bytes()
    if path.name == "meta.properties":
        data = re.sub(rb"(?m)^(owner.epoch|crc32c)=.*$", b"", data)
    return data


def expect(code, what, *arguments, says=(), unchanged=None, **options):
    before = snapshot(unchanged) if unchanged else None
    done, seconds = qalamd("--listen", "127.0.0.1:0", *arguments, **options)
    text = done.stderr
    missing = [word for word in says if not re.search(word, text)]
    held = done.returncode == code and not missing
    check(held, f"exit {code}: {what}" + ("" if held else f"; ended with {done.returncode}: {text.strip()[-400:]}"))
    if unchanged:
        check(snapshot(unchanged) == before, f"          and nothing in the directory changed")
    return seconds


def usage_and_settings(tmp):
    expect(2, "an unknown option", "--dta-dir", tmp / "x", says=["--help"])
    expect(2, "an unknown setting names the nearest", "--set", "log.segement.bytes=1", says=['"log.segment.bytes"'])
    expect(2, "a value that is not allowed", "--set", "qalam.flush=never", says=["fsync, interval, os"])
    expect(2, "a variable with a typing error", env={"QALAM_LOG_SEGMENT_BYTE": "1"}, says=["QALAM_LOG_SEGMENT_BYTES"])
    expect(2, "a missing configuration file", "--config", tmp / "none.toml", says=["none.toml"])
    bad = tmp / "bad.toml"
    bad.write_text('node.id = 1\nlisteners = "127.0.0.1:0\n')
    expect(2, "unreadable TOML, with line and column", "--config", bad, says=[r"bad\.toml:2:\d+"])
    done, _ = qalamd("--data-dir", tmp / "x", "--listen", "0.0.0.0:0")
    check(done.returncode == 2 and "--allow-insecure" in done.stderr, "exit 2: an address that others can reach")
    check(not (tmp / "x").exists(), "          and no data directory was made")

    good = tmp / "good.toml"
    good.write_text('[log]\nsegment.bytes = "1MiB"\n[log.retention]\nms = "1d"\n')
    done, _ = qalamd("--config", good, "--check-config")
    check(done.returncode == 0, "--check-config accepts a good file")
    done, _ = qalamd("--config", good, "--set", "log.retention.ms=2d", "--print-config",
                     env={"QALAM_NUM_PARTITIONS": "3"})
    lines = {line.split(" = ")[0]: line for line in done.stdout.splitlines()}
    check('"1048576"' in lines["log.segment.bytes"] and "good.toml:2" in lines["log.segment.bytes"],
          "--print-config: a value and the place it comes from")
    check('"172800000"' in lines["log.retention.ms"] and "--set" in lines["log.retention.ms"],
          "--print-config: --set lies over the file")
    check('"3"' in lines["num.partitions"] and "QALAM_NUM_PARTITIONS" in lines["num.partitions"],
          "--print-config: the environment")
    printed = tmp / "printed.toml"
    printed.write_text("".join(line + "\n" for line in done.stdout.splitlines() if "advertised" not in line))
    again, _ = qalamd("--config", printed, "--check-config")
    check(again.returncode == 0, "what --print-config prints is a configuration file")
    done, _ = qalamd("--help")
    check(done.returncode == 0 and "Examples" in done.stdout and "Exit codes" in done.stdout, "--help")
    done, _ = qalamd("--version")
    check(done.returncode == 0 and done.stdout.startswith("qalamd "), "--version")


def directories(tmp):
    file = tmp / "file"
    file.write_text("x")
    expect(73, "a data directory that is a file", "--data-dir", file)
    expect(73, "a data directory below a file", "--data-dir", file / "data")
    foreign = tmp / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("x")
    expect(73, "a directory that is somebody's", "--data-dir", foreign, says=["thesis.tex"], unchanged=foreign)
    check(os.listdir(foreign) == ["thesis.tex"], "          and no lock was left in it")
    if os.geteuid() == 0:
        os.chmod(tmp, 0o755)
        mine = tmp / "mine"
        with Broker(mine):
            pass
        expect(73, "a directory that can't be written", "--data-dir", mine, as_nobody=True, unchanged=mine)
        expect(73, "a directory that can't be made", "--data-dir", tmp / "new", as_nobody=True)
    else:
        print("      skipped: permission tests need root to become nobody")

    data = tmp / "data"
    with Broker(data) as broker:
        done, seconds = qalamd("--data-dir", data, "--listen", "127.0.0.1:0")
        check(done.returncode == 75 and f"process {broker.process.pid} since" in done.stderr and seconds < 1,
              f"exit 75: in use, names the owner, in {seconds:.2f} s")
        done, _ = qalamd("--data-dir", tmp / "other", "--listen", broker.address)
        check(done.returncode == 69 and str(broker.port) in done.stderr, "exit 69: the port is taken")
        check(broker.process.poll() is None and broker.qalam("cluster", "info").returncode == 0,
              "          and the first broker is undisturbed")
    with Broker(tmp / "other"):
        check(True, "          and the directory of the refused one starts")

    expect(78, "another node's directory", "--data-dir", data, "--set", "node.id=7", says=["node 1"], unchanged=data)
    copy = tmp / "copy"
    subprocess.run(["cp", "-a", data, copy], check=True)
    expect(78, "a copied directory", "--data-dir", copy, says=["--adopt-copy"], unchanged=copy)
    with Broker(copy, arguments=["--adopt-copy"]):
        check(True, "          which --adopt-copy takes")
    newer = tmp / "newer"
    subprocess.run(["cp", "-a", data, newer], check=True)
    (newer / "meta.properties").write_text("version=99\n")
    expect(78, "a directory of a newer format", "--data-dir", newer, says=["version 99"], unchanged=newer)


def modes(tmp):
    wrong = [f"{p.relative_to(tmp)} {stat.filemode(p.lstat().st_mode)}" for p in (tmp / "data").rglob("*")
             if p.lstat().st_mode & 0o077 and not p.is_symlink()]
    check(not wrong, f"nobody else may read the data directory {wrong[:3]}")


def signals_and_notifications(tmp):
    port_file = tmp / "signals.port"
    settings = tmp / "signals.toml"
    settings.write_text('qalam.log.level = "info"\n')
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp / "notify"))
    manager.settimeout(10)
    environment = {"NOTIFY_SOCKET": str(tmp / "notify"), "WATCHDOG_USEC": "600000"}
    os.environ.update(environment)
    try:
        broker = Broker(tmp / "signals", arguments=["--config", str(settings)])
        broker.start()
    finally:
        for name in environment:
            del os.environ[name]

    def heard(word, patience=5.0):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            try:
                message = manager.recv(4096).decode()
            except socket.timeout:
                return False
            if word in message:
                return True
        return False

    check(heard("READY=1"), "systemd is told READY")
    check(heard("WATCHDOG=1") and heard("WATCHDOG=1"), "systemd is told WATCHDOG, again and again")
    check((tmp / "signals" / "qalam.sock").is_socket(), "the Unix socket is there")

    broker.process.send_signal(signal.SIGUSR1)
    settings.write_text('qalam.log.level = "debug"\nnum.partitions = 9\n')
    broker.process.send_signal(signal.SIGHUP)
    check(heard("RELOADING=1"), "systemd is told RELOADING")
    until = time.monotonic() + 5
    while time.monotonic() < until and "configuration reloaded" not in broker.log_tail(200):
        time.sleep(0.02)
    log = broker.log_tail(300)
    check("thread name=writer-0" in log and "queue writer=0 queued=0" in log, "USR1 writes threads and queues to the log")
    check("setting needs a restart key=num.partitions" in log and "configuration reloaded" in log,
          "HUP reads the settings again and says what needs a restart")
    broker.process.send_signal(signal.SIGPIPE)
    time.sleep(0.05)
    check(broker.process.poll() is None, "PIPE is ignored")
    settings.write_text("nonsense = [\n")
    broker.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 5
    while time.monotonic() < until and "configuration not reloaded" not in broker.log_tail(200):
        time.sleep(0.02)
    check(broker.process.poll() is None and "configuration not reloaded" in broker.log_tail(200),
          "HUP with an unreadable file changes nothing")
    begun = time.monotonic()
    code = broker.stop()
    check(code == 0 and time.monotonic() - begun < 5, f"TERM: exit {code} in {time.monotonic() - begun:.2f} s")
    check(heard("STOPPING=1"), "systemd is told STOPPING")
    check(not (tmp / "signals" / "qalam.sock").exists(), "the Unix socket is gone")
    check(not (tmp / "signals.port").exists(), "the port file is gone")
    broker = Broker(tmp / "signals").start()
    broker.process.send_signal(signal.SIGINT)
    check(broker.process.wait(20) == 0, "INT: exit 0")
    manager.close()


def lost_metadata(tmp):
    data = tmp / "lost"
    broker = Broker(data)
    with broker:
        broker.qalam("topic", "create", "orders", "-p", 2, "-c", "retention.ms=3d")
        broker.qalam("produce", "orders", "--progress", "off", stdin=b"".join(b"event %d\n" % i for i in range(1000)))
        before = [broker.read_all("orders", p) for p in (0, 1)]
    check(sum(map(len, before)) == 1000, "1,000 records before the loss")

    for what, harm in (("emptied", lambda: [shutil.rmtree(data / "metadata"), (data / "metadata").mkdir()]),
                       ("without CURRENT", lambda: (data / "metadata" / "CURRENT").unlink()),
                       ("with a flipped MANIFEST", lambda: flip(next((data / "metadata").glob("MANIFEST-*"))))):
        harm()
        expect(78, f"metadata {what}", "--data-dir", data, says=["--rebuild-metadata"], unchanged=data)
        done, _ = qalamd("--data-dir", data, "--rebuild-metadata")
        check(done.returncode == 0 and "1 topics and 2 partitions" in done.stdout,
              f"          is rebuilt from the logs{done.stderr}")
        with broker:
            after = [broker.read_all("orders", p) for p in (0, 1)]
            check(after == before, "          and every record is there")
            config = broker.qalam_json("topic", "describe", "orders")["config"]
            check("-1" in str(config), "          and retention is off, as the settings are lost")
            done = broker.qalam("produce", "orders", "--progress", "off", stdin=b"one more\n", check=False)
            check(done.returncode == 0, "          and it takes new records")
            before = [broker.read_all("orders", p) for p in (0, 1)]


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x20
    path.write_bytes(data)


def failed_log(tmp):
    """A sync that fails ends the process with 74: the log can't be trusted any more."""
    if not shutil.which("strace"):
        print("      skipped: no strace")
        return
    broker = Broker(tmp / "failing").start()
    broker.qalam("topic", "create", "orders", "-p", 1)
    broker.qalam("produce", "orders", "--progress", "off", stdin=b"before\n")
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(broker.process.pid),
                               "-e", "inject=fdatasync:error=EIO"], stderr=subprocess.PIPE)
    time.sleep(1)
    if tracer.poll() is not None:
        print(f"      skipped: strace can't attach: {tracer.stderr.read().decode()}")
        broker.stop()
        return
    done = broker.qalam("produce", "orders", "--progress", "off", "--timeout", "5s", stdin=b"after\n", check=False)
    check(done.returncode != 0, f"a record whose sync failed is not acknowledged (qalam exit {done.returncode})")
    try:
        code = broker.process.wait(40)
    except subprocess.TimeoutExpired:
        code = None
        broker.kill()
    check(code == 74, f"exit 74 after a failed sync (was {code})")
    tracer.wait(10)
    with broker:
        values = [value for _, _, value in broker.read_all("orders", 0)]
        check(values[:1] == [b"before"], "the acknowledged record is there after a restart")


def small(tmp):
    ready = []
    for n in range(7):
        with Broker(tmp / f"small{n}") as broker:
            ready.append(broker.ready_seconds * 1000)
            time.sleep(0.3)
            rss = broker.rss_mib()
    median = sorted(ready)[len(ready) // 2]
    check(median <= 200, f"a new directory is ready in {median:.0f} ms (limit 200)")
    check(rss <= 64, f"an idle broker takes {rss:.1f} MiB (limit 64)")


def main():
    with temporary_directory() as tmp:
        usage_and_settings(tmp)
        directories(tmp)
        modes(tmp)
        signals_and_notifications(tmp)
        small(tmp)
        lost_metadata(tmp)
        failed_log(tmp)
    check.finish()


if __name__ == "__main__":
    main()
