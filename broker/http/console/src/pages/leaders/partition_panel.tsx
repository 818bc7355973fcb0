// Beside a list of partitions: the one that is open, with the history of its epochs.
import { useEffect } from "preact/hooks";
import { TrimPartition } from "../../actions/trim_partition";
import { get, topicPath } from "../../api/client";
import type { EpochStart } from "../../api/types";
import { byteRate, bytes, count, num, short } from "../../format";
import type { Row } from "../../live/rows";
import { readOnly, rows } from "../../live/store";
import { href } from "../../router";
import { dialog } from "../../ui/dialog";
import { Glyph, StateShape } from "../../ui/icons";
import { listenClose } from "../../ui/keys";
import { Failure, useLoaded } from "../../ui/parts";

function Epochs({ row }: { row: Row }) {
  row.version.value;
  const { epoch } = row.now;
  const { topic, partition } = row.now;
  const { value, error } = useLoaded(`${row.id} ${epoch}`, (signal) =>
    get<{ epochs: EpochStart[] }>(`${topicPath(topic)}/partitions/${partition}/epochs`, {}, signal),
  );
  if (error) return <Failure error={error} />;
  if (!value) return <p class="muted">…</p>;
  const epochs = value.epochs;
  if (epochs.length === 0) return <p class="muted">Nothing was written yet, so no epoch has begun.</p>;
  return (
    <table aria-label="Epochs, newest first">
      <thead>
        <tr>
          <th scope="col">Epoch</th>
          <th scope="col" class="number">
            From offset
          </th>
          <th scope="col" class="number">
            Records
          </th>
        </tr>
      </thead>
      <tbody>
        {epochs.map((each, i) => {
          const newer = epochs[i - 1];
          const end = newer ? num(newer.startOffset) : row.now.high;
          return (
            <tr key={each.epoch}>
              <th scope="row">
                {each.epoch} {i === 0 && <span class="badge accent">now</span>}
              </th>
              <td class="number">{count(each.startOffset)}</td>
              <td class="number">{count(Math.max(0, end - num(each.startOffset)))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function LastStory({ row }: { row: Row }) {
  row.version.value;
  const high = row.now.high;
  if (high <= row.now.start) return null;
  return (
    <a class="button small" href={href(["story", row.now.topic, row.now.partition, high - 1])}>
      <Glyph name="story" /> Story of the last write
    </a>
  );
}

export function PartitionPanel({
  topic,
  partition,
  onClose,
}: {
  topic: string;
  partition: number;
  onClose: () => void;
}) {
  rows.shape.value;
  const row = rows.find(topic, partition);
  useEffect(() => listenClose(onClose), [onClose]);
  return (
    <aside class="panel side-panel" aria-label={`Partition ${topic}/${partition}`}>
      <header>
        <h2 class="ellipsis" title={`${topic}/${partition}`}>
          {topic}/{partition}
        </h2>
        <span class="spacer" />
        <button type="button" class="button quiet small" aria-label="Close" onClick={onClose}>
          <Glyph name="close" />
        </button>
      </header>
      {row ? <Body row={row} /> : <p class="body muted">There is no such partition (any more).</p>}
    </aside>
  );
}

function Body({ row }: { row: Row }) {
  row.version.value; // Drawn again with every change.
  const { topic, partition } = row.now;
  const status = row.now.status;
  return (
    <div class="body stack">
      <p>
        <StateShape state={status === "ok" ? "ok" : "error"} /> {status === "ok" ? "Can be written and read" : status}
      </p>
      <dl class="facts">
        <dt>Leader</dt>
        <dd>
          broker {row.now.leader}, writer thread {row.now.writer}, epoch {row.now.epoch}
        </dd>
        <dt>Offsets</dt>
        <dd>
          {count(row.now.start)} to {count(row.now.high)}
        </dd>
        <dt>Size</dt>
        <dd>{bytes(row.now.size)}</dd>
        <dt>Written</dt>
        <dd>
          {short(row.now.recordsIn)} records/s, {byteRate(row.now.bytesIn)}
        </dd>
        <dt>Read</dt>
        <dd>{byteRate(row.now.bytesOut)}</dd>
        <dt>Refused</dt>
        <dd>
          {short(row.now.refused)} batches/s · <a href={href(["story", topic, partition])}>what was refused</a>
        </dd>
      </dl>
      <div class="toolbar">
        <a class="button small" href={href(["messages"], { topic, p: String(partition) })}>
          <Glyph name="messages" /> Messages
        </a>
        <LastStory row={row} />
        {!readOnly.value && (
          <button
            type="button"
            class="button small"
            onClick={() => {
              dialog.value = <TrimPartition topic={topic} partition={partition} />;
            }}
          >
            Trim…
          </button>
        )}
      </div>
      <section class="stack">
        <h3>Epochs</h3>
        <p class="muted">An epoch begins when a leader takes the partition over.</p>
        <Epochs row={row} />
      </section>
    </div>
  );
}
