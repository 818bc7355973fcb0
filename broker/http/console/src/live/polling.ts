// The fallback where events do not come through (some proxies hold them back): asks for the figures every few seconds
// and computes rates from two answers.
import { get } from "../api/client";
import type { Cluster, Int64, RowValues, Snapshot, Totals, Writer } from "../api/types";
import { num } from "../format";

const everyMs = 3000;

interface HistogramJson {
  bounds: number[];
  counts: Int64[];
  sum: number;
}

interface WriterFigures {
  number: number;
  queueDepth: Int64;
  groupBatches: HistogramJson;
  groupBytes: HistogramJson;
  writeSeconds: HistogramJson;
  syncSeconds: HistogramJson;
  refused: Record<string, Int64>;
}

interface PartitionFigures {
  topic: string;
  partition: number;
  records: Int64;
  bytes: Int64;
  duplicates: Int64;
  refused: Int64;
  fetchedBytes: Int64;
  logStartOffset: Int64;
  highWatermark: Int64;
  sizeBytes: Int64;
  offline: boolean;
  writerThread: number;
  leaderEpoch: number;
}

interface Figures {
  atMs: Int64;
  writers: WriterFigures[];
  partitions: PartitionFigures[];
  parkedReaders: Int64;
  residentBytes: Int64;
  diskFreeBytes: Int64;
}

const columns = [
  "topic",
  "partition",
  "leader",
  "epoch",
  "writer",
  "start",
  "high",
  "size",
  "recordsIn",
  "bytesIn",
  "bytesOut",
  "refused",
  "status",
];

/** The value below which a share of the counts lies, by the bounds; null where nothing was counted. */
function quantile(bounds: number[], counts: number[], share: number): number | null {
  const total = counts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return null;
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i] ?? 0;
    if (seen >= total * share) return bounds[i] ?? bounds.at(-1) ?? null;
  }
  return bounds.at(-1) ?? null;
}

const since = (now: HistogramJson, before: HistogramJson | undefined): number[] =>
  now.counts.map((each, i) => Math.max(0, num(each) - num(before?.counts[i])));

const sum = <T>(list: T[], value: (each: T) => number): number => list.reduce((total, each) => total + value(each), 0);

function snapshotOf(cluster: Cluster, now: Figures, before: Figures): Snapshot {
  const seconds = Math.max(0.001, (num(now.atMs) - num(before.atMs)) / 1000);
  const old = new Map(before.partitions.map((each) => [`${each.topic}/${each.partition}`, each]));
  const rateOf = (field: "records" | "bytes" | "fetchedBytes" | "refused" | "duplicates") => (each: PartitionFigures) =>
    Math.max(0, (num(each[field]) - num(old.get(`${each.topic}/${each.partition}`)?.[field])) / seconds);
  const leader = cluster.brokers[0]?.id ?? -1;
  const rows: RowValues[] = now.partitions.map((each) => [
    each.topic,
    each.partition,
    each.offline ? -1 : leader,
    each.leaderEpoch,
    each.writerThread,
    num(each.logStartOffset),
    num(each.highWatermark),
    num(each.sizeBytes),
    rateOf("records")(each),
    rateOf("bytes")(each),
    rateOf("fetchedBytes")(each),
    rateOf("refused")(each),
    each.offline ? "offline" : "ok",
  ]);
  const writers: Writer[] = now.writers.map((each) => {
    const was = before.writers.find((other) => other.number === each.number);
    const ms = (histogram: "writeSeconds" | "syncSeconds", share: number) =>
      (quantile(each[histogram].bounds, since(each[histogram], was?.[histogram]), share) ?? 0) * 1000;
    const groups = sum(since(each.groupBatches, was?.groupBatches), (n) => n);
    const perGroup = (histogram: "groupBatches" | "groupBytes") =>
      groups === 0 ? 0 : (each[histogram].sum - (was?.[histogram].sum ?? 0)) / groups;
    return {
      number: each.number,
      queueDepth: num(each.queueDepth),
      groups: groups / seconds,
      batchesPerGroup: perGroup("groupBatches"),
      bytesPerGroup: perGroup("groupBytes"),
      writeMsP50: ms("writeSeconds", 0.5),
      writeMsP99: ms("writeSeconds", 0.99),
      syncMsP50: ms("syncSeconds", 0.5),
      syncMsP99: ms("syncSeconds", 0.99),
      refused: sum(Object.entries(each.refused), ([word, n]) => num(n) - num(was?.refused[word])) / seconds,
      partitions: now.partitions.filter((partition) => partition.writerThread === each.number).length,
    };
  });
  const totals: Totals = {
    recordsIn: sum(now.partitions, rateOf("records")),
    bytesIn: sum(now.partitions, rateOf("bytes")),
    bytesOut: sum(now.partitions, rateOf("fetchedBytes")),
    refused: sum(now.partitions, rateOf("refused")),
    duplicates: sum(now.partitions, rateOf("duplicates")),
    parkedReaders: num(now.parkedReaders),
    residentBytes: num(now.residentBytes),
    diskFreeBytes: num(now.diskFreeBytes),
    logBytes: sum(now.partitions, (each) => num(each.sizeBytes)),
    streams: 0,
    syncMsP50: Math.max(0, ...writers.map((each) => each.syncMsP50)),
    syncMsP99: Math.max(0, ...writers.map((each) => each.syncMsP99)),
    groupBatches: writers.length === 0 ? 0 : sum(writers, (each) => each.batchesPerGroup) / writers.length,
    partitions: now.partitions.length,
    offline: now.partitions.filter((each) => each.offline).length,
  };
  return { atMs: num(now.atMs), intervalMs: everyMs, cluster, totals, writers, columns, rows, feed: [] };
}

export class Polling {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private before: Figures | null = null;
  private ended = false;

  constructor(
    private readonly deliver: (snapshot: Snapshot) => void,
    private readonly failed: () => void,
  ) {
    void this.ask();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private async ask(): Promise<void> {
    try {
      const [cluster, figures] = await Promise.all([get<Cluster>("api/v1/cluster"), get<Figures>("api/v1/figures")]);
      if (this.ended) return;
      this.deliver(snapshotOf(cluster, figures, this.before ?? figures));
      this.before = figures;
    } catch {
      if (!this.ended) this.failed();
    }
    if (!this.ended) this.timer = setTimeout(() => void this.ask(), everyMs);
  }
}
