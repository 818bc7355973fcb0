// All topics. What moves comes from the events; what was set comes from the broker's list, a page at a time.

import { useEffect } from "preact/hooks";
import { CreateTopic } from "../../actions/create_topic";
import { qalam } from "../../cli";
import { byteRate, bytes, count, meaning, plural, rate } from "../../format";
import { readOnly, rows } from "../../live/store";
import { go, href, route, setQuery } from "../../router";
import { dialog } from "../../ui/dialog";
import { Glyph, StateMark } from "../../ui/icons";
import { List } from "../../ui/list";
import type { ListColumn } from "../../ui/list_columns";
import { Command, Empty, Failure } from "../../ui/parts";
import { ReadOnlyBadge } from "../../ui/read_only_badge";
import { listError, listed, loadList } from "./topic_list";
import { type TopicSum, topicSums } from "./topic_sums";

function Own({ name }: { name: string }) {
  const config = listed.value.get(name)?.config;
  if (!config) return null;
  const entries = Object.entries(config);
  if (entries.length === 0) return <span class="muted">defaults</span>;
  const words = entries.map(
    ([key, value]) => `${key}=${value}${meaning(key, value) === "" ? "" : ` (${meaning(key, value)})`}`,
  );
  return (
    <span class="mono" title={words.join("\n")}>
      {words.join("  ")}
    </span>
  );
}

const columns: ListColumn<TopicSum>[] = [
  {
    id: "unhealthy",
    title: "",
    hint: "Health",
    width: 34,
    align: "center",
    cell: (topic) =>
      topic.unhealthy > 0 ? (
        <StateMark state="error" text={`${plural(topic.unhealthy, "partition")} not served`} />
      ) : topic.refused > 0 ? (
        <StateMark state="warning" text="batches are refused" />
      ) : (
        <StateMark state="ok" text="ok" />
      ),
  },
  {
    id: "name",
    title: "Topic",
    sort: "up",
    heading: true,
    cell: (topic) => (
      <a href={href(["topics", topic.name])} tabIndex={-1}>
        {topic.name}
      </a>
    ),
  },
  {
    id: "partitions",
    title: "Partitions",
    width: 96,
    align: "number",
    sort: "down",
    cell: (topic) => count(topic.partitions),
  },
  {
    id: "records",
    title: "Records",
    width: 120,
    align: "number",
    sort: "down",
    cell: (topic) => count(topic.records),
  },
  { id: "size", title: "Size", width: 96, align: "number", sort: "down", cell: (topic) => bytes(topic.size) },
  {
    id: "recordsIn",
    title: "Records/s",
    width: 100,
    align: "number",
    sort: "down",
    cell: (topic) => rate(topic.recordsIn),
  },
  {
    id: "bytesIn",
    title: "In",
    optional: 1,
    width: 100,
    align: "number",
    sort: "down",
    cell: (topic) => byteRate(topic.bytesIn),
  },
  {
    id: "bytesOut",
    title: "Out",
    optional: 5,
    width: 100,
    align: "number",
    sort: "down",
    cell: (topic) => byteRate(topic.bytesOut),
  },
  {
    id: "refused",
    title: "Refused/s",
    optional: 3,
    width: 92,
    align: "number",
    sort: "down",
    cell: (topic) => rate(topic.refused),
  },
  { id: "own", title: "Settings of its own", width: 210, optional: 4, cell: (topic) => <Own name={topic.name} /> },
];

const createTopic = () => {
  dialog.value = <CreateTopic />;
};

function select(wanted: string, sort: string): TopicSum[] {
  const known = topicSums.value;
  const names = new Set(known.map((topic) => topic.name));
  // A topic that was made since the last event.
  const fresh = [...listed.value.values()]
    .filter((topic) => !names.has(topic.name))
    .map((topic) => ({
      name: topic.name,
      partitions: topic.partitionsCount,
      records: 0,
      size: 0,
      recordsIn: 0,
      bytesIn: 0,
      bytesOut: 0,
      refused: 0,
      unhealthy: 0,
    }));
  const found = [...known, ...fresh].filter((topic) => topic.name.toLowerCase().includes(wanted));
  const falling = sort.startsWith("-");
  const column = sort.replace("-", "") as keyof TopicSum;
  if (column === "name") return falling ? found.reverse() : found;
  return found.sort((a, b) => (falling ? -1 : 1) * ((a[column] as number) - (b[column] as number)));
}

export function Topics() {
  const { query } = route.value;
  const wanted = (query.q ?? "").toLowerCase();
  const sort = query.sort ?? "name";
  // Topics come and go: the list is taken again when the number of partitions changes.
  const shape = rows.shape.value;
  // Taken again when topics come or go.
  useEffect(() => {
    const abort = new AbortController();
    void loadList(abort.signal);
    return () => abort.abort();
  }, [shape]);
  const items = select(wanted, sort);
  return (
    <div class="page filling">
      <div class="page-head">
        <h1>Topics</h1>
        <span class="sub">{plural(topicSums.value.length, "topic")}</span>
        <span class="spacer" />
        {readOnly.value ? (
          <ReadOnlyBadge />
        ) : (
          <button type="button" class="button primary" onClick={createTopic}>
            <Glyph name="plus" /> Create topic
          </button>
        )}
      </div>
      <div class="toolbar">
        <input
          type="search"
          aria-label="Topic contains"
          placeholder="Topic contains…"
          value={query.q ?? ""}
          onInput={(event) => setQuery({ q: event.currentTarget.value || undefined })}
        />
      </div>
      {listError.value !== null && <Failure error={listError.value} />}
      <List
        label="Topics"
        columns={columns}
        items={items}
        id={(topic) => topic.name}
        sorting={{ by: sort, onSort: (by) => setQuery({ sort: by === "name" ? undefined : by }) }}
        onOpen={(topic) => go(href(["topics", topic.name]))}
        empty={
          wanted === "" ? (
            <Empty title="No topics yet">
              <p>Make one here, or in a terminal:</p>
              <Command text={qalam("topic", "create", "orders", "-p", "4")} />
            </Empty>
          ) : (
            <Empty title="No topic has that in its name" />
          )
        }
      />
    </div>
  );
}
