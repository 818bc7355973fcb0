import { get } from "../../api/client";
import type { Broker, Streams } from "../../api/types";
import { bytes, num, plural, span, time } from "../../format";
import { cluster, figuresAt, now, rows, totals } from "../../live/store";
import { go, href } from "../../router";
import { StateMark } from "../../ui/icons";
import { List } from "../../ui/list";
import type { ListColumn } from "../../ui/list_columns";
import { useLoaded } from "../../ui/parts";

function ledBy(broker: number): number {
  rows.shape.value;
  return rows.all.reduce((sum, row) => sum + (row.now.leader === broker ? 1 : 0), 0);
}

function Uptime({ broker }: { broker: Broker }) {
  return <span title={time(num(broker.startedMs))}>{span(now.value - num(broker.startedMs))}</span>;
}

const columns: ListColumn<Broker>[] = [
  {
    id: "state",
    title: "",
    hint: "Health",
    width: 34,
    align: "center",
    cell: () => {
      const offline = totals.value?.offline ?? 0;
      return (
        <StateMark
          state={offline > 0 ? "error" : "ok"}
          text={offline > 0 ? `${plural(offline, "partition")} not served` : "ok"}
        />
      );
    },
  },
  {
    id: "id",
    title: "Broker",
    heading: true,
    cell: (broker) => (
      <a href={href(["brokers", broker.id])} tabIndex={-1}>
        {broker.id} <span class="of">{broker.address}</span>
      </a>
    ),
  },
  { id: "version", title: "Version", width: 100, cell: (broker) => broker.version },
  { id: "up", title: "Up for", width: 120, cell: (broker) => <Uptime broker={broker} /> },
  { id: "leads", title: "Leads", width: 130, align: "number", cell: (broker) => plural(ledBy(broker.id), "partition") },
  { id: "threads", title: "Writer threads", width: 120, align: "number", cell: (broker) => broker.writerThreads },
  { id: "logs", title: "Logs", width: 110, align: "number", cell: () => <>{bytes(totals.value?.logBytes ?? 0)}</> },
  {
    id: "free",
    title: "Disk free",
    width: 110,
    align: "number",
    cell: () => <>{bytes(totals.value?.diskFreeBytes ?? 0)}</>,
  },
  {
    id: "memory",
    title: "Memory",
    width: 110,
    align: "number",
    cell: () => <>{bytes(totals.value?.residentBytes ?? 0)}</>,
  },
];

export function Brokers() {
  const brokers = cluster.value?.brokers ?? [];
  figuresAt.value;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Brokers</h1>
        {cluster.value && (
          <span class="sub">
            cluster <span class="mono">{cluster.value.clusterId}</span>
          </span>
        )}
      </div>
      <List
        label="Brokers"
        columns={columns}
        items={brokers}
        id={(broker) => String(broker.id)}
        fitting={400}
        onOpen={(broker) => go(href(["brokers", broker.id]))}
      />
      <Clients />
    </div>
  );
}

/** Who is connected, summed up by client. */
function Clients() {
  const count = totals.value?.streams ?? 0;
  const { value } = useLoaded(`streams ${count}`, (signal) => get<Streams>("api/v1/streams", { limit: 1000 }, signal));
  if (!value || value.streams.length === 0) return null;
  const found = new Map<string, { client: string; kind: string; streams: number; topics: Set<string> }>();
  for (const stream of value.streams) {
    const id = `${stream.kind} ${stream.clientId}`;
    const sum = found.get(id) ?? { client: stream.clientId, kind: stream.kind, streams: 0, topics: new Set<string>() };
    sum.streams++;
    sum.topics.add(stream.topic);
    found.set(id, sum);
  }
  const list = [...found.values()].sort((a, b) => b.streams - a.streams).slice(0, 12);
  return (
    <section class="panel">
      <header>
        <h2>Clients</h2>
        <span class="muted">{plural(num(value.count), "open stream")}</span>
      </header>
      <table aria-label="Clients">
        <thead>
          <tr>
            <th scope="col">Client</th>
            <th scope="col">Does</th>
            <th scope="col" class="number">
              Streams
            </th>
            <th scope="col">Topics</th>
          </tr>
        </thead>
        <tbody>
          {list.map((each) => (
            <tr key={`${each.kind} ${each.client}`}>
              <th scope="row">{each.client === "" ? <span class="muted">no client id</span> : each.client}</th>
              <td>{each.kind}</td>
              <td class="number">{each.streams}</td>
              <td class="ellipsis">{[...each.topics].sort().join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
