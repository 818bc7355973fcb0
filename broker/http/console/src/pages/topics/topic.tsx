import { DeleteTopic } from "../../actions/delete_topic";
import { get, topicPath } from "../../api/client";
import type { ConfigEntry, TopicDescription } from "../../api/types";
import { qalam } from "../../cli";
import { byteRate, bytes, count, plural, rate } from "../../format";
import { readOnly, rows } from "../../live/store";
import { href, route } from "../../router";
import { dialog } from "../../ui/dialog";
import { Glyph } from "../../ui/icons";
import { Command, Copy, Failure, Tabs, useLoaded } from "../../ui/parts";
import { ConfigTable } from "../config_table";
import { PartitionList } from "../leaders/partition_list";
import { MessagesView } from "../messages/messages_view";
import { topicSums } from "./topic_sums";

function Numbers({ name }: { name: string }) {
  const sum = topicSums.value.find((topic) => topic.name === name);
  if (!sum) return null;
  return (
    <span class="sub">
      {plural(sum.partitions, "partition")} · {count(sum.records)} records · {bytes(sum.size)} · {rate(sum.recordsIn)}{" "}
      records/s · {byteRate(sum.bytesIn)} in · {byteRate(sum.bytesOut)} out
    </span>
  );
}

function Config({ name }: { name: string }) {
  const topic = useLoaded(`topic ${name}`, (signal) => get<TopicDescription>(topicPath(name), {}, signal));
  const broker = useLoaded("broker config", (signal) => get<{ config: ConfigEntry[] }>("api/v1/config", {}, signal));
  if (topic.error && !topic.value) return <Failure error={topic.error} />;
  if (!topic.value) return <p class="muted">…</p>;
  return (
    <ConfigTable topic={name} config={topic.value.config} defaults={broker.value?.config ?? []} changed={topic.again} />
  );
}

function Commands({ name }: { name: string }) {
  const lines: [string, string][] = [
    ["What it is", qalam("topic", "describe", name)],
    ["Follow it", qalam("tail", name)],
    ["All of it, then stop, as JSON lines", qalam("consume", name, "--from", "start", "-e", "-o", "ndjson")],
    ["The last fifteen minutes with a word in them", qalam("consume", name, "--from", "@-15m", "-e", "--grep", "paid")],
    ["Publish a line", `echo hello | ${qalam("produce", name)}`],
    ["Where its partitions begin and end", qalam("topic", "offsets", name)],
    ["The story of a write", qalam("explain", `${name}:0@0`)],
    ["What was refused", qalam("explain", "--refused", `${name}:0`)],
    ["Keep records for thirty days", qalam("topic", "alter", name, "-c", "retention.ms=30d")],
  ];
  return (
    <div class="commands">
      {lines.map(([title, command]) => (
        <div class="field" key={title}>
          <span>{title}</span>
          <Command text={command} />
        </div>
      ))}
    </div>
  );
}

const tabTitles = { partitions: "Partitions", messages: "Messages", config: "Settings", cli: "Commands" } as const;

export function TopicPage({ name }: { name: string }) {
  const tab = route.value.query.tab ?? "partitions";
  rows.shape.value;
  const known = topicSums.value.some((topic) => topic.name === name);
  const described = useLoaded(`described ${name} ${known}`, (signal) =>
    get<TopicDescription>(topicPath(name), {}, signal),
  );
  const id = described.value?.topic.topicId;
  return (
    <div class={`page${tab === "partitions" || tab === "messages" ? " filling" : ""}`}>
      <div class="page-head">
        <h1 class="ellipsis">{name}</h1>
        <Numbers name={name} />
        <span class="spacer" />
        {id !== undefined && (
          <span class="muted nowrap">
            id <span class="mono">{id}</span>
            <Copy text={id} what="topic id" />
          </span>
        )}
        {!readOnly.value && (
          <button
            type="button"
            class="button danger"
            onClick={() => {
              dialog.value = <DeleteTopic name={name} />;
            }}
          >
            <Glyph name="trash" /> Delete…
          </button>
        )}
      </div>
      {described.error !== null && <Failure error={described.error} />}
      <Tabs
        label="Topic"
        current={tab}
        tabs={Object.entries(tabTitles).map(([each, title]) => ({
          id: each,
          title,
          href: href(["topics", name], { tab: each === "partitions" ? undefined : each }),
        }))}
      />
      {tab === "messages" ? (
        <MessagesView key={name} topic={name} />
      ) : tab === "config" ? (
        <Config key={name} name={name} />
      ) : tab === "cli" ? (
        <Commands name={name} />
      ) : (
        <PartitionList key={name} topic={name} />
      )}
    </div>
  );
}
