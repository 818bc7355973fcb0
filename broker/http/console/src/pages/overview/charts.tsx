// The totals over 15 minutes or 24 hours.
import { computed, type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { bytes, milliseconds, short } from "../../format";
import { type Figure, loadDay, recent, type Series } from "../../live/history";
import { Chart, type ChartData, type ChartLine } from "../../ui/chart";
import { Segmented } from "../../ui/parts";

interface ChartShown {
  title: string;
  figures: Figure[];
  lines: ChartLine[];
  format: (value: number) => string;
  binary?: boolean;
}

const charts: ChartShown[] = [
  { title: "Records/s", figures: ["recordsIn"], lines: [{ label: "in", series: 1 }], format: short },
  {
    title: "Bytes/s",
    figures: ["bytesIn", "bytesOut"],
    lines: [
      { label: "in", series: 1 },
      { label: "out", series: 2 },
    ],
    format: bytes,
    binary: true,
  },
  {
    title: "Sync",
    figures: ["syncMsP50", "syncMsP99"],
    lines: [
      { label: "p50", series: 1 },
      { label: "p99", series: 2 },
    ],
    format: milliseconds,
  },
];

type Range = "recent" | "day";

export function Charts() {
  const range = useSignal<Range>("recent");
  const day = useSignal<Series | null>(null);
  useEffect(() => {
    if (range.value !== "day") return undefined;
    const load = () =>
      void loadDay().then(
        (series) => {
          day.value = series;
        },
        () => undefined,
      );
    load();
    const timer = setInterval(load, 60_000);
    return () => clearInterval(timer);
  }, [range.value, day, range]);
  const series = useMemo(
    () => computed(() => (range.value === "day" ? (day.value ?? { at: [], values: new Map() }) : recent.value)),
    [range, day],
  );
  return (
    <>
      <div class="page-head">
        <h2>Over time</h2>
        <Segmented
          label="How far back"
          choices={[
            { id: "recent", title: "15 min" },
            { id: "day", title: "24 h" },
          ]}
          current={range.value}
          onChoose={(next) => {
            range.value = next;
          }}
        />
      </div>
      <div class="charts">
        {charts.map((chart) => (
          <SeriesChart key={chart.title} {...chart} series={series} />
        ))}
      </div>
    </>
  );
}

function SeriesChart({
  title,
  figures,
  lines,
  format,
  binary = false,
  series,
}: ChartShown & { series: ReadonlySignal<Series> }) {
  const data = useMemo(
    () =>
      computed<ChartData>(() => {
        const { at, values } = series.value;
        return { at, lines: figures.map((figure) => values.get(figure) ?? new Array<number>(at.length).fill(0)) };
      }),
    [series, figures],
  );
  return <Chart title={title} lines={lines} data={data} format={format} binary={binary} />;
}
