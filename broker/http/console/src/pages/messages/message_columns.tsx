import type { LogRecord } from "../../api/types";
import { bytes, count, time, zoneName } from "../../format";
import { type Content as Bytes, preview, recordKey, recordValue } from "../../records";
import { href } from "../../router";
import type { ListColumn } from "../../ui/list_columns";

function Content({ content }: { content: Bytes }) {
  if (content.kind === "null") return <span class="badge">null</span>;
  return <span class={content.kind === "binary" ? "muted" : ""}>{preview(content)}</span>;
}

function sizeOf(record: LogRecord): string {
  const value = recordValue(record);
  return value.kind === "null" ? "–" : bytes(value.size);
}

export function columnsOf(topic: string): ListColumn<LogRecord>[] {
  return [
    { id: "time", title: `Time, ${zoneName()}`, width: 190, cell: (record) => time(Number(record.timestamp)) },
    {
      id: "partition",
      title: "P",
      hint: "Partition",
      width: 54,
      cell: (record) => <span class="badge">{record.partition}</span>,
    },
    {
      id: "offset",
      title: "Offset",
      width: 112,
      align: "number",
      heading: true,
      cell: (record) => (
        <a href={href(["messages", topic, record.partition, record.offset])} tabIndex={-1}>
          {count(record.offset)}
        </a>
      ),
    },
    {
      id: "key",
      title: "Key",
      width: 160,
      optional: 1,
      className: "mono",
      cell: (record) => <Content content={recordKey(record)} />,
    },
    {
      id: "value",
      title: "Value",
      min: 200,
      max: Number.MAX_SAFE_INTEGER,
      optional: 3,
      className: "mono",
      cell: (record) => <Content content={recordValue(record)} />,
    },
    { id: "size", title: "Size", width: 84, align: "number", optional: 2, cell: sizeOf },
  ];
}
