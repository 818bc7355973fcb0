// Whether all is well, in one sentence, and what is not, with a place to look.
import { computed } from "@preact/signals";
import { bytes, count, plural, rate, span } from "./format";
import { arrivedAt, cluster, link, problems, rows, totals, writers } from "./live/store";
import { href } from "./router";
import type { State } from "./ui/icons";

export interface Problem {
  state: State;
  text: string;
  href: string;
}

const refusedShown = 5;

/** "orders/3: offline: ..." leads to that partition. */
function placeOf(text: string): string {
  const found = /([A-Za-z0-9._-]+)[/:](\d+)/.exec(text);
  if (found?.[1] !== undefined && found[2] !== undefined && rows.find(found[1], Number(found[2]))) {
    return href(["topics", found[1]], { open: found[2] });
  }
  return href(["leaders"], { problems: "1" });
}

function refusals(): Problem[] {
  const refusing = rows.all.filter((row) => row.now.refused > 0).sort((a, b) => b.now.refused - a.now.refused);
  const shown = refusing.slice(0, refusedShown).map(
    (row): Problem => ({
      state: "warning",
      text: `${row.id}: the writer refuses ${rate(row.now.refused)} batches/s`,
      href: href(["story", row.now.topic, row.now.partition]),
    }),
  );
  if (refusing.length > refusedShown) {
    const rest = refusing.length - refusedShown;
    shown.push({
      state: "warning",
      text: `${plural(rest, "more partition")} with refused batches`,
      href: href(["leaders"], { problems: "1", sort: "-refused" }),
    });
  }
  return shown;
}

const diskWarnMs = 6 * 3600_000;

function disk(): Problem[] {
  const figures = totals.value;
  const left = diskLasts(figures?.diskFreeBytes ?? 0, figures?.bytesIn ?? 0);
  if (!figures || left === null || left > diskWarnMs) return [];
  return [
    {
      state: "warning",
      text: `The disk has ${bytes(figures.diskFreeBytes)} free: ${span(left)} at the present rate, if nothing is deleted meanwhile`,
      href: href(["brokers", cluster.value?.brokers[0]?.id ?? 1]),
    },
  ];
}

/** Milliseconds until the disk is full at this rate; null: it isn't filling. */
export function diskLasts(free: number, bytesPerSecond: number): number | null {
  return bytesPerSecond < 1024 ? null : (free / bytesPerSecond) * 1000;
}

export const problemList = computed<Problem[]>(() => {
  rows.tick.value;
  return [
    ...problems.value.map((text): Problem => ({ state: "error", text, href: placeOf(text) })),
    ...refusals(),
    ...disk(),
  ];
});

export interface Verdict {
  state: State;
  text: string;
}

export const verdict = computed<Verdict>(() => {
  if (arrivedAt.value === 0) {
    return link.value === "lost"
      ? { state: "error", text: "The broker does not answer." }
      : { state: "unknown", text: "Asking the broker…" };
  }
  const figures = totals.value;
  const partitions = figures?.partitions ?? 0;
  const offline = figures?.offline ?? 0;
  if (offline > 0) {
    return {
      state: "error",
      text: `${count(offline)} of ${plural(partitions, "partition")} can't be written or read.`,
    };
  }
  const errors = problems.value.length;
  if (errors > 0) return { state: "error", text: `The broker reports ${plural(errors, "problem")}.` };
  const warnings = problemList.value.length;
  if (partitions === 0) return { state: "ok", text: "The broker is ready; there is no topic yet." };
  const all = partitions === 1 ? "The one partition" : `All ${count(partitions)} partitions`;
  if (warnings > 0) {
    return {
      state: "warning",
      text: `${all} can be written and read, but ${warnings === 1 ? "one thing needs" : `${warnings} things need`} a look.`,
    };
  }
  const threads = writers.value.length;
  return { state: "ok", text: `${all} can be written and read, by ${plural(threads, "writer thread")}.` };
});
