// Totals over time: the broker keeps 15 minutes by the second and 24 hours by the minute; after the first look at
// its page the seconds go on from the events.
import { signal } from "@preact/signals";
import { get } from "../api/client";
import type { History, Totals } from "../api/types";
import { camel } from "./rows";

export type Figure = keyof Totals;

/** Columns of equal length; `at` in seconds since 1970, as uPlot wants it. */
export interface Series {
  at: number[];
  values: Map<Figure, number[]>;
}

const secondsMax = 900;

const empty = (): Series => ({ at: [], values: new Map() });

/** The last 15 minutes. A new object with every second. */
export const recent = signal<Series>(empty());

function seriesOf(history: History): Series {
  const columns = history.columns.map(camel);
  const at = columns.indexOf("atMs");
  const values = new Map<Figure, number[]>();
  columns.forEach((name, i) => {
    if (i !== at)
      values.set(
        name as Figure,
        history.rows.map((row) => row[i] ?? 0),
      );
  });
  return { at: history.rows.map((row) => (row[at] ?? 0) / 1000), values };
}

/** Fetches what was before this page was opened. Keeps what there is when the broker has no history to tell. */
export async function loadRecent(): Promise<void> {
  try {
    const fetched = seriesOf(await get<History>("api/v1/history", { step: "1s" }));
    const since = fetched.at.at(-1) ?? 0;
    const mine = recent.value;
    const next: Series = { at: [...fetched.at], values: new Map([...fetched.values].map(([k, v]) => [k, [...v]])) };
    mine.at.forEach((at, i) => {
      if (at <= since) return;
      next.at.push(at);
      for (const [name, list] of next.values) list.push(mine.values.get(name)?.[i] ?? 0);
    });
    recent.value = next;
  } catch {
    // The charts begin now.
  }
}

export const loadDay = async (): Promise<Series> => seriesOf(await get<History>("api/v1/history", { step: "1m" }));

export function appendTotals(atMs: number, totals: Totals): void {
  const old = recent.peek();
  const at = atMs / 1000;
  if (at <= (old.at.at(-1) ?? 0)) return;
  const from = Math.max(0, old.at.length + 1 - secondsMax);
  const values = new Map<Figure, number[]>();
  for (const name of Object.keys(totals) as Figure[]) {
    const list = old.values.get(name) ?? new Array<number>(old.at.length).fill(0);
    values.set(name, [...list.slice(from), totals[name]]);
  }
  recent.value = { at: [...old.at.slice(from), at], values };
}

/** The last n values of a figure: for sparklines. */
export function lastOf(series: Series, figure: Figure, n: number): number[] {
  return series.values.get(figure)?.slice(-n) ?? [];
}
