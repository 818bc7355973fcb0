// The grid of partitions with its filters and the panel beside it: of all topics (Leaders) or of one.
import { computed, useComputed } from "@preact/signals";
import { useCallback, useMemo } from "preact/hooks";
import { count } from "../../format";
import type { Column, Row } from "../../live/rows";
import { rows, totals, writers } from "../../live/store";
import { preferences } from "../../preferences";
import { route, setQuery } from "../../router";
import { List } from "../../ui/list";
import { Empty } from "../../ui/parts";
import { columnsOf } from "./partition_columns";
import { PartitionPanel } from "./partition_panel";

const largest = computed(() => {
  rows.tick.value;
  let most = 0;
  for (const row of rows.all) most = Math.max(most, row.now.recordsIn);
  return most;
});

/** Order by a figure that moves is taken anew every few seconds, not every second: rows must stay to be read. */
const resortEvery = 3;
const resortTurn = computed(() => Math.floor(rows.tick.value / resortEvery));
const moving = new Set<string>(["recordsIn", "bytesIn", "bytesOut", "refused", "high", "size", "start"]);

export interface Filter {
  topic?: string;
  contains: string;
  problems: boolean;
  writer: string;
  sort: string;
}

function select(filter: Filter): Row[] {
  const wanted = filter.contains.toLowerCase();
  const writer = filter.writer === "" ? null : Number(filter.writer);
  const found = rows.all.filter((row) => {
    const { now } = row;
    if (filter.topic !== undefined && now.topic !== filter.topic) return false;
    if (writer !== null && now.writer !== writer) return false;
    if (filter.problems && row.healthy && now.refused === 0) return false;
    return wanted === "" || row.id.toLowerCase().includes(wanted);
  });
  const falling = filter.sort.startsWith("-");
  const column = filter.sort.replace("-", "") as Column;
  if (column === "topic") return falling ? found.reverse() : found;
  const direction = falling ? -1 : 1;
  return found.sort((a, b) => direction * ((a.now[column] as number) - (b.now[column] as number)));
}

function filterOf(query: Record<string, string>, topic?: string): Filter {
  return {
    ...(topic === undefined ? {} : { topic }),
    contains: query.q ?? "",
    problems: query.problems === "1",
    writer: query.writer ?? "",
    sort: query.sort ?? "topic",
  };
}

export function PartitionList({ topic }: { topic?: string }) {
  const { query } = route.value;
  const filter = filterOf(query, topic);
  const sortKey = filter.sort.replace("-", "");
  preferences.density.value;
  rows.shape.value;
  // Health may change with any delta; figures only matter for the order when sorted by them.
  const turn = filter.problems ? rows.tick.value : moving.has(sortKey) ? resortTurn.value : 0;
  // The rows are told apart by shape and turn.
  const items = useMemo(() => select(filter), [JSON.stringify(filter), turn, rows.shape.value]);
  const numbers = useComputed(() => writers.value.map((writer) => writer.number).join(","));
  const writerNumbers = numbers.value;
  const columns = useMemo(
    () =>
      columnsOf({
        writers: writerNumbers === "" ? [] : writerNumbers.split(",").map(Number),
        largest,
        showTopic: topic === undefined,
      }),
    [writerNumbers, topic],
  );
  const open = query.open;
  const close = useCallback(() => setQuery({ open: undefined }), []);
  const opened = openedPartition(open, topic);
  return (
    <>
      <Filters filter={filter} shown={items.length} topic={topic} />
      <div class="beside">
        <List
          label={topic === undefined ? "Partitions and the writer threads that own them" : `Partitions of ${topic}`}
          columns={columns}
          items={items}
          id={(row) => row.id}
          follow={(row) => row.version}
          {...(opened ? { current: `${opened.topic}/${opened.partition}` } : {})}
          sorting={{ by: filter.sort, onSort: (by) => setQuery({ sort: by === "topic" ? undefined : by }) }}
          onOpen={(row) => setQuery({ open: topic === undefined ? row.id : String(row.now.partition) })}
          onReach={(row) => open && setQuery({ open: topic === undefined ? row.id : String(row.now.partition) })}
          empty={<Nothing filter={filter} />}
        />
        {opened && <PartitionPanel topic={opened.topic} partition={opened.partition} onClose={close} />}
      </div>
    </>
  );
}

function openedPartition(
  open: string | undefined,
  topic: string | undefined,
): { topic: string; partition: number } | null {
  const found = /^(?:(.*)\/)?(\d+)$/.exec(open ?? "");
  if (!found) return null;
  const name = topic ?? found[1];
  return name === undefined ? null : { topic: name, partition: Number(found[2]) };
}

function Filters({ filter, shown, topic }: { filter: Filter; shown: number; topic: string | undefined }) {
  return (
    <div class="toolbar">
      <input
        type="search"
        aria-label={topic === undefined ? "Topic or partition contains" : "Partition"}
        placeholder={topic === undefined ? "Topic/partition contains…" : "Partition…"}
        value={filter.contains}
        onInput={(event) => setQuery({ q: event.currentTarget.value || undefined })}
      />
      <button
        type="button"
        class="button"
        aria-pressed={filter.problems}
        onClick={() => setQuery({ problems: filter.problems ? undefined : "1" })}
      >
        Problems only
      </button>
      {filter.writer !== "" && (
        <button type="button" class="button" aria-pressed="true" onClick={() => setQuery({ writer: undefined })}>
          Writer {filter.writer} ✕
        </button>
      )}
      <span class="spacer" />
      <span class="muted">
        {count(shown)} of{" "}
        {count(
          topic === undefined
            ? (totals.value?.partitions ?? rows.all.length)
            : rows.all.filter((row) => row.now.topic === topic).length,
        )}{" "}
        partitions
      </span>
    </div>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  if (filter.problems) {
    return (
      <Empty title="No problems">
        <p>Every partition can be written and read, and nothing is being refused.</p>
      </Empty>
    );
  }
  if (filter.contains !== "" || filter.writer !== "") return <Empty title="Nothing matches the filters" />;
  return (
    <Empty title="No partitions yet">
      <p>They come with the first topic.</p>
    </Empty>
  );
}
