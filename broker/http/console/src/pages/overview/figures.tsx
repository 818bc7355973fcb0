import { bytes, count, milliseconds, plural, short, span } from "../../format";
import { type Figure, lastOf, recent } from "../../live/history";
import { totals } from "../../live/store";
import { Sparkline } from "../../ui/chart";
import { diskLasts } from "../../verdict";

interface FigureShown {
  figure: Figure;
  title: string;
  format: (value: number) => string;
  note?: () => string;
}

const shown: FigureShown[] = [
  { figure: "recordsIn", title: "Records in", format: (value) => `${short(value)}/s` },
  { figure: "bytesIn", title: "Bytes in", format: (value) => `${bytes(value)}/s` },
  { figure: "bytesOut", title: "Bytes out", format: (value) => `${bytes(value)}/s` },
  {
    figure: "syncMsP99",
    title: "Sync, p99",
    format: milliseconds,
    note: () => `half within ${milliseconds(totals.value?.syncMsP50 ?? 0)}`,
  },
  {
    figure: "groupBatches",
    title: "Batches a sync",
    format: (value) => (value >= 10 ? short(value) : value.toFixed(1)),
  },
  {
    figure: "refused",
    title: "Refused",
    format: (value) => `${short(value)}/s`,
    note: () => `${short(totals.value?.duplicates ?? 0)}/s duplicates`,
  },
  { figure: "logBytes", title: "Logs", format: bytes, note: diskNote },
  {
    figure: "streams",
    title: "Streams",
    format: count,
    note: () => plural(totals.value?.parkedReaders ?? 0, "waiting reader"),
  },
];

function diskNote(): string {
  const figures = totals.value;
  if (!figures) return "";
  const left = diskLasts(figures.diskFreeBytes, figures.bytesIn);
  const free = `${bytes(figures.diskFreeBytes)} free`;
  return left !== null && left < 30 * 86_400_000 ? `${free}, ${span(left)} at this rate` : free;
}

export function Figures() {
  return (
    <section class="figures" aria-label="Totals">
      {shown.map((each) => (
        <FigureCard key={each.figure} {...each} />
      ))}
    </section>
  );
}

function FigureCard({ figure, title, format, note }: FigureShown) {
  const value = totals.value?.[figure];
  return (
    <div class="panel figure">
      <h2>{title}</h2>
      <p class="value">{value === undefined ? "–" : format(value)}</p>
      <p class="note">{note?.() ?? ""}</p>
      <Sparkline values={lastOf(recent.value, figure, 120)} />
    </div>
  );
}
