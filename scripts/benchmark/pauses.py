"""What the machine itself does under a load: how often its host stops it, which decides the highest latencies."""
import subprocess

from benchmark import table
from benchmark.servers import Failed, last_json


def during(program, load):
    """What tests/bench/peers/pauses saw while `load` ran."""
    with subprocess.Popen([str(program)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as probe:
        try:
            load()
        finally:
            probe.terminate()
            said, _ = probe.communicate()
    if not said.strip():
        raise Failed(f"pauses said nothing and ended with {probe.returncode}")
    return last_json(said)


def text(seen):
    """For people, in one sentence."""
    if not seen["pauses"]:
        said = "the machine never stood still for more than 2 ms under this load"
    else:
        often, median, most = (table.number(seen[key]) for key in ("per_s", "p50_ms", "max_ms"))
        said = (f"the machine stood still {often} times a second for {median} ms (median; at most {most} ms) under "
                "this load")
    if not seen["real_time"]:
        said += "; without real-time priority this counts waiting for a processor, too"
    return said
