// One record: where it is, its key, headers and value, as JSON, text or hex.
import { useState } from "preact/hooks";
import { get, segment } from "../../api/client";
import type { LogRecord } from "../../api/types";
import { qalam } from "../../cli";
import { bytes, count, time, zoneName } from "../../format";
import { bytesOf, type Content, headerValue, jsonOf, preview, recordKey, recordValue } from "../../records";
import { href } from "../../router";
import { HexDump } from "../../ui/hex_dump";
import { Glyph } from "../../ui/icons";
import { JsonTree } from "../../ui/json_tree";
import { Command, Copy, Failure, Segmented, useLoaded } from "../../ui/parts";

type Look = "json" | "text" | "hex";

function Value({ content }: { content: Content }) {
  const json = jsonOf(content);
  const [chosen, setChosen] = useState<Look | null>(null);
  if (content.kind === "null") {
    return (
      <p>
        <span class="badge">null</span> <span class="muted">no value: a tombstone</span>
      </p>
    );
  }
  const looks: { id: Look; title: string }[] = [
    ...(json === undefined ? [] : [{ id: "json" as const, title: "JSON" }]),
    ...(content.kind === "text" ? [{ id: "text" as const, title: "Text" }] : []),
    { id: "hex", title: "Hex" },
  ];
  const look = looks.find((each) => each.id === chosen)?.id ?? looks[0]?.id ?? "hex";
  return (
    <>
      <div class="toolbar">
        <Segmented label="Show the value as" choices={looks} current={look} onChoose={setChosen} />
        <span class="muted">{bytes(content.size)}</span>
        <span class="spacer" />
        {content.kind === "text" && <Copy text={content.text} what="value" />}
      </div>
      {look === "json" && json !== undefined && (
        <div class="value-json">
          <JsonTree value={json} />
        </div>
      )}
      {look === "text" && content.kind === "text" && <pre class="value-text">{content.text}</pre>}
      {look === "hex" && <HexDump data={bytesOf(content)} />}
    </>
  );
}

function Headers({ record }: { record: LogRecord }) {
  if (record.headers.length === 0) return <p class="muted">none</p>;
  return (
    <table aria-label="Headers">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {record.headers.map((header, i) => (
          // Names may be there twice, and the order never changes.
          <tr key={i}>
            <th scope="row" class="mono">
              {header.key}
            </th>
            <td class="mono wrap">{preview(headerValue(header))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export const recordPath = (topic: string, partition: number | string, offset: string) =>
  `api/v1/records/${segment(topic)}/${partition}/${offset}`;

/** The record as listed, then whole. */
export function RecordView({
  topic,
  partition,
  offset,
  listed,
}: {
  topic: string;
  partition: number;
  offset: string;
  listed?: LogRecord;
}) {
  const whole = useLoaded(`${topic}/${partition}@${offset}`, (signal) =>
    get<{ record: LogRecord }>(recordPath(topic, partition, offset), {}, signal),
  );
  const record = whole.value?.record ?? listed;
  if (!record) return whole.error ? <Failure error={whole.error} /> : <p class="muted">…</p>;
  const key = recordKey(record);
  return (
    <div class="stack">
      {whole.error !== null && <Failure error={whole.error} />}
      <dl class="facts">
        <dt>Time</dt>
        <dd>
          {time(Number(record.timestamp))} <span class="muted">{zoneName()}</span>
        </dd>
        <dt>Epoch</dt>
        <dd>{record.leader_epoch}</dd>
        <dt>Key</dt>
        <dd class="mono">
          {key.kind === "null" ? <span class="badge">null</span> : preview(key)}
          {key.kind === "text" && <Copy text={key.text} what="key" />}
        </dd>
      </dl>
      <section class="stack">
        <h3>Value</h3>
        {record.truncated && (
          <p class="muted">
            The first part of {bytes(record.value_bytes ?? 0)}; the rest is on its way or too large to show.
          </p>
        )}
        <Value content={recordValue(record)} />
      </section>
      <section class="stack">
        <h3>
          Headers <span class="muted">{count(record.headers.length)}</span>
        </h3>
        <Headers record={record} />
      </section>
      <div class="toolbar">
        <a class="button small" href={href(["story", topic, partition, offset])}>
          <Glyph name="story" /> Story of this write
        </a>
      </div>
      <Command text={qalam("consume", `${topic}:${partition}`, "--from", offset, "-n", "1", "-o", "json")} />
    </div>
  );
}
