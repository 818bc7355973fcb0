import { useEffect } from "preact/hooks";
import { get } from "../../api/client";
import type { StreamInfo, Streams } from "../../api/types";
import { count, num, span } from "../../format";
import { now, totals } from "../../live/store";
import { href, route, setQuery } from "../../router";
import { List } from "../../ui/list";
import type { ListColumn } from "../../ui/list_columns";
import { Empty, Failure, useLoaded } from "../../ui/parts";

const streamColumns: ListColumn<StreamInfo>[] = [
  {
    id: "kind",
    title: "Does",
    width: 90,
    cell: (stream) => <span class={`badge ${stream.kind === "produce" ? "accent" : ""}`}>{stream.kind}</span>,
  },
  {
    id: "client",
    title: "Client",
    heading: true,
    cell: (stream) => (stream.clientId === "" ? <span class="muted">no client id</span> : stream.clientId),
  },
  {
    id: "partition",
    title: "Partition",
    width: 260,
    cell: (stream) => (
      <a href={href(["topics", stream.topic], { open: stream.partition })} tabIndex={-1}>
        {stream.topic}
        <span class="of">/{stream.partition}</span>
      </a>
    ),
  },
  { id: "protocol", title: "Protocol", optional: 1, width: 90, cell: (stream) => stream.protocol },
  { id: "peer", title: "From", width: 220, className: "mono", cell: (stream) => stream.peer },
  {
    id: "opened",
    title: "Open for",
    width: 110,
    align: "number",
    cell: (stream) => span(now.value - num(stream.openedMs)),
  },
];

const streamsMax = 10_000;

export function StreamList() {
  const wanted = (route.value.query.q ?? "").toLowerCase();
  const loaded = useLoaded("streams", (abort) => get<Streams>("api/v1/streams", { limit: streamsMax }, abort));
  const number = totals.value?.streams;
  const again = loaded.again;
  // Loads again when streams come or go.
  useEffect(() => {
    if (number !== undefined) again();
  }, [number]);
  if (loaded.error !== null && !loaded.value) return <Failure error={loaded.error} />;
  const all = loaded.value?.streams ?? [];
  const items = all.filter((stream) =>
    `${stream.clientId} ${stream.topic}/${stream.partition} ${stream.peer} ${stream.kind}`
      .toLowerCase()
      .includes(wanted),
  );
  return (
    <>
      <div class="toolbar">
        <input
          type="search"
          aria-label="Client, topic or address contains"
          placeholder="Client, topic, address…"
          value={route.value.query.q ?? ""}
          onInput={(event) => setQuery({ q: event.currentTarget.value || undefined })}
        />
        <span class="spacer" />
        <span class="muted">
          {count(items.length)} of {count(num(loaded.value?.count))} streams
        </span>
      </div>
      <List
        label="Streams that clients have open"
        columns={streamColumns}
        items={items}
        id={(stream) =>
          `${stream.kind} ${stream.peer} ${stream.topic}/${stream.partition} ${stream.openedMs} ${stream.clientId}`
        }
        empty={<Empty title={wanted === "" ? "No client has a stream open" : "Nothing matches"} />}
      />
    </>
  );
}
