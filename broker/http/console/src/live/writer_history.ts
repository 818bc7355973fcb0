// The writer threads' figures since this page was opened, for at most 15 minutes. The broker keeps no history of them.
import { effect, signal } from "@preact/signals";
import type { Writer } from "../api/types";
import { figuresAt, writers } from "./store";

const samplesMax = 900;

export interface WriterSample {
  at: number;
  writers: Writer[];
}

export const writerSamples = signal<WriterSample[]>([]);

effect(() => {
  const at = figuresAt.value / 1000;
  const current = writers.value;
  if (at <= 0 || current.length === 0) return;
  const old = writerSamples.peek();
  if (at <= (old.at(-1)?.at ?? 0)) return;
  writerSamples.value = [...old.slice(-(samplesMax - 1)), { at, writers: current }];
});
