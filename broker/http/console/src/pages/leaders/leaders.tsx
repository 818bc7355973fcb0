// Who leads what: the first thing an operator wants. With one broker the question is which writer thread.
import { computed } from "@preact/signals";
import { count, milliseconds, rate, short } from "../../format";
import { rows, writers } from "../../live/store";
import { route, setQuery } from "../../router";
import { PartitionList } from "./partition_list";

interface Share {
  number: number;
  partitions: number;
  recordsIn: number;
  queue: number;
  sync: number;
  refused: number;
}

const shares = computed<Share[]>(() => {
  rows.tick.value;
  const found = new Map<number, Share>(
    writers.value.map((writer) => [
      writer.number,
      {
        number: writer.number,
        partitions: 0,
        recordsIn: 0,
        queue: writer.queueDepth,
        sync: writer.syncMsP99,
        refused: writer.refused,
      },
    ]),
  );
  for (const { now } of rows.all) {
    const share = found.get(now.writer);
    if (!share) continue;
    share.partitions++;
    share.recordsIn += now.recordsIn;
  }
  return [...found.values()];
});

/** How far the busiest thread is above an even share. */
const skew = computed(() => {
  const list = shares.value;
  const total = list.reduce((sum, share) => sum + share.recordsIn, 0);
  if (list.length < 2 || total < 1) return null;
  const busiest = list.reduce((a, b) => (b.recordsIn > a.recordsIn ? b : a));
  return { writer: busiest.number, share: busiest.recordsIn / total, times: (busiest.recordsIn / total) * list.length };
});

function Skew() {
  const found = skew.value;
  if (!found) return null;
  return (
    <span class="sub">
      Writer {found.writer} takes {(found.share * 100).toFixed(0)} % of the records, {found.times.toFixed(1)}× an even
      share.
    </span>
  );
}

function WriterCard({ share, total, of, pressed }: { share: Share; total: number; of: number; pressed: boolean }) {
  const part = total > 0 ? share.recordsIn / total : 0;
  return (
    <button
      type="button"
      class="writer-card"
      aria-pressed={pressed}
      title={`Only partitions of writer ${share.number}`}
      onClick={() => setQuery({ writer: pressed ? undefined : String(share.number) })}
    >
      <span class="line">
        <b>w{share.number}</b>
        <span class="muted">{count(share.partitions)} partitions</span>
        <span class="spacer" />
        <b>{rate(share.recordsIn)}</b>
        <span class="muted">/s</span>
      </span>
      <span class="share" aria-hidden="true">
        <span class="fill" style={{ width: `${(part * 100).toFixed(1)}%` }} />
        <span class="even" style={{ left: `${(100 / of).toFixed(2)}%` }} />
      </span>
      <span class="line small">
        <span>{(part * 100).toFixed(0)} %</span>
        <span class="spacer" />
        <span class={share.queue > 0 ? "" : "muted"}>queue {short(share.queue)}</span>
        <span class="muted">sync {milliseconds(share.sync)}</span>
        {share.refused > 0 && <span class="error">✕ {rate(share.refused)}/s refused</span>}
      </span>
    </button>
  );
}

function WriterCards() {
  const list = shares.value;
  const chosen = route.value.query.writer ?? "";
  const total = list.reduce((sum, share) => sum + share.recordsIn, 0);
  if (list.length === 0) return null;
  return (
    <section class="writer-cards" aria-label="Writer threads">
      {list.map((share) => (
        <WriterCard
          key={share.number}
          share={share}
          total={total}
          of={list.length}
          pressed={chosen === String(share.number)}
        />
      ))}
    </section>
  );
}

export function Leaders() {
  return (
    <div class="page filling">
      <div class="page-head">
        <h1>Leaders</h1>
        <Skew />
      </div>
      <WriterCards />
      <PartitionList />
    </div>
  );
}
