#!/usr/bin/env python3
"""The command line against a broker: the fixed contracts, bad input, exit codes, pipes, Ctrl-C in every verb.

Usage: cli_test.py
"""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from harness import Broker, Checks, parse_sized, temporary_directory, tool

check = Checks()


def run(broker, *arguments, stdin=None, env=None, timeout=60):
    data = stdin.encode() if isinstance(stdin, str) else stdin
    return subprocess.run(broker.qalam_command(*arguments), input=data, capture_output=True, timeout=timeout,
                          stdin=None if data is not None else subprocess.DEVNULL, env={**os.environ, **(env or {})})


def expect(broker, code, what, *arguments, says=(), silent=False, **options):
    done = run(broker, *arguments, **options)
    text = (done.stdout + done.stderr).decode(errors="replace")
    missing = [word for word in says if not re.search(word, text)]
    held = done.returncode == code and not missing and (not silent or not done.stdout)
    check(held, f"exit {code}: {what}" + ("" if held else f"; ended with {done.returncode}, lacks {missing}: "
                                          f"{text.strip()[-300:]}"))
    return done


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def values(broker, topic, *arguments):
    return run(broker, "consume", topic, "-e", *arguments).stdout.decode(errors="surrogateescape").split("\n")[:-1]


def end_of(broker, topic):
    return sum(p["high_watermark"] for p in broker.qalam_json("topic", "describe", topic)["partitions"])


# --- contracts that scripts rely on ---

def topics(broker):
    expect(broker, 0, "topic create", "topic", "create", "orders", "-p", 4, "-c", "retention.ms=7d")
    told = broker.qalam_json("topic", "describe", "orders")
    check(set(told) >= {"name", "partitions", "config"} and told["name"] == "orders", "describe has name, partitions, config")
    fields = {"partition", "leader", "leader_epoch", "replicas", "isr", "log_start_offset", "high_watermark", "size_bytes"}
    check(len(told["partitions"]) == 4 and all(set(p) >= fields for p in told["partitions"]), "          and every field of a partition")
    check(told["config"]["retention.ms"] == "604800000", "          and the settings in force")
    expect(broker, 0, "topic describe for people", "topic", "describe", "orders", says=["PART", "LEADER", "HIGH"])
    expect(broker, 8, "a topic that exists", "topic", "create", "orders", says=["TOPIC_EXISTS"], silent=True)
    expect(broker, 2, "an illegal name", "topic", "create", "a/b", says=["INVALID_TOPIC_NAME"])
    run(broker, "topic", "create", "a.b")
    expect(broker, 8, "a name that clashes", "topic", "create", "a_b", says=["TOPIC_NAME_CLASH"])
    expect(broker, 2, "an unknown setting names the nearest", "topic", "create", "x", "-c", "retention.mss=1", says=["retention.ms"])
    text = run(broker, "topic", "create", "x", "-c", "retention.mss=1").stderr.decode()
    check(text.count("did you mean") == 1, f"          once {text!r}")
    expect(broker, 4, "an unknown topic names the nearest and the way out", "topic", "describe", "ordres",
           says=["UNKNOWN_TOPIC", "ordres", r"\(exit 4; qalam explain UNKNOWN_TOPIC\)"])
    done = expect(broker, 4, "the same in JSON", "topic", "describe", "ordres", "-o", "json", silent=True)
    check(json.loads(done.stderr)["error"]["code"] == "UNKNOWN_TOPIC", "          on stderr")
    run(broker, "topic", "create", "dry", "--dry-run")
    done = expect(broker, 0, "talk is for stderr", "topic", "create", "spoken", "--dry-run", says=["would create spoken"], silent=True)
    check("dry" not in run(broker, "topic", "list", "-o", "name").stdout.decode().split(), "create --dry-run makes nothing")
    check([t["name"] for t in broker.qalam_json("topic", "list")] == ["a.b", "orders"], "topic list -o json is one document")
    check([t["name"] for t in lines(run(broker, "topic", "list", "-o", "ndjson"))] == ["a.b", "orders"], "-o ndjson is a line each")
    expect(broker, 0, "topic alter", "topic", "alter", "orders", "-c", "retention.ms=1d", says=["86400000"])
    expect(broker, 0, "topic alter --unset", "topic", "alter", "orders", "--unset", "retention.ms")
    expect(broker, 2, "alter to a value that is not allowed", "topic", "alter", "orders", "-c", "qalam.flush=never")


def acknowledgements(broker):
    done = run(broker, "produce", "orders", "-K", "=", "-o", "json", stdin="".join(f"key{i}=v{i}\n" for i in range(100)))
    acks = lines(done)
    check(done.returncode == 0 and len(acks) == 100, "produce -o json: a line for each acknowledged record")
    check(all(set(a) == {"topic", "partition", "offset", "leader_epoch", "durability"} for a in acks), "          with exactly the fields of the contract")
    check({a["durability"] for a in acks} == {"fsync"}, "          acknowledged after fsync")
    by_partition = {}
    for ack in acks:
        by_partition.setdefault(ack["partition"], []).append(ack["offset"])
    check(all(o == sorted(o) for o in by_partition.values()), "          in the order of acknowledgement")
    # murmur2 as Kafka's clients have it: (murmur2(key) & 0x7fffffff) % 4.
    found = {r["key"]: r["partition"] for r in lines(run(broker, "consume", "orders", "-e", "-o", "json"))}
    check(all(found[f"key{i}"] == (murmur2(b"key%d" % i) & 0x7fffffff) % 4 for i in range(100)), "keys land where a Kafka client puts them")
    done = run(broker, "produce", "orders", stdin="a\nb\n")
    check(not done.stdout and b"2 records" in done.stderr, "without -o: nothing on stdout, a summary on stderr")
    for acks_level, durability in (("1", "fsync"), ("leader", "fsync"), ("all", "fsync"), ("0", "memory"), ("none", "memory")):
        got = lines(run(broker, "produce", "orders", "--acks", acks_level, "-o", "json", stdin="x\n"))
        check([a["durability"] for a in got] == [durability], f"--acks {acks_level}: durability {durability} {got}")


def murmur2(data):
    m, mask = 0x5bd1e995, 0xffffffff
    h = 0x9747b28c ^ len(data)
    for at in range(0, len(data) // 4 * 4, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    rest = data[len(data) // 4 * 4:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def records(broker):
    run(broker, "topic", "create", "r", "-p", 1)
    run(broker, "produce", "r", "-k", "k", "-H", "a=1", "-H", "a=2", stdin="one\n")
    run(broker, "produce", "r", "-K", ":", "--null-empty", stdin="gone:\n:x\n")
    run(broker, "produce", "r", "--whole-file", stdin=b"\xff\x00\n")
    got = lines(run(broker, "consume", "r", "-e", "-o", "json"))
    check([list(r) for r in got[:3]] == [["topic", "partition", "offset", "timestamp", "leader_epoch", "key", "value", "headers"]] * 3,
          "consume -o json: the fields of the contract, in order")
    check(got[0]["headers"] == [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}], "          headers are a list, keys may repeat")
    check(got[1]["key"] == "gone" and got[1]["value"] is None and got[2]["key"] is None, "          null stays null")
    check(base64.b64decode(got[3]["value_base64"]) == b"\xff\x00\n" and "value" not in got[3], "          what is not UTF-8 is base64")
    run(broker, "topic", "create", "copy", "-p", 1)
    source = run(broker, "consume", "r", "-e", "-o", "json").stdout
    expect(broker, 0, "produce --json takes it back", "produce", "copy", "--json", stdin=source)
    strip = lambda rs: [{k: v for k, v in r.items() if k not in ("topic", "leader_epoch")} for r in rs]
    check(strip(lines(run(broker, "consume", "copy", "-e", "-o", "json"))) == strip(got), "          and it is the same")
    sized = run(broker, "consume", "r", "-e", "--format", "%K %V %k%v").stdout
    run(broker, "topic", "create", "copy2", "-p", 1)
    expect(broker, 0, "produce --format reads what consume --format writes", "produce", "copy2", "--format", "%K %V %k%v", stdin=sized)
    check(run(broker, "consume", "copy2", "-e", "--format", "%K %V %k%v").stdout == sized, "          byte by byte")
    check(run(broker, "consume", "r", "-n", 1, "--format", "%t %p %o %v{hex} %d{strftime[%Y]} %[ %]\\n").stdout.decode().startswith("r 0 0 6f6e65 20"),
          "consume --format")


def inputs(broker, tmp):
    run(broker, "topic", "create", "in", "-p", 1)
    (tmp / "one").write_text("a\nb\n")
    (tmp / "two").write_text("c\nd")  # A file's last line needs no line feed.
    expect(broker, 0, "produce FILE FILE", "produce", "in", tmp / "one", tmp / "two")
    check(values(broker, "in") == ["a", "b", "c", "d"], "          in order")
    expect(broker, 0, "the alias pub, a delimiter", "pub", "in", "-d", ",", stdin="e,f,")
    check(values(broker, "in")[4:] == ["e", "f"], "          cuts there")
    done = expect(broker, 0, "--tee", "produce", "in", "--tee", stdin="g\nh\n")
    check(done.stdout == b"g\nh\n", "          copies values to stdout")
    expect(broker, 0, "no input, no records", "produce", "in", stdin="")
    expect(broker, 0, "an empty line is an empty record", "produce", "in", stdin="\n")
    check(values(broker, "in", "--from", "-1") == [""], "          and read back as such")
    before = end_of(broker, "in")
    expect(broker, 4, "a file that does not exist", "produce", "in", tmp / "one", tmp / "none", says=["none", "NOT_FOUND"], silent=True)
    check(end_of(broker, "in") == before, "          and nothing of the others was sent")
    expect(broker, 7, "a pipe that ends half-way through a line", "produce", "in", stdin="whole\nhal", says=["stdin", "3 bytes", "--allow-partial"])
    check(values(broker, "in", "--from", "-1") == ["whole"], "          the half was not sent")
    expect(broker, 2, "nothing but half a line", "produce", "in", stdin="hal", says=["3 bytes"])
    expect(broker, 0, "--allow-partial takes it", "produce", "in", "--allow-partial", stdin="hal")
    check(values(broker, "in", "--from", "-1") == ["hal"], "          as a record")
    expect(broker, 7, "JSON that is none, after one that is", "produce", "in", "--json", stdin='{"value":"j"}\n{"value":\n', says=["line 2", r"1 record acknowledged, 0 failed, 1 not sent", r"\(exit 7;"])
    expect(broker, 7, "--keep-going goes on behind it", "produce", "in", "--json", "--keep-going",
           stdin='{"value":\n{"value":"k"}\n', says=["1 record acknowledged, 1 failed, 0 not sent", r"\(exit 7;"])
    check(values(broker, "in", "--from", "-1") == ["k"], "          and sends the rest")
    before = end_of(broker, "in")
    expect(broker, 1, "a record that is too large", "produce", "in", "--whole-file", stdin=b"x" * (3 << 20), says=["BATCH_TOO_LARGE"])
    expect(broker, 4, "an unknown topic", "produce", "nowhere", stdin="x\n", says=["UNKNOWN_TOPIC", "nowhere"])
    expect(broker, 4, "an unknown partition", "produce", "in", "-p", 7, stdin="x\n", says=["UNKNOWN_PARTITION"])
    expect(broker, 2, "an unknown codec", "produce", "in", "-z", "rar", stdin="x\n", says=["rar", "zstd"])
    expect(broker, 2, "a batch of a terabyte", "produce", "in", "--batch", "1TiB", stdin="x\n", says=["4 MiB"])
    expect(broker, 2, "-k and -K", "produce", "in", "-k", "a", "-K", ":", stdin="x\n", says=["-K"])
    expect(broker, 2, "a JSON field that is none names the nearest", "produce", "in", "--json", stdin='{"valeu":"x"}\n', says=["valeu", '"value"', "line 1"])
    expect(broker, 2, "a value twice", "produce", "in", "--json", stdin='{"value":"x","value_base64":"eA=="}\n', says=["value_base64"])
    expect(broker, 1, "a line that is too large names itself and the partition", "produce", "in",
           stdin=b"x" * (3 << 20) + b"\n", says=["BATCH_TOO_LARGE", "stdin, line 1", "in:0"])
    expect(broker, 1, "one that no broker takes, too", "produce", "in", stdin=b"x" * (9 << 20) + b"\n", says=["BATCH_TOO_LARGE", "stdin, line 1", "in:0"])
    check(end_of(broker, "in") == before, "          and nothing was written")
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        expect(broker, 0, f"-z {codec}", "produce", "in", "-z", codec, stdin=f"{codec}\n" * 50)
        check(values(broker, "in", "--from", "-1") == [codec], "          and back")
    begun = time.monotonic()
    run(broker, "produce", "in", "--rate", "50/s", stdin="r\n" * 50)
    check(0.8 < time.monotonic() - begun < 5, f"--rate 50/s: 50 records took {time.monotonic() - begun:.1f} s")


def partly(broker):
    """What a produce says that ends with 7."""
    run(broker, "topic", "create", "partly", "-p", 1)
    done = expect(broker, 7, "produce -o json that goes wrong half-way", "produce", "partly", "--json", "-o", "json", stdin='{"value":"1"}\n{"value":"2"}\n{"val')
    error = json.loads(done.stderr)["error"]
    check((error["exit"], error["acknowledged"], error["failed"], error["not_sent"]) == (7, 2, 0, 1), f"          counts in the one JSON object on stderr {error}")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(broker.qalam_command("produce", "partly", "-o", "json"), input=b"x\n", stdout=full, stderr=subprocess.PIPE, timeout=60)
    error = json.loads(done.stderr)["error"]
    check(done.returncode == 1 and error["exit"] == 1 and "No space left on device" in error["message"] and error["acknowledged"] == 1,
          f"produce -o json >/dev/full {done.returncode} {error}")


def memory(broker):
    """A small message of batches that unpack to much is unpacked one by one."""
    run(broker, "topic", "create", "packed", "-p", 1)
    # Not by this process: what it holds would count as its child's memory, too.
    command = " ".join(broker.qalam_command("produce", "packed", "-z", "gzip"))
    done = subprocess.run(["bash", "-c", f"for i in {{1..30}}; do head -c {7 << 20} /dev/zero | tr '\\0' x; echo; done | {command}"],
                          capture_output=True, timeout=120)
    check(done.returncode == 0, f"30 records of 7 MiB, gzipped {done.stderr[-200:]}")
    process = subprocess.Popen(broker.qalam_command("consume", "packed", "-n", 1), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0 and usage.ru_maxrss < 100 * 1024, f"consume -n 1 of them took {usage.ru_maxrss // 1024} MiB at most")
    done = subprocess.run(["bash", "-c", " ".join(broker.qalam_command("consume", "packed", "-e")) + " | wc -lc"], capture_output=True, text=True, timeout=120)
    check(done.stdout.split() == ["30", str(30 * ((7 << 20) + 1))], f"          and all of them come out {done.stdout.split()}")


def conditional(broker):
    run(broker, "topic", "create", "cond", "-p", 1)
    expect(broker, 0, "--expect-offset where the log ends", "produce", "cond", "-p", 0, "--expect-offset", 0, stdin="a\nb\n")
    done = expect(broker, 8, "somebody came first", "produce", "cond", "-p", 0, "--expect-offset", 1, "-o", "json", stdin="c\n", silent=True)
    error = json.loads(done.stderr)["error"]
    check(error["code"] == "UNEXPECTED_OFFSET" and error["details"]["log_end_offset"] == "2", "          names the actual end")
    check(values(broker, "cond") == ["a", "b"], "          and nothing was written")
    acks = lines(run(broker, "produce", "cond", "-p", 0, "--expect-offset", 2, "-o", "json", stdin="c\n"))
    check([(a["offset"], a["durability"]) for a in acks] == [(2, "fsync")], f"          -o json acknowledges them too {acks}")


def places(broker):
    run(broker, "topic", "create", "p", "-p", 2)
    run(broker, "produce", "p", "-p", 0, "--json", stdin="".join(f'{{"key":"{i}","value":"v{i}","timestamp":{1_700_000_000_000 + i * 1000}}}\n' for i in range(10)))
    run(broker, "produce", "p", "-p", 1, "-H", "lang=cpp", stdin="other\n")
    cases = [(["p:0"], range(10)), (["p:0", "--from", "start", "--until", "3"], range(3)), (["p:0", "--from", "7"], (7, 8, 9)),
             (["p:0", "--from", "-2"], (8, 9)), (["p:0", "--from", "-99"], range(10)), (["p:0", "--from", "end"], ()),
             (["p:0", "--from", "@1700000004000", "--until", "@2023-11-14T22:13:27Z"], (4, 5, 6)),
             (["p:0", "-n", "3"], range(3)), (["p:0", "--grep", "v[13]$"], (1, 3)), (["p:0", "--key", "^2"], (2,)),
             (["p:0", "--from", "@-1m"], ())]
    for arguments, wanted in cases:
        got = values(broker, *arguments)
        check(got == [f"v{i}" for i in wanted], f"consume {' '.join(arguments)} {'' if got == [f'v{i}' for i in wanted] else got}")
    check(values(broker, "p", "--header", "lang=cpp") == ["other"], "consume --header")
    check(sorted(values(broker, "p:0,1"))[0] == "other" and len(values(broker, "p")) == 11, "several partitions")
    done = expect(broker, 4, "an offset beyond the end", "consume", "p:0", "--from", "100", "-e", says=["OFFSET_OUT_OF_RANGE"], silent=True)
    check(b"100" in done.stderr, "          names it")
    check(len(run(broker, "consume", "p:0", "--from", "100", "-e", "--out-of-range", "earliest").stdout.splitlines()) == 10, "--out-of-range earliest")
    expect(broker, 4, "an unknown partition", "consume", "p:9", "-e", says=["UNKNOWN_PARTITION"])
    expect(broker, 2, "-f and -e", "consume", "p", "-f", "-e")
    for until in ("100", "@2100-01-01T00:00:00Z", "end"):
        check(len(values(broker, "p:0", "--until", until)) == 10, f"-e ends at the end though --until {until} lies beyond")
    done = run(broker, "consume", "p:0", "-n", 2, "--exec", "tr a-z A-Z")
    check(done.returncode == 0 and done.stdout == b"V0V1", f"--exec runs a command for each record {done.stdout!r}")
    expect(broker, 1, "--exec that fails ends it with the place", "consume", "p:0", "-e", "--exec", "exit 3", says=["p:0@0", "3"])
    begun = time.monotonic()
    run(broker, "topic", "create", "none", "-p", 3)
    check(run(broker, "consume", "none", "-e").returncode == 0 and time.monotonic() - begun < 5, "-e on an empty topic ends at once")


def trimming(broker):
    expect(broker, 2, "topic trim without a terminal needs --yes", "topic", "trim", "p", "-p", 0, "--before", 4, says=["--yes"])
    expect(broker, 0, "topic trim --dry-run", "topic", "trim", "p", "-p", 0, "--before", 4, "--dry-run")
    check(len(values(broker, "p:0")) == 10, "          changes nothing")
    expect(broker, 0, "topic trim --yes", "topic", "trim", "p", "-p", 0, "--before", 4, "--yes")
    check(values(broker, "p:0")[0] == "v4", "          the oldest are gone")
    expect(broker, 4, "an offset before the start", "consume", "p:0", "--from", "1", "-e", says=["OFFSET_OUT_OF_RANGE"])
    check([p["log_start_offset"] for p in broker.qalam_json("topic", "offsets", "p")] == [4, 0], "topic offsets")
    expect(broker, 4, "trim beyond the end", "topic", "trim", "p", "-p", 0, "--before", 99, "--yes", says=["OFFSET_OUT_OF_RANGE"])
    expect(broker, 2, "topic delete without a terminal needs --yes", "topic", "delete", "copy2", says=["--yes"])
    expect(broker, 0, "topic delete --dry-run", "topic", "delete", "copy2", "--dry-run")
    expect(broker, 0, "topic delete --yes", "topic", "delete", "copy2", "--yes")
    expect(broker, 4, "          and it is gone", "topic", "describe", "copy2")


def cluster(broker):
    info = broker.qalam_json("cluster", "info")
    check(info["brokers"] and info["problems"] == [] and info["topics"] > 3, "cluster info -o json")
    expect(broker, 0, "cluster health", "cluster", "health", says=["^healthy"])
    check(broker.qalam_json("cluster", "health") == {"healthy": True, "problems": []}, "cluster health -o json")
    check(broker.qalam_json("broker", "list")[0]["id"] == info["brokers"][0]["id"], "broker list")
    parts = broker.qalam_json("partition", "list")
    check(all(p["status"] == "ok" and "writer_thread" in p for p in parts) and len(parts) > 8, "partition list shows who owns what")
    check({p["topic"] for p in broker.qalam_json("partition", "list", "orders")} == {"orders"}, "partition list TOPIC")
    keys = {e["key"]: e for e in broker.qalam_json("config", "get")}
    check("log.retention.ms" in keys, "config get")
    expect(broker, 0, "config set", "config", "set", "log.retention.ms=30d")
    check(broker.qalam_json("config", "get", "log.retention.ms")[0]["value"] == "2592000000", "          is in force")
    expect(broker, 0, "config set --dry-run says that it only would", "config", "set", "log.retention.ms=1d", "--dry-run", says=["would"])
    check(broker.qalam_json("config", "get", "log.retention.ms")[0]["value"] == "2592000000", "          and changes nothing")
    expect(broker, 0, "config set --unset", "config", "set", "--unset", "log.retention.ms")
    expect(broker, 2, "config set of an unknown key names the nearest", "config", "set", "log.retention.mss=1", says=["log.retention.ms"])
    done = expect(broker, 0, "-vv says what is asked", "-vv", "topic", "list")
    check(b"ms" in done.stderr, "          on stderr")
    socket = broker.data_dir / "qalam.sock"
    if socket.exists():
        done = subprocess.run([tool("qalam"), "-b", f"unix:{socket}", "topic", "list", "-o", "name"], capture_output=True)
        check(b"orders" in done.stdout, "-b unix:PATH")
    words = subprocess.run([tool("qalam"), "__complete", "--", "-b", broker.address, "consume", "or"], capture_output=True).stdout.split()
    check(words == [b"orders"], f"completion knows the topics {words}")
    for typed in (["--dir", broker.data_dir], [f"--dir={broker.data_dir}"]):
        words = subprocess.run([tool("qalam"), "__complete", "--", *typed, "consume", "or"], capture_output=True).stdout.split()
        check(words == [b"orders"], f"          of a directory, too: {words}")


def bench(broker):
    run(broker, "topic", "create", "bench", "-p", 1)
    fields = {"records", "seconds", "records_per_s", "mb_per_s"}
    done = expect(broker, 0, "bench produce", "bench", "produce", "bench", "--records", 20000, "--size", 100, "-o", "json")
    last = lines(done)[-1]
    check(set(last) >= fields | {"ack_ms", "durability"} and last["records"] == 20000 and set(last["ack_ms"]) == {"p50", "p99", "p999", "max"},
          "          ends with the line of the contract")
    check(last["durability"] == "fsync" and 0 < last["ack_ms"]["p50"] <= last["ack_ms"]["p99"] <= last["ack_ms"]["max"], "          that makes sense")
    expect(broker, 2, "--csv with -o json", "bench", "produce", "bench", "--records", 5, "--csv", "-o", "json")
    told = [lines(run(broker, "bench", *verb, "-o", "json"))[-1] for verb in (["produce", "bench", "--records", 5], ["consume", "bench", "--records", 5],
                                                                              ["e2e", "bench", "--records", 50])]
    check(all(list(t)[:6] == ["records", "seconds", "records_per_s", "mb_per_s", "ack_ms", "durability"] and set(t["ack_ms"]) == {"p50", "p99", "p999", "max"}
              for t in told), "          the same fields for every verb")
    check(told[1]["records"] == 5 and told[1]["ack_ms"]["p50"] is None and told[1]["durability"] is None, "          bench consume counts to --records; what has no meaning is null")
    done = expect(broker, 0, "bench produce with connections and a rate", "bench", "produce", "bench", "--records", 3000, "--size", 50,
                  "--connections", 3, "--in-flight", 8, "--rate", "3k/s", "--batch", "4KiB", "-o", "json")
    last = lines(done)[-1]
    check(last["records"] == 3000 and 0.8 < last["seconds"] < 5, f"          open loop {last['seconds']:.2f} s")
    last = lines(expect(broker, 0, "bench consume", "bench", "consume", "bench", "-o", "json"))[-1]
    check(set(last) >= fields and last["records"] == 23055, f"          reads all {last.get('records')}")
    last = lines(expect(broker, 0, "bench e2e", "bench", "e2e", "bench", "--records", 1000, "--rate", "2k/s", "-o", "json"))[-1]
    check(last["records"] == 1000, "          sees every record")
    told = lines(expect(broker, 0, "bench produce with callers", "bench", "produce", "bench", "--records", 301, "--connections", 2, "--callers", 3, "-o", "json"))[-1]
    check(told["records"] == 301 and told["callers"] == 3 and told["durability"] == "fsync" and 0 < told["ack_ms"]["p50"] <= told["ack_ms"]["max"],
          "          counts all callers' records")
    told = lines(expect(broker, 0, "bench produce with callers by callbacks", "bench", "produce", "bench", "--records", 301, "--connections", 2, "--callers", 3, "--by-callbacks", "-o", "json"))[-1]
    check(told["records"] == 301 and told["durability"] == "fsync" and 0 < told["ack_ms"]["p50"] <= told["ack_ms"]["max"], "          counts all of them, too")
    expect(broker, 2, "--by-callbacks without --callers", "bench", "produce", "bench", "--by-callbacks", says=["--callers"])
    expect(broker, 2, "--callers with --rate", "bench", "produce", "bench", "--callers", 3, "--rate", "1k/s", says=["choose one"])
    expect(broker, 4, "bench of an unknown topic", "bench", "produce", "nowhere", says=["UNKNOWN_TOPIC"])


# --- pipes and signals ---

def broken_pipe(broker):
    run(broker, "produce", "bench", stdin="x" * 200 + "\n")
    command = " ".join(broker.qalam_command("consume", "bench", "-e"))
    done = subprocess.run(["bash", "-c", f"{command} | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, timeout=60)
    check(done.stdout.strip() in ("141", "0") and not done.stderr, f"a reader that stops ends it silently {done.stdout.strip()} {done.stderr[:200]}")
    command = " ".join(broker.qalam_command("tail", "bench"))
    begun = time.monotonic()
    done = subprocess.run(["bash", "-c", f"{command} | head -n 1 >/dev/null"], capture_output=True, text=True, timeout=60)
    check(time.monotonic() - begun < 5 and not done.stderr, f"tail ends with its reader, though no record comes ({time.monotonic() - begun:.1f} s)")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(broker.qalam_command("consume", "bench", "-e"), stdout=full, stderr=subprocess.PIPE, timeout=60)
    check(done.returncode == 1, f"output that can't be written is an error ({done.returncode})")


class Started:
    """A qalam process that is to be interrupted; `ready` is what to wait for before."""

    def __init__(self, broker, *arguments, stdin=None):
        self.process = subprocess.Popen(broker.qalam_command(*arguments), stdin=stdin or subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def interrupt(self, timeout=20):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout)  # Its stdin stays open until it has ended.
        except subprocess.TimeoutExpired:
            self.process.kill()
        out, err = self.process.communicate()
        return self.process.returncode, out, err


def interrupts(broker):
    run(broker, "topic", "create", "c", "-p", 1)
    run(broker, "produce", "c", stdin="1\n2\n3\n")
    for verb in (["consume", "c"], ["tail", "c"], ["consume", "c", "-f", "-o", "json"]):
        started = Started(broker, *verb)
        first = started.process.stdout.readline()
        code, rest, _ = started.interrupt()
        check(code == 130 and len((first + rest).splitlines()) == 3, f"Ctrl-C in {' '.join(verb)}: what was read is written, exit {code}")
    started = Started(broker, "produce", "c", "-o", "json", stdin=subprocess.PIPE)
    started.process.stdin.write(b"4\n5\n6\nhalf")
    first = started.process.stdout.readline()
    time.sleep(0.5)
    code, rest, err = started.interrupt()
    acks = (first + rest).splitlines()
    error = json.loads(err)["error"]
    check((error["exit"], error["acknowledged"], error["failed"]) == (130, 3, 0), f"          says on stderr what became of them {error}")
    check(code == 130 and len(acks) == 3 and values(broker, "c")[3:] == ["4", "5", "6"], f"Ctrl-C in produce: every whole line sent and acknowledged, exit {code}")
    started = Started(broker, "bench", "produce", "c", "--records", 10**9, "--size", 10, "--rate", "1k/s")
    time.sleep(1)
    code, _, _ = started.interrupt()
    check(code == 130, f"Ctrl-C in bench produce: exit {code}")
    started = Started(broker, "bench", "produce", "c", "--records", 10**9, "--size", 10, "--callers", 2)
    time.sleep(1)
    code, _, _ = started.interrupt()
    check(code == 130, f"Ctrl-C in bench produce --callers: exit {code}")
    started = Started(broker, "bench", "produce", "c", "--records", 10**9, "--size", 10, "--callers", 2, "--by-callbacks")
    time.sleep(1)
    code, _, _ = started.interrupt()
    check(code == 130, f"Ctrl-C in bench produce --by-callbacks: exit {code}")
    started = Started(broker, "bench", "e2e", "c", "--records", 10**6, "--rate", "1k/s")
    time.sleep(1)
    code, _, _ = started.interrupt()
    check(code == 130, f"Ctrl-C in bench e2e: exit {code}")
    for verb in (["consume", "packed"], ["tail", "packed", "--from", "start"]):
        started = Started(broker, *verb)
        time.sleep(1)  # Nobody reads: its output is stuck.
        begun = time.monotonic()
        started.process.send_signal(signal.SIGINT)
        code = started.process.wait(20)
        took = time.monotonic() - begun
        started.process.communicate()
        check(code == 130 and took < 2, f"Ctrl-C in {verb[0]} whose output nobody reads: exit {code} after {took:.1f} s")

    # A broker that is stopped: everything waits, and Ctrl-C ends it.
    producing = Started(broker, "produce", "c", "-p", 0, "-o", "json", stdin=subprocess.PIPE)
    producing.process.stdin.write(b"6\n")
    check(b"fsync" in producing.process.stdout.readline(), "a line of a pipe leaves at once")
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        for verb in (["topic", "list"], ["cluster", "info"], ["cluster", "health", "--wait"], ["topic", "describe", "c"], ["consume", "c"],
                     ["topic", "create", "later"], ["config", "get"], ["broker", "list"], ["partition", "list"], ["bench", "consume", "c"]):
            started = Started(broker, "--timeout", "60s", *verb)
            time.sleep(0.6)
            begun = time.monotonic()
            code, _, _ = started.interrupt()
            check(code == 130 and time.monotonic() - begun < 3, f"Ctrl-C in {' '.join(verb)} while the broker is silent: exit {code}")
        for verb in (["topic", "create", "late"], ["topic", "alter", "c", "-c", "retention.ms=1d"]):
            expect(broker, 6, f"{' '.join(verb[:2])} that a stopped broker does not answer", "--timeout", "500ms", *verb,
                   says=["AMBIGUOUS", f"no answer from {broker.address} within 500 ms; {' '.join(verb[:2])} may or may not"])
        producing.process.stdin.write(b"7\n")
        time.sleep(0.6)
        producing.process.send_signal(signal.SIGINT)
        time.sleep(0.6)
        check(producing.process.poll() is None, "the first Ctrl-C in produce waits for verdicts")
        begun = time.monotonic()
        code, _, _ = producing.interrupt()
        check(code == 130 and time.monotonic() - begun < 2, "          the second ends it at once")
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)


def dev(tmp):
    env = {**os.environ, "TMPDIR": str(tmp / "devtmp")}
    (tmp / "devtmp").mkdir()
    process = subprocess.Popen([tool("qalam"), "dev", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**env, "PATH": f"{pathlib.Path(tool('qalamd')).parent}:{env['PATH']}"}, text=True)
    try:
        text = ""
        while "tail demo" not in text:
            line = process.stdout.readline()
            if not line:
                break
            text += line
        address = re.search(r"127\.0\.0\.1:\d+", text)
        check(address is not None and "produce demo" in text, f"dev says where it listens and what to try {text[:100]!r}")
        if address is None:
            return
        q = [tool("qalam"), "-b", address.group()]
        done = subprocess.run([*q, "produce", "demo"], input=b"hi\n", capture_output=True, timeout=30)
        check(done.returncode == 0, f"dev: a topic is made on first use {done.stderr.decode()[-200:]}")
        done = subprocess.run([*q, "consume", "demo", "-e"], capture_output=True, timeout=30)
        check(done.stdout == b"hi\n", "dev: and read back")
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(40)
        process.stdout.close()
        process.stderr.close()
    check(code == 130, f"Ctrl-C in dev: exit {code}")
    check(not os.listdir(tmp / "devtmp"), f"dev: the temporary directory is gone {os.listdir(tmp / 'devtmp')}")


def offline(data, tmp):
    log = data / "log/orders-0/00000000000000000000.log"
    done = subprocess.run([tool("qalam"), "log", "verify", data], capture_output=True, text=True)
    check(done.returncode == 0 and not done.stdout, f"log verify of a stopped broker's directory {done.stdout[:300]}")
    told = json.loads(subprocess.run([tool("qalam"), "log", "verify", data, "-o", "json"], capture_output=True).stdout)
    check(told["findings"] == [] and told["records"] > 1000, "          -o json counts what it checked")
    dump = subprocess.run([tool("qalam"), "log", "dump", "--records", log], capture_output=True, text=True).stdout
    check("baseOffset: 0 " in dump and 'key: "key' in dump, "log dump shows batches and records")
    copy = tmp / "damaged"
    shutil.copytree(data / "log/orders-0", copy)
    damaged = bytearray((copy / log.name).read_bytes())
    damaged[80] ^= 1
    (copy / log.name).write_bytes(damaged)
    done = subprocess.run([tool("qalam"), "log", "verify", copy], capture_output=True, text=True)
    check(done.returncode == 1 and "CRC" in done.stdout, "log verify finds one bit, exit 1")


def main():
    with temporary_directory() as tmp:
        with Broker(tmp / "data") as broker:
            topics(broker)
            acknowledgements(broker)
            records(broker)
            inputs(broker, tmp)
            partly(broker)
            memory(broker)
            conditional(broker)
            places(broker)
            trimming(broker)
            cluster(broker)
            bench(broker)
            broken_pipe(broker)
            interrupts(broker)
        offline(tmp / "data", tmp)
        dev(tmp)
    check.finish()


if __name__ == "__main__":
    main()
