// The story of a write: what the writer decided about one record, and how long each step took. And what it refused.

import { useState } from "preact/hooks";
import { rows } from "../../live/store";
import { go, href } from "../../router";
import { Glyph } from "../../ui/icons";
import { Empty } from "../../ui/parts";
import { ZoneChoice } from "../../ui/zone_choice";
import { RefusalList } from "./refusals";
import { Story } from "./story";

const placeForm = /^\s*(.+?)[:/](\d+)(?:\s*@\s*(\d+))?\s*$/;

function PlaceField({ initial }: { initial: string }) {
  const [text, setText] = useState(initial);
  const [wrong, setWrong] = useState(false);
  return (
    <form
      class="toolbar"
      onSubmit={(event) => {
        event.preventDefault();
        const found = placeForm.exec(text);
        setWrong(found === null);
        if (!found) return;
        const [, topic = "", partition = "", offset] = found;
        go(href(offset === undefined ? ["story", topic, partition] : ["story", topic, partition, offset]));
      }}
    >
      <input
        type="search"
        class="place"
        aria-label="Record, as TOPIC:P@OFFSET; refusals, as TOPIC:P"
        aria-invalid={wrong}
        placeholder="orders:3@1041  or  orders:3"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button">
        Tell
      </button>
      {wrong && <span class="error">TOPIC:PARTITION@OFFSET for a record, TOPIC:PARTITION for what was refused.</span>}
    </form>
  );
}

function Suggestions() {
  rows.shape.value;
  const busy = [...rows.all]
    .sort((a, b) => b.now.recordsIn - a.now.recordsIn)
    .filter((row) => row.now.high > row.now.start)
    .slice(0, 8);
  return (
    <section class="panel">
      <Empty title="Which write?">
        <p>
          The broker remembers for each of the newest batches who sent it, what was decided and how long every step
          took.
        </p>
        {busy.length > 0 && <p>The last write of:</p>}
        <p class="choices">
          {busy.map((row) => (
            <a key={row.id} class="button" href={href(["story", row.now.topic, row.now.partition, row.now.high - 1])}>
              {row.id}
            </a>
          ))}
        </p>
      </Empty>
    </section>
  );
}

export function StoryPage({ topic, partition, offset }: { topic?: string; partition?: number; offset?: string }) {
  const place =
    topic === undefined || partition === undefined
      ? ""
      : `${topic}:${partition}${offset === undefined ? "" : `@${offset}`}`;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Story of a write</h1>
        <PlaceField key={place} initial={place} />
        <span class="spacer" />
        <ZoneChoice />
      </div>
      {topic === undefined || partition === undefined ? (
        <Suggestions />
      ) : offset === undefined ? (
        <RefusalList topic={topic} partition={partition} />
      ) : (
        <>
          <Neighbours topic={topic} partition={partition} offset={offset} />
          <Story topic={topic} partition={partition} offset={offset} />
        </>
      )}
    </div>
  );
}

function Neighbours({ topic, partition, offset }: { topic: string; partition: number; offset: string }) {
  return (
    <div class="toolbar">
      <a class="button small" href={href(["messages", topic, partition, offset])}>
        <Glyph name="messages" /> The record
      </a>
      <a class="button small" href={href(["topics", topic], { open: partition })}>
        <Glyph name="leaders" /> Its partition
      </a>
      <a class="button small" href={href(["story", topic, partition])}>
        What was refused there
      </a>
    </div>
  );
}
