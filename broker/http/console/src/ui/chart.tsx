// Lines over time: uPlot on a canvas, its figures also as a table.
import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock, time } from "../format";
import { preferences, theme } from "../preferences";

export interface ChartLine {
  label: string;
  /** The colours --series-N. Without colour, the first line is told from the others by the area below it. */
  series: 1 | 2 | 3;
}

export interface ChartData {
  /** Seconds since 1970. */
  at: number[];
  lines: number[][];
}

export interface ChartProps {
  title: string;
  lines: ChartLine[];
  data: ReadonlySignal<ChartData>;
  format: (value: number) => string;
  height?: number;
  /** Ticks at powers of two. */
  binary?: boolean;
}

const powersOfTwo = Array.from({ length: 50 }, (_, i) => 2 ** i);

/** 2.00 MiB is 2 MiB at an axis. */
const brief = (text: string): string => text.replace(/\.0+(?= |$)/, "");

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const shortSeconds = 600;

/** Seconds are told where minutes would repeat. */
const isShort = ({ scales }: uPlot): boolean => (scales.x?.max ?? 0) - (scales.x?.min ?? 0) < shortSeconds;

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const axis = {
    stroke: css("--muted"),
    grid: { stroke: css("--line"), width: 1 },
    ticks: { show: false },
    font: `11px ${css("--sans")}`,
  };
  return {
    width,
    height: props.height ?? 150,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "qalam" }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] } },
    axes: [
      {
        ...axis,
        size: 26,
        space: 70,
        values: (self, ticks) => ticks.map((tick) => clock(tick * 1000).slice(0, isShort(self) ? 8 : 5)),
      },
      {
        ...axis,
        size: 64,
        space: 34,
        values: (_, ticks) => ticks.map((tick) => brief(props.format(tick))),
        ...(props.binary ? { incrs: powersOfTwo } : {}),
      },
    ],
    series: [
      {},
      ...(props.lines.map((line, i) => ({
        label: line.label,
        stroke: css(`--series-${line.series}`),
        width: 1.5,
        fill: i === 0 ? `color-mix(in srgb, ${css(`--series-${line.series}`)} 12%, transparent)` : undefined,
        points: { show: false },
        spanGaps: true,
      })) as uPlot.Series[]),
    ],
  };
}

const aligned = (data: ChartData): uPlot.AlignedData => [data.at, ...data.lines];

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const look = `${theme.value}|${preferences.zone.value}`;
  // A chart is drawn anew when the look changes.
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const options = optionsOf(props, Math.max(200, element.clientWidth));
    options.hooks = { setCursor: [(self) => setHovered(self.cursor.idx ?? null)] };
    const chart = new uPlot(options, aligned(props.data.peek()), element);
    const stop = props.data.subscribe((data) => {
      if (document.visibilityState === "visible") chart.setData(aligned(data));
    });
    const resize = new ResizeObserver(() => {
      chart.setSize({ width: Math.max(200, element.clientWidth), height: props.height ?? 150 });
    });
    resize.observe(element);
    return () => {
      stop();
      resize.disconnect();
      chart.destroy();
    };
  }, [look, props.data]);

  return (
    <figure class="panel chart">
      <ChartHead {...props} hovered={hovered} />
      <div
        class="canvas"
        ref={place}
        role="img"
        aria-label={`${props.title} over time; the figures are in the table below`}
      />
      <DataTable {...props} />
    </figure>
  );
}

function ChartHead({ title, lines, data, format, hovered }: ChartProps & { hovered: number | null }) {
  const { at, lines: values } = data.value;
  const index = hovered !== null && hovered < at.length ? hovered : at.length - 1;
  return (
    <figcaption>
      <h2>{title}</h2>
      <span class="key">
        {hovered !== null && at[index] !== undefined && <span class="muted">{clock(at[index] * 1000)}</span>}
        {lines.map((line, i) => (
          <span key={line.label} class={`series-${line.series}`}>
            <svg width="14" height="10" aria-hidden="true">
              <rect y="4" width="14" height="6" fill={i === 0 ? "currentColor" : "none"} opacity="0.25" />
              <path d="M0 4h14" stroke="currentColor" stroke-width="2" />
            </svg>
            {line.label} <b>{values[i]?.[index] === undefined ? "–" : format(values[i][index])}</b>
          </span>
        ))}
      </span>
    </figcaption>
  );
}

const tableRows = 15;

/** The same figures for who can't see the canvas; thinned out. */
function DataTable({ title, lines, data, format }: ChartProps) {
  const [open, setOpen] = useState(false);
  return (
    <details class="data" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>Table</summary>
      {open && <DataRows title={title} lines={lines} data={data} format={format} />}
    </details>
  );
}

function DataRows({ title, lines, data, format }: ChartProps) {
  const { at, lines: values } = data.value;
  const step = Math.max(1, Math.ceil(at.length / tableRows));
  const picked = at.map((_, i) => i).filter((i) => (at.length - 1 - i) % step === 0);
  return (
    <table aria-label={title}>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {lines.map((line) => (
            <th key={line.label} scope="col" class="number">
              {line.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {picked.reverse().map((i) => (
          <tr key={at[i]}>
            <th scope="row">{time((at[i] ?? 0) * 1000, { fraction: false })}</th>
            {lines.map((line, l) => (
              <td key={line.label} class="number">
                {format(values[l]?.[i] ?? 0)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A line the size of a word. What it shows is said beside it. */
export function Sparkline({ values }: { values: number[] }) {
  const width = 120;
  const height = 28;
  if (values.length < 2) return <svg class="spark" viewBox={`0 0 ${width} ${height}`} aria-hidden="true" />;
  const top = Math.max(...values, Number.MIN_VALUE);
  const points = values.map(
    (value, i) =>
      `${((i / (values.length - 1)) * width).toFixed(1)},${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`,
  );
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,${height} ${points.join(" ")} ${width},${height}`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}
