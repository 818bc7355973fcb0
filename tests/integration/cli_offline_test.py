#!/usr/bin/env python3
"""The command line without a broker: help, usage errors, explain, completion, the generated reference pages.

Usage: cli_offline_test.py
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from harness import Checks, temporary_directory, tool

check = Checks()
ROOT = pathlib.Path(__file__).resolve().parents[2]


def qalam(*arguments, stdin=None, env=None, timeout=60):
    return subprocess.run([tool("qalam"), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                          env={**os.environ, **(env or {})})


def expect(code, what, *arguments, says=(), **options):
    done = qalam(*arguments, **options)
    missing = [word for word in says if not re.search(word, done.stdout + done.stderr)]
    held = done.returncode == code and not missing
    check(held, f"exit {code}: {what}" + ("" if held else f"; ended with {done.returncode}, lacks {missing}: "
                                          f"{(done.stdout + done.stderr).strip()[-300:]}"))
    return done


def verbs(node, path=()):
    for verb in node.get("verbs", []):
        here = (*path, verb["name"])
        if verb.get("verbs"):
            yield from verbs(verb, here)
        else:
            yield here


def help_pages():
    done = expect(0, "help", "help", says=["produce", "consume", "topic"])
    check(len(done.stdout.splitlines()) <= 25, f"the root help has at most 25 lines ({len(done.stdout.splitlines())})")
    check(qalam().stdout == done.stdout, "no verb at all shows it too")
    check(qalam("--help").stdout == done.stdout, "and so does --help")
    tree = json.loads(qalam("help", "--json").stdout)
    check(set(tree["exit_codes"]) == {"0", "1", "2", "3", "4", "5", "6", "7", "8", "10", "130"},
          "help --json has the tree and every exit code")
    every = set(verbs(tree))
    wanted = {("produce",), ("consume",), ("tail",), ("dev",), ("explain",), ("completion",), ("version",), ("help",), ("owner",), ("top",), ("debug", "bundle"),
              ("partition", "list"), ("cluster", "info"), ("cluster", "health"), ("broker", "list"),
              ("config", "get"), ("config", "set"), ("log", "dump"), ("log", "verify"),
              ("bench", "produce"), ("bench", "consume"), ("bench", "e2e"), ("bench", "ceiling"),
              *(("topic", verb) for verb in ("create", "list", "describe", "alter", "delete", "trim", "offsets"))}
    check(every == wanted, f"these verbs and no others {sorted(every ^ wanted)}")
    few = [" ".join(verb) for verb in sorted(every)
           if len(re.findall(r"^  .*qalam", qalam(*verb, "--help").stdout.split("Examples:")[-1], re.M)) < 3]
    check(not few, f"the help of every verb ends with three examples {few}")
    check(qalam("help", "topic", "create").stdout == qalam("topic", "create", "--help").stdout,
          "help VERB is VERB --help")


def usage():
    expect(2, "an unknown verb names the nearest", "prodcue", "x", says=["produce", r"\(exit 2"])
    expect(2, "an unknown option before the verb is named", "--dirs", "X", "topic", "list", says=["no option --dirs"])
    expect(2, "another", "--profile=p", "topic", "list", says=["no option --profile"])
    expect(2, "an unknown option", "consume", "x", "--form", "start", says=["--form"])
    expect(2, "a missing argument", "produce", says=["topic"])
    expect(2, "an unknown -X key names the nearest", "-X", "linger.mss=5", "topic", "list", says=["linger.ms"])
    expect(2, "an output form that is none", "-o", "yaml", "topic", "list", says=["ndjson"])
    expect(2, "a time-out that is none", "--timeout", "soon", "topic", "list", says=["10s"])
    expect(2, "%T of two meanings", "consume", "x", "--format", "%T", says=["%d"])
    expect(2, "a place that is none", "consume", "x", "--from", "middle", says=["start"])
    expect(2, "an expression that is none", "consume", "x", "--grep", "(", says=["expression"])
    expect(2, "a rate that is none", "produce", "x", "--rate", "fast", stdin="", says=["5k/s"])
    expect(2, "a conditional append without a partition", "produce", "x", "--expect-offset", "1", stdin="x\n",
           says=["-p"])
    done = expect(2, "an error in JSON", "topic", "create", "-o", "json")
    error = json.loads(done.stderr)["error"]
    check(set(error) == {"code", "message", "hint", "details", "exit"} and error["exit"] == 2 and not done.stdout,
          "          has code, message, hint, details and exit on stderr, nothing on stdout")
    done = expect(4, "a file that does not exist", "produce", "x", "/nonexistent/file", says=["/nonexistent/file"])
    check(len(done.stderr.strip().splitlines()) == 3 and done.stderr.startswith("error: NOT_FOUND: "),
          "          in three lines")


@contextlib.contextmanager
def http2_server(answer):
    """Speaks just enough HTTP/2 to be connected to; answers the first call with `answer`, bytes."""
    def serve(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.sendall(b"\0\0\0\4\0\0\0\0\0")  # SETTINGS.
                threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

    def serve_one(connection):
        with contextlib.suppress(OSError):
            rest = b""
            answered = False
            while True:
                data = connection.recv(65536)
                if not data:
                    return
                rest += data
                if rest.startswith(b"PRI * HTTP/2.0"):
                    rest = rest[24:]
                while len(rest) >= 9 and len(rest) >= 9 + int.from_bytes(rest[:3], "big"):
                    kind, flags = rest[3], rest[4]
                    rest = rest[9 + int.from_bytes(rest[:3], "big"):]
                    if kind == 4 and not flags & 1:
                        connection.sendall(b"\0\0\0\4\1\0\0\0\0")  # Its acknowledgement.
                    if kind == 1 and not answered:
                        answered = True
                        connection.sendall(answer)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield "127.0.0.1:%d" % listener.getsockname()[1]


# HEADERS that end the first stream; entry 13 of HPACK's table is ":status: 404".
NOT_FOUND = b"\0\0\1\1\5\0\0\0\1\x8d"


def no_answer():
    with http2_server(NOT_FOUND) as address:
        expect(3, "an HTTP/2 server that is no broker", "-b", address, "--timeout", "3s", "topic", "list",
               says=["UNREACHABLE", address + " does not speak Qalam's gRPC"])
    with http2_server(b"") as address:
        for verb, what in ((["topic", "create", "late"], "topic create"), (["topic", "delete", "c", "--yes"], "topic delete"),
                           (["topic", "alter", "c", "-c", "retention.ms=1d"], "topic alter"),
                           (["topic", "trim", "c", "-p", "0", "--yes"], "topic trim"),
                           (["config", "set", "log.retention.ms=30d"], "config set")):
            expect(6, f"{what} without an answer may have been carried out", "-b", address, "--timeout", "300ms", *verb,
                   says=["AMBIGUOUS", f"no answer from {address} within 300 ms; {what} may or may not", "Look with"])
        for verb in (["topic", "list"], ["topic", "create", "late", "--dry-run"]):
            done = expect(6, " ".join(verb) + " without an answer", "-b", address, "--timeout", "300ms", *verb,
                          says=["TIMED_OUT", f"no answer from {address} within 300 ms"])
            check("Deadline" not in done.stderr and "may or may not" not in done.stderr, "          which changed nothing")


def unreachable():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    for verb in (["topic", "list"], ["cluster", "info"], ["cluster", "health"], ["consume", "x", "-e"],
                 ["topic", "describe", "x"], ["config", "get"], ["bench", "produce", "x"]):
        begun = time.monotonic()
        expect(3, " ".join(verb) + " where nobody listens", "-b", f"127.0.0.1:{port}", "--timeout", "2s", *verb,
               says=["UNREACHABLE", r"exit 3"], timeout=20)
        check(time.monotonic() - begun < 8, f"          within {time.monotonic() - begun:.1f} s")
    expect(3, "a Unix socket that is not there", "-b", "unix:/nonexistent/qalam.sock", "--timeout", "2s", "topic",
           "list", says=["/nonexistent/qalam.sock"])
    expect(3, "the address of QALAM_BOOTSTRAP", "--timeout", "1s", "topic", "list",
           env={"QALAM_BOOTSTRAP": f"127.0.0.1:{port}"}, says=[str(port)])
    # Somebody accepts and never answers.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        process = subprocess.Popen([tool("qalam"), "-b", address, "--timeout", "60s", "topic", "list"],
                                   stderr=subprocess.PIPE)
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        code = process.wait(10)
        check(code == 130 and time.monotonic() - begun < 2, f"Ctrl-C while a request waits: exit {code}")
        process.stderr.close()
        begun = time.monotonic()
        done = qalam("-b", address, "--timeout", "1s", "topic", "list", timeout=20)
        check(done.returncode in (3, 6) and time.monotonic() - begun < 5,
              f"a broker that never answers: exit {done.returncode} within --timeout")


def explain_and_version():
    expect(0, "explain", "explain", "UNKNOWN_TOPIC", says=["UNKNOWN_TOPIC", "qalam topic create", "exit code 4"])
    expect(0, "explain in small letters", "explain", "no_space", says=["NO_SPACE"])
    told = json.loads(qalam("explain", "AMBIGUOUS", "-o", "json").stdout)
    check(told["code"] == "AMBIGUOUS" and told["exit"] == 6 and told["retriable"] is False, "explain -o json")
    expect(4, "explain names the nearest", "explain", "UNKNOWN_TOPICS", says=["UNKNOWN_TOPIC"])
    expect(0, "--version", "--version", says=[r"qalam \d+\.\d+\.\d+"])
    check(qalam("--version", "-o", "json").stdout == qalam("version", "-o", "json").stdout, "          is the verb version")
    told = qalam("explain", "TIMED_OUT").stdout
    check("nothing was written" in told and "AMBIGUOUS" in told, "explain TIMED_OUT tells the broker's case and the client's")
    expect(0, "version", "version", says=[r"qalam \d+\.\d+\.\d+"])
    check(set(json.loads(qalam("version", "-o", "json").stdout)) >= {"qalam", "wire"}, "version -o json")


def completion(tmp):
    for shell in ("bash", "zsh", "fish"):
        done = expect(0, f"completion {shell}", "completion", shell, says=["__complete"])
        path = shutil.which(shell)
        if path:
            checked = subprocess.run([path, "-n"], input=done.stdout, text=True, capture_output=True)
            check(checked.returncode == 0, f"          {shell} can read it {checked.stderr.strip()[:80]}")
    expect(2, "completion for another shell", "completion", "tcsh", says=["fish"])

    def words(*typed, env=None):
        return qalam("__complete", "--", *typed, env=env).stdout.split()
    check("produce" in words("pro") and "topic" not in words("pro"), "completes verbs by what is typed")
    check(set(words("topic", "")) >= {"create", "list", "delete"}, "completes the verbs of a noun")
    check("--from" in words("consume", "--fr"), "completes options")
    begun = time.monotonic()
    words("consume", "", env={"QALAM_BOOTSTRAP": "127.0.0.1:1"})
    check(time.monotonic() - begun < 1.5, "does not keep the shell waiting without a broker")
    begun = time.monotonic()
    words("--dir", str(tmp / "nowhere"), "consume", "")
    check(time.monotonic() - begun < 1.5 and not (tmp / "nowhere").exists(), "          or of a directory that nobody owns, and makes none")
    bash = shutil.which("bash")
    script = f"""set -e
      PATH={pathlib.Path(tool('qalam')).parent}:$PATH
      source <(qalam completion bash)
      COMP_WORDS=(qalam topi); COMP_CWORD=1; _qalam; echo "${{COMPREPLY[@]}}"
      COMP_WORDS=(qalam topic cr); COMP_CWORD=2; _qalam; echo "${{COMPREPLY[@]}}" """
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True)
    check(done.stdout.split("\n")[:2] == ["topic", "create"], f"bash completes {done.stdout!r} {done.stderr[-200:]}")


def reference_pages():
    for page, what in (("cli.md", "cli"), ("errors.md", "errors")):
        path = ROOT / "docs/reference" / page
        generated = qalam("__reference", what).stdout
        written = path.read_text() if path.exists() else ""
        check(generated and generated == written,
              f"docs/reference/{page} is what `qalam __reference {what}` prints")


def offline_files(tmp):
    expect(4, "log dump of a file that is not there", "log", "dump", tmp / "00000000000000000000.log", says=["NOT_FOUND", "does not exist"])
    expect(4, "log dump of what is no log's name and not there", "log", "dump", tmp / "none", says=["does not exist"])
    (tmp / "notes.txt").write_text("x")
    expect(2, "log dump of another file", "log", "dump", tmp / "notes.txt", says=["notes.txt"])
    done = expect(4, "log verify of nothing", "log", "verify", tmp / "none", says=["does not exist"])
    check("topic list" not in done.stderr, "          with a hint that fits")
    expect(2, "log verify of a directory without a log", "log", "verify", tmp)
    (tmp / "00000000000000000000.log").write_bytes(b"\x00\x01" * 5000)
    expect(0, "log dump of garbage says so", "log", "dump", tmp / "00000000000000000000.log", says=["not a batch"])
    expect(1, "log verify of garbage finds it", "log", "verify", tmp, says=["byte 0"])


def main():
    with temporary_directory() as tmp:
        help_pages()
        usage()
        unreachable()
        no_answer()
        explain_and_version()
        completion(tmp)
        offline_files(tmp)
        reference_pages()
    check.finish()


if __name__ == "__main__":
    main()
