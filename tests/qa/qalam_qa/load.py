"""The load of our client library: a qalam-qa-load process, its counts as they grow."""
import json
import subprocess
import threading
import time

from qalam_qa import programs

ACK_SECONDS_MAX = 10


class Load:
    """Producers and tailing readers on one topic until finish(). `counts` are those of the last 20 ms."""

    def __init__(self, broker, topic, history, name="p", **options):
        command = [programs.find("qalam-qa-load"), "run", f"broker={broker.address}", f"topic={topic}",
                   f"history={history.part(f'{topic}.load-{name}')}", f"name={name}"]
        command += [f"{key}={value}" for key, value in options.items()]
        self.counts = {"acked": 0, "sent": 0, "read": 0}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        for line in self.process.stdout:
            self.counts = json.loads(line)

    def next_acknowledgement(self):
        before = self.counts["acked"]
        until = time.monotonic() + ACK_SECONDS_MAX
        while self.counts["acked"] == before:
            if time.monotonic() > until:
                raise AssertionError(f"nothing was acknowledged within {ACK_SECONDS_MAX} s")
            time.sleep(0.01)

    def lull(self, rng, longest):
        """Waits for a random time, three times in four from the next acknowledgement on; whether there was one.

        A producer needs a moment to find a broker again: without the wait, faults in quick succession would mostly
        meet a broker that nobody writes to. Without exception there would be none during that moment.
        """
        before = self.counts["acked"]
        until = time.monotonic() + (ACK_SECONDS_MAX if rng.random() < 0.75 else 0)
        while self.counts["acked"] == before and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, longest))
        return self.counts["acked"] > before

    def finish(self, timeout=200):
        """Lets it end; returns the final counts. Errors: AssertionError."""
        self.process.stdin.close()
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            self.process.kill()
            raise AssertionError(f"the load did not end within {timeout} s; last counts {self.counts}") from late
        self.thread.join()
        if code != 0:
            raise AssertionError(f"the load ended with {code}: {self.process.stderr.read().strip()}")
        return self.counts

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
