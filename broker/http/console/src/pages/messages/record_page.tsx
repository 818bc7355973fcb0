import { count } from "../../format";
import { now, rows } from "../../live/store";
import { href } from "../../router";
import { Glyph } from "../../ui/icons";
import { RecordView } from "./record_view";

/** A permalink: one record, and its neighbours. */
export function RecordPage({ topic, partition, offset }: { topic: string; partition: number; offset: string }) {
  rows.shape.value;
  const row = rows.find(topic, partition);
  const position = BigInt(/^\d+$/.test(offset) ? offset : "0");
  const to = (next: bigint) => href(["messages", topic, partition, String(next)]);
  const end = row === undefined ? null : BigInt(row.now.high);
  now.value;
  return (
    <div class="page">
      <div class="page-head">
        <h1 class="ellipsis">
          {topic}/{partition} @ {count(offset)}
        </h1>
        <span class="spacer" />
        {position > BigInt(row?.now.start ?? 0) && (
          <a class="button" href={to(position - 1n)}>
            <Glyph name="back" /> Older
          </a>
        )}
        {(end === null || position + 1n < end) && (
          <a class="button" href={to(position + 1n)}>
            Newer <Glyph name="forward" />
          </a>
        )}
        <a class="button" href={href(["messages"], { topic, p: partition, from: "offset", at: offset })}>
          In the list
        </a>
      </div>
      <section class="panel">
        <h2 class="hidden-text">The record</h2>
        <div class="body">
          <RecordView key={`${topic}/${partition}@${offset}`} topic={topic} partition={partition} offset={offset} />
        </div>
      </section>
    </div>
  );
}
