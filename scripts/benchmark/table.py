"""Rows, sides, samples and goals: plain data, as the JSON has it."""
import dataclasses
from typing import Callable, Optional

FSYNC = "fsync"  # Acknowledged after the disk has it.
OS = "os"  # Acknowledged once the kernel has it: a power loss may take it back.
NOTHING = "-"  # Nothing is written.


@dataclasses.dataclass
class Metric:
    """One figure of a sample. `lower` is better: a latency; else higher is."""
    key: str
    title: str
    lower: bool = False


@dataclasses.dataclass
class Goal:
    """`side`'s median of `metric` is at least (at most, if lower is better) `factor` times that of `other`, or
    times 1 if there is no other. `flat`: the medians of all sides are within `factor` of each other."""
    text: str
    metric: str
    factor: float
    side: str = "qalam"
    other: Optional[str] = None
    flat: bool = False


@dataclasses.dataclass
class Side:
    """One of those compared. `sample` measures once and returns {metric: number}."""
    name: str
    durability: str
    settings: str
    sample: Callable[[], dict]
    # Done before the first sample and not counted.
    prepare: Optional[Callable[[], None]] = None
    # Why it can't be measured here.
    skipped: Optional[str] = None
    # Of a curve: whose it is and at which x.
    series: Optional[str] = None
    x: Optional[float] = None


@dataclasses.dataclass
class Row:
    id: str
    title: str
    metrics: list
    sides: list
    goals: list = dataclasses.field(default_factory=list)
    # At most so many samples a side, where one takes minutes.
    pairs_max: int = 1000
    # So many times as many, where samples are small and the machine is not that even.
    pairs_times: int = 1
    # Of a curve: what x is.
    x_title: Optional[str] = None
    # Done at the end, whatever happened.
    close: Optional[Callable[[], None]] = None
    # Takes its samples from this row's.
    taken_from: Optional[str] = None
    # After its samples each side runs once more, uncounted, to see what the machine itself does meanwhile.
    pauses: bool = False


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def middle(values):
    """Lowest and highest without the one that strays most at each end, where there are enough of them."""
    ordered = sorted(values)
    return (ordered[1], ordered[-2]) if len(ordered) >= 4 else (ordered[0], ordered[-1])


def values_of(side, key):
    """All samples' values of a metric, of a side as it is in the JSON."""
    return [sample[key] for sample in side.get("samples", []) if sample.get(key) is not None]


def median_of(row, name, key):
    for side in row["sides"]:
        if side["name"] == name:
            values = values_of(side, key)
            return median(values) if values else None
    return None


def judge(row, goal):
    """(held or None if it can't be told, ratio or figure) of a goal of a row as it is in the JSON."""
    lower = next((metric["lower"] for metric in row["metrics"] if metric["key"] == goal["metric"]), False)
    if goal["flat"]:
        medians = [median_of(row, side["name"], goal["metric"]) for side in row["sides"]]
        medians = [value for value in medians if value]
        if len(medians) < 2:
            return None, None
        ratio = max(medians) / min(medians)
        return ratio <= goal["factor"], ratio
    ours = median_of(row, goal["side"], goal["metric"])
    theirs = median_of(row, goal["other"], goal["metric"]) if goal["other"] else 1
    if ours is None or not theirs:
        return None, None
    ratio = ours / theirs
    return (ratio <= goal["factor"] if lower else ratio >= goal["factor"]), ratio


def number(value):
    """For people: three digits that matter."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.2f} M"
    if size >= 1e4:
        return f"{value / 1e3:.0f} k"
    if size >= 1e3:
        return f"{value / 1e3:.1f} k"
    if size >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.3f}"


def spread(values):
    """Of the samples, (max - min) / median."""
    return (max(values) - min(values)) / median(values) if values and median(values) else 0.0
