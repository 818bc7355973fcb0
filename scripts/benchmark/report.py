"""docs/performance.md and its plots, from the JSON of a run."""
import json
import pathlib

from benchmark import pauses, table
from benchmark.svg import line_plot

DURABILITY = {table.FSYNC: "durable", table.OS: "not durable", table.NOTHING: "-"}


def cell(values):
    """Median and, where there are several samples, their range."""
    if not values:
        return ""
    middle = table.number(table.median(values))
    if len(values) == 1 or min(values) == max(values):
        return middle
    return f"{middle} ({table.number(min(values))} - {table.number(max(values))})"


def side_line(row, side):
    figures = [cell(table.values_of(side, metric["key"])) for metric in row["metrics"]]
    if side["skipped"]:
        figures = [f"skipped: {side['skipped']}"] + figures[1:]
    return [side["name"], DURABILITY[side["durability"]], *figures]


def markdown(head, lines):
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |"
                     for line in [head, ["---"] * len(head), *lines]) + "\n"


def judged(row):
    """(goal's text, held, ratio) of each goal."""
    return [(goal["text"], *table.judge(row, goal)) for goal in row["goals"]]


def without_figures(row):
    """A row that looks at another row's samples leaves out the sides that say nothing about it."""
    if not row["taken_from"]:
        return row
    keys = [metric["key"] for metric in row["metrics"]]
    return {**row, "sides": [side for side in row["sides"] if any(table.values_of(side, key) for key in keys)]}


def row_section(row):
    used = [metric for metric in row["metrics"]
            if any(table.values_of(side, metric["key"]) for side in row["sides"])] or row["metrics"][:1]
    shown = {**row, "metrics": used}
    head = ["side", "acknowledged", *(metric["title"] for metric in used)]
    parts = [f"### {row['id']}. {row['title']}\n", markdown(head, [side_line(shown, side) for side in row["sides"]])]
    for text, held, ratio in judged(row):
        said = "not measured" if held is None else ("reached" if held else "**missed**") + f", {table.number(ratio)}"
        parts.append(f"- goal {text}: {said}")
    settings = dict.fromkeys((side["series"] or side["name"], side["settings"]) for side in row["sides"])
    if not row["x_title"] or row["id"] == "m":
        parts.append("")
        parts += [f"- {name}: `{said}`" for name, said in settings]
        parts += machine_itself(row)
    return "\n".join(parts) + "\n"


def machine_itself(row):
    """Lines on what stopped both sides alike, where that was looked at."""
    seen = [(side["name"], side["pauses"]) for side in row["sides"] if side.get("pauses")]
    if not seen:
        return []
    return ["", "What the machine itself does, seen by a real-time thread that sleeps 1 ms at a time, in one more run "
            "of each side that does not count:\n", *(f"- {name}: {pauses.text(each)}" for name, each in seen)]


# --- what we are slower at ---

def slower(rows):
    """A line for every figure of ours that a peer's beats."""
    found = []
    for row in rows:
        for metric in row["metrics"]:
            ours = table.median_of(row, "qalam", metric["key"])
            for side in row["sides"]:
                values = table.values_of(side, metric["key"])
                if ours is None or not values or side["name"].startswith(("qalam", "ceiling", "ping-pong")):
                    continue
                theirs = table.median(values)
                if (theirs < ours) if metric["lower"] else (theirs > ours):
                    found.append(f"- ({row['id']}) {metric['title']}: {table.number(ours)}, "
                                 f"{side['name']} {table.number(theirs)}")
    return found


# --- plots ---

def curve(row, keys):
    """{name: points} of a curve: a line for each series and key."""
    lines = {}
    for side in row["sides"]:
        if side["x"] is None:
            continue
        for key, title in keys:
            values = table.values_of(side, key)
            if values:
                name = side["series"] + (f" / {title}" if title else "")
                lines.setdefault(name, []).append((side["x"], table.median(values), min(values), max(values)))
    return {name: points for name, points in lines.items() if points}


def plots(rows):
    """{file name: (title, SVG)}"""
    by_id = {row["id"]: row for row in rows}
    wanted = [
        ("window.svg", "w", "Throughput against batches in flight (100 B, durable)", "records/s",
         [("records_per_s", "")]),
        ("rate.svg", "r", "Latency of acknowledgements against rate (open loop, 100 B, durable)", "ms",
         [("p50_ms", "p50"), ("p99_ms", "p99"), ("p999_ms", "p99.9")]),
        ("size.svg", "m", "Cost against data in the log", "records/s",
         [("records_per_s", "append"), ("old_warm", "old, warm"), ("new_warm", "new, warm")]),
    ]
    made = {}
    for name, row_id, title, y_title, keys in wanted:
        lines = curve(by_id[row_id], keys) if row_id in by_id else {}
        if row_id == "m":  # One series; its lines are the metrics.
            lines = {key.split(" / ")[-1]: points for key, points in lines.items()}
        if lines:
            made[name] = (title, line_plot(title, by_id[row_id]["x_title"], y_title, lines, log_y=row_id != "m"))
    return made


# --- the page ---

def skipped(rows):
    """What was not measured, and why: a line each."""
    return [f"- ({row['id']}) {side['name']}: {side['skipped']}" for row in rows for side in row["sides"]
            if side["skipped"]]


def overview(rows):
    lines = []
    for row in rows:
        for text, held, ratio in judged(row):
            lines.append([row["id"], row["title"], text, table.number(ratio),
                          "-" if held is None else "yes" if held else "no"])
    return markdown(["row", "work", "goal", "got", "reached"], lines)


def machine_lines(run):
    machine = run["machine"]
    return [
        f"- machine: {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, {machine['system']}, "
        f"Linux {machine['kernel']}, {machine['file_system']}; a write of 4 KiB and its fdatasync: "
        f"{machine['sync_4k_us']} us (median); {machine['busy_before']:.0%} busy with other things before the run",
        f"- commit: {run['commit']}; begun: {run['begun']}; "
        + ("a quick run, with samples of a quarter of the size" if run["quick"] else "full samples")
        + ("; --hold-memory: all memory touched once, none given back to the host" if run["memory_held"] else ""),
        "- versions: " + ", ".join(f"{name} {version}" for name, version in run["versions"].items()),
    ]


def page(run, findings, plot_files):
    rows = [without_figures(row) for row in run["rows"]]
    behind = slower(rows)
    parts = [
        "# Performance\n",
        "Made by `scripts/bench --report`, except for Findings; measure it yourself with `scripts/bench`.\n",
        "Client and server share one machine. The sides of a row take turns (A B A B ...); a figure is the median of "
        "the samples, with the lowest and the highest in brackets. Before each sample everything unwritten is synced, "
        "and all other servers are held still. \"Durable\" is acknowledged after the disk has it: Qalam's default, "
        "Kafka with `flush.messages=1`, Redis with `appendfsync=always`, NATS with `sync_interval=always`.\n",
        "\n".join(machine_lines(run)) + "\n",
        "## Goals\n", overview(rows),
        "## What we are slower at\n",
        "\n".join(behind) + "\n" if behind else "Nothing that was measured in this run.\n",
    ]
    missing = skipped(rows)
    if missing:
        parts += ["## What was not measured\n", "\n".join(missing) + "\n"]
    if plot_files:
        parts.append("## Curves\n")
        parts += [f"![{title}](performance/{name})\n" for name, title in plot_files]
    parts.append("## Rows\n")
    parts += [row_section(row) for row in rows]
    if findings.strip():
        parts.append(findings.strip() + "\n")
    return "\n".join(parts)


def write(run, docs):
    docs = pathlib.Path(docs)
    folder = docs / "performance"
    folder.mkdir(parents=True, exist_ok=True)
    made = plots(run["rows"])
    for name, (_, drawn) in made.items():
        (folder / name).write_text(drawn, encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    findings = folder / "findings.md"
    said = findings.read_text(encoding="utf-8") if findings.exists() else ""
    (docs / "performance.md").write_text(page(run, said, [(name, title) for name, (title, _) in made.items()]),
                                         encoding="utf-8")


def summary(rows):
    """For the terminal: a line a side with the first metric, and the goals."""
    out = []
    for row in map(without_figures, rows):
        out.append(f"{row['id']}. {row['title']}")
        for side in row["sides"]:
            if side["skipped"]:
                out.append(f"    {side['name']:<24} skipped: {side['skipped']}")
                continue
            figures = [f"{metric['title']} {cell(table.values_of(side, metric['key']))}" for metric in row["metrics"]
                       if table.values_of(side, metric["key"])]
            out.append(f"    {side['name']:<24} {DURABILITY[side['durability']]:<12} {'; '.join(figures)}")
        for text, held, ratio in judged(row):
            out.append(f"    goal {text}: " + ("not measured" if held is None else
                                              f"{'reached' if held else 'MISSED'} ({table.number(ratio)})"))
    return "\n".join(out)
