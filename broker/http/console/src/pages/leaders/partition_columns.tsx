// The columns of the grid partition x writer thread.
import type { ReadonlySignal } from "@preact/signals";
import { byteRate, bytes, count, rate } from "../../format";
import type { Column, Row } from "../../live/rows";
import { href } from "../../router";
import { StateMark } from "../../ui/icons";
import type { ListColumn } from "../../ui/list_columns";

const barPixels = 40;

/** As long as the rate is against the busiest partition's. */
function Bar({ share }: { share: number }) {
  return share > 0 ? <span class="bar" style={{ width: `${Math.ceil(Math.min(1, share) * barPixels)}px` }} /> : null;
}

function Health({ row }: { row: Row }) {
  const { status, refused } = row.now;
  if (row.healthy && refused > 0) return <StateMark state="warning" text="batches are refused" />;
  return <StateMark state={row.healthy ? "ok" : "error"} text={status} />;
}

function Status({ row }: { row: Row }) {
  const status = row.now.status;
  return status === "ok" ? (
    <span class="muted">ok</span>
  ) : (
    <span class="error" title={status}>
      {status}
    </span>
  );
}

const Leader = ({ row }: { row: Row }) =>
  row.now.leader >= 0 ? <>● {row.now.leader}</> : <span class="error">✕ none</span>;

/** In the column of the writer thread that has the partition. */
const Mark = ({ row }: { row: Row }) =>
  row.now.status === "ok" ? (
    <span class="mark" role="img" aria-label="here">
      ●
    </span>
  ) : (
    <span class="error" role="img" aria-label="here, not served">
      ✕
    </span>
  );

const markColumnsMax = 16;

const number = (
  id: Column,
  title: string,
  width: number,
  format: (value: never) => string,
  more: { hint?: string; optional?: number } = {},
): ListColumn<Row> => ({
  id,
  title,
  width,
  align: "number",
  sort: "down",
  ...more,
  cell: (row) => format(row.now[id] as never),
});

export interface GridShape {
  /** Writer threads, in order. */
  writers: number[];
  largest: ReadonlySignal<number>;
  showTopic: boolean;
}

export function columnsOf({ writers, largest, showTopic }: GridShape): ListColumn<Row>[] {
  const marks: ListColumn<Row>[] =
    writers.length > 1 && writers.length <= markColumnsMax
      ? writers.map((writer) => ({
          id: `w${writer}`,
          title: `w${writer}`,
          hint: `Writer thread ${writer}`,
          width: 34,
          align: "center",
          cell: (row) => (row.now.writer === writer ? <Mark row={row} /> : null),
        }))
      : [
          number("writer", "Writer", 66, String as (value: never) => string, {
            hint: "The thread that owns the partition",
          }),
        ];
  return [
    {
      id: "status",
      title: "",
      hint: "Health",
      width: 34,
      align: "center",
      cell: (row) => <Health row={row} />,
    },
    {
      id: "topic",
      title: "Partition",
      min: 140,
      sort: "up",
      heading: true,
      className: "name",
      cell: (row) => (
        <a href={href(["topics", row.now.topic], { open: String(row.now.partition) })} title={row.id} tabIndex={-1}>
          {showTopic ? row.now.topic : ""}
          <span class="of">
            {showTopic ? "/" : ""}
            {row.now.partition}
          </span>
        </a>
      ),
    },
    {
      id: "leader",
      title: "Leader",
      hint: "Broker that leads the partition",
      width: 66,
      cell: (row) => <Leader row={row} />,
    },
    number("epoch", "Epoch", 62, count, { hint: "Leader epoch: rises whenever a leader takes over" }),
    ...marks,
    {
      id: "recordsIn",
      title: "Records/s",
      width: 104,
      align: "number",
      sort: "down",
      cell: (row) => (
        <>
          <Bar share={row.now.recordsIn / Math.max(1e-9, largest.peek())} />
          {rate(row.now.recordsIn)}
        </>
      ),
    },
    number("bytesIn", "In", 92, byteRate, { hint: "Bytes of batches written", optional: 2 }),
    number("bytesOut", "Out", 92, byteRate, { hint: "Bytes read by consumers", optional: 5 }),
    number("start", "Start", 130, count, { hint: "The oldest offset that can be read", optional: 6 }),
    number("high", "High watermark", 126, count, { hint: "Everything below is durable and may be read", optional: 1 }),
    number("size", "Size", 84, bytes, { optional: 4 }),
    number("refused", "Refused/s", 94, rate, { hint: "Batches that the writer refused", optional: 3 }),
    { id: "state", title: "State", width: 260, optional: 7, cell: (row) => <Status row={row} /> },
  ];
}
