"""What a run found out: one line a check, then `N passed, N failed`, as text or JSON."""
import json
import sys
import threading
import time

SAID_MAX = 30  # Failures; all are in the JSON.


class Report:
    """Counts what held and what did not. What a run could not show (a fault that did not fire) did not hold.
    Thread: any."""

    def __init__(self, verb, seed, as_json):
        self.verb = verb
        self.seed = seed
        self.as_json = as_json
        self.passed = 0
        self.failed = 0
        self.failures = []
        self.figures = {}
        self.lock = threading.Lock()
        self.begun = time.monotonic()

    def say(self, text):
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def check(self, held, what):
        """One check, said aloud."""
        if held:
            self.say("ok    " + what)
        return self.count(held, what)

    def count(self, held, what):
        """One of many checks: only a failure is said."""
        with self.lock:
            if held:
                self.passed += 1
                return True
            self.failed += 1
            self.failures.append(what)
            if len(self.failures) <= SAID_MAX:
                self.say("FAIL  " + what)
            return False

    def add(self, passed, failed, said):
        """The checks of another program; `said` is shown where some failed."""
        with self.lock:
            self.passed += passed
            self.failed += failed
            if failed:
                self.failures.append(said)
                self.say("FAIL  " + said)

    def figure(self, name, value):
        self.figures[name] = value

    def finish(self):
        """Prints the end; returns the exit code."""
        seconds = round(time.monotonic() - self.begun, 1)
        good = self.failed == 0 and self.passed > 0
        replay = f"qalam-qa {self.verb} --seed {self.seed}"
        if self.as_json:
            print(json.dumps({"verb": self.verb, "seed": self.seed, "replay": replay, "passed": self.passed,
                              "failed": self.failed, "failures": self.failures, "seconds": seconds,
                              "figures": self.figures}))
        else:
            for name, value in self.figures.items():
                print(f"      {name}: {value}")
            print(f"seed {self.seed} ({replay}), {seconds} s")
            print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 0 if good else 1
