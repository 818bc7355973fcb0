// What the console knows about the broker now. Fed by live/connection.ts; pages only read.
import { batch, computed, signal } from "@preact/signals";
import type { Cluster, Delta, FeedLine, Session, Snapshot, Totals, Writer } from "../api/types";
import { appendTotals } from "./history";
import { camel, Rows } from "./rows";

export type Link = "connecting" | "live" | "polling" | "lost";

const feedLinesMax = 200;

export const link = signal<Link>("connecting");
export const cluster = signal<Cluster | null>(null);
export const session = signal<Session | null>(null);
export const totals = signal<Totals | null>(null);
export const writers = signal<Writer[]>([]);
export const problems = signal<string[]>([]);
export const feed = signal<FeedLine[]>([]);
export const rows = new Rows();

/** The broker's time of the newest figures, and ours when they came. */
export const figuresAt = signal(0);
export const arrivedAt = signal(0);

/** Our clock, once a second: for ages. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 1000);

const staleAfterMs = 4000; // With our clock of a second, told within five.

/** The figures on the screen are old. */
export const stale = computed(() => arrivedAt.value > 0 && now.value - arrivedAt.value >= staleAfterMs);

export const readOnly = computed(() => session.value?.mode !== "operator");

function camelKeys<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [camel(key), each])) as T;
}

export function applySnapshot(event: Snapshot): void {
  batch(() => {
    cluster.value = event.cluster;
    problems.value = event.cluster.problems ?? [];
    totals.value = camelKeys(event.totals);
    writers.value = event.writers.map(camelKeys);
    feed.value = event.feed.map(camelKeys).slice(-feedLinesMax);
    rows.replace(event.columns, event.rows);
    arrived(event.atMs);
  });
}

export function applyDelta(event: Delta): void {
  batch(() => {
    if (event.totals) {
      totals.value = camelKeys(event.totals);
      appendTotals(event.atMs, totals.value);
    }
    if (event.writers) writers.value = event.writers.map(camelKeys);
    if (event.problems && event.problems.join("\n") !== problems.value.join("\n")) problems.value = event.problems;
    if (event.feed && event.feed.length > 0) {
      feed.value = [...feed.value, ...event.feed.map(camelKeys)].slice(-feedLinesMax);
    }
    if (event.rows || event.gone) rows.change(event.rows ?? [], event.gone ?? []);
    arrived(event.atMs);
  });
}

function arrived(atMs: number): void {
  figuresAt.value = atMs;
  arrivedAt.value = Date.now();
  now.value = arrivedAt.value;
}

/** For a tab that joins: everything as one snapshot; null before there is one. */
export function currentSnapshot(): Snapshot | null {
  if (!cluster.value || !totals.value) return null;
  return {
    atMs: figuresAt.value,
    intervalMs: 1000,
    cluster: { ...cluster.value, problems: problems.value },
    totals: totals.value,
    writers: writers.value,
    feed: feed.value,
    ...rows.dump(),
  };
}
