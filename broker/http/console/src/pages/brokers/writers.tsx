// The writer threads: figures now and over time.
import { computed, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Writer } from "../../api/types";
import { bytes, count, milliseconds, rate, short } from "../../format";
import { writers } from "../../live/store";
import { writerSamples } from "../../live/writer_history";
import { href } from "../../router";
import { Chart, type ChartData, type ChartLine } from "../../ui/chart";
import { List } from "../../ui/list";
import type { ListColumn } from "../../ui/list_columns";

const writerColumns: ListColumn<Writer>[] = [
  {
    id: "number",
    title: "Writer thread",
    heading: true,
    cell: (writer) => (
      <a href={href(["leaders"], { writer: writer.number })} tabIndex={-1}>
        Writer {writer.number}
      </a>
    ),
  },
  { id: "partitions", title: "Partitions", width: 100, align: "number", cell: (writer) => count(writer.partitions) },
  {
    id: "queueDepth",
    title: "Queue",
    hint: "Requests that wait for the thread",
    width: 90,
    align: "number",
    cell: (writer) => short(writer.queueDepth),
  },
  {
    id: "groups",
    title: "Groups/s",
    hint: "Each is one write and one sync",
    width: 100,
    align: "number",
    cell: (writer) => rate(writer.groups),
  },
  {
    id: "batchesPerGroup",
    title: "Batches/group",
    optional: 1,
    width: 120,
    align: "number",
    cell: (writer) => writer.batchesPerGroup.toFixed(1),
  },
  {
    id: "bytesPerGroup",
    title: "Bytes/group",
    optional: 4,
    width: 110,
    align: "number",
    cell: (writer) => bytes(writer.bytesPerGroup),
  },
  {
    id: "write",
    title: "Write p50",
    optional: 5,
    width: 100,
    align: "number",
    cell: (writer) => milliseconds(writer.writeMsP50),
  },
  {
    id: "write99",
    title: "Write p99",
    optional: 3,
    width: 100,
    align: "number",
    cell: (writer) => milliseconds(writer.writeMsP99),
  },
  { id: "sync", title: "Sync p50", width: 100, align: "number", cell: (writer) => milliseconds(writer.syncMsP50) },
  { id: "sync99", title: "Sync p99", width: 100, align: "number", cell: (writer) => milliseconds(writer.syncMsP99) },
  { id: "refused", title: "Refused/s", width: 96, align: "number", cell: (writer) => rate(writer.refused) },
];

const shownWriter = signal<number>(0);

type WriterFigure = "queueDepth" | "batchesPerGroup" | "syncMsP50" | "syncMsP99" | "writeMsP99" | "groups";

function useWriterData(number: number, figures: WriterFigure[]) {
  const id = figures.join();
  return useMemo(
    () =>
      computed<ChartData>(() => ({
        at: writerSamples.value.map((sample) => sample.at),
        lines: (id.split(",") as WriterFigure[]).map((figure) =>
          writerSamples.value.map((sample) => sample.writers.find((writer) => writer.number === number)?.[figure] ?? 0),
        ),
      })),
    [number, id],
  );
}

function WriterChart(props: {
  number: number;
  title: string;
  figures: WriterFigure[];
  lines: ChartLine[];
  format: (value: number) => string;
}) {
  const data = useWriterData(props.number, props.figures);
  return <Chart title={props.title} lines={props.lines} data={data} format={props.format} />;
}

export function Writers() {
  const list = writers.value;
  const number = list.some((writer) => writer.number === shownWriter.value)
    ? shownWriter.value
    : (list[0]?.number ?? 0);
  return (
    <>
      <List
        label="Writer threads"
        columns={writerColumns}
        items={list}
        id={(writer) => String(writer.number)}
        current={String(number)}
        fitting={420}
        onOpen={(writer) => {
          shownWriter.value = writer.number;
        }}
        onReach={(writer) => {
          shownWriter.value = writer.number;
        }}
      />
      <div class="page-head">
        <h2>Writer {number} over time</h2>
        <span class="sub">since this page was opened; choose another thread in the table</span>
      </div>
      <div class="charts" key={number}>
        <WriterChart
          number={number}
          title="Sync"
          figures={["syncMsP50", "syncMsP99"]}
          lines={[
            { label: "p50", series: 1 },
            { label: "p99", series: 2 },
          ]}
          format={milliseconds}
        />
        <WriterChart
          number={number}
          title="Queue"
          figures={["queueDepth"]}
          lines={[{ label: "requests", series: 1 }]}
          format={short}
        />
        <WriterChart
          number={number}
          title="Batches/group"
          figures={["batchesPerGroup"]}
          lines={[{ label: "mean", series: 1 }]}
          format={(value) => value.toFixed(1)}
        />
      </div>
    </>
  );
}
