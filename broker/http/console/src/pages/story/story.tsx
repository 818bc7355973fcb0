// What became of one record, in full.

import { ApiError, get } from "../../api/client";
import type { BatchStory, Explanation } from "../../api/types";
import { qalam } from "../../cli";
import { bytes, count, num, plural } from "../../format";
import { Command, Copy, Empty, Failure, useLoaded } from "../../ui/parts";
import { Waterfall } from "./waterfall";

function Details({ batch, offset }: { batch: BatchStory; offset: string }) {
  const place = BigInt(offset) - BigInt(batch.baseOffset);
  const records = BigInt(batch.lastOffset) - BigInt(batch.baseOffset) + 1n;
  const producer = num(batch.producerId);
  const expected = num(batch.expectedOffset);
  return (
    <section class="panel">
      <header>
        <h2>The batch</h2>
      </header>
      <div class="body">
        <dl class="facts">
          <dt>This record</dt>
          <dd>
            number {count(String(place + 1n))} of {count(String(records))} in the batch
          </dd>
          <dt>Bytes</dt>
          <dd>{bytes(num(batch.bytes))}, as stored</dd>
          <dt>Producer</dt>
          <dd>
            {producer < 0
              ? "without an id: a retry would not be recognised"
              : `id ${batch.producerId}, epoch ${batch.producerEpoch}, sequence ${count(batch.baseSequence)}`}
          </dd>
          <dt>Sent again</dt>
          <dd>
            {batch.duplicates === 0 ? "no" : `${plural(batch.duplicates, "time")}, recognised and not written again`}
          </dd>
          <dt>Condition</dt>
          <dd>{expected < 0 ? "none" : `only at offset ${count(batch.expectedOffset)}: held`}</dd>
          <dt>Trace</dt>
          <dd class="mono">
            {batch.traceparent === "" ? "none" : batch.traceparent}
            {batch.traceparent !== "" && <Copy text={batch.traceparent} what="traceparent" />}
          </dd>
        </dl>
      </div>
    </section>
  );
}

/** "written   by writer 0 ...": the word before the gap is what it is about. */
function Sentence({ line }: { line: string }) {
  const [, about = "", rest = line] = /^(\S+)\s{2,}(.*)$/.exec(line) ?? [];
  return (
    <>
      <dt>{about}</dt>
      <dd>{rest}</dd>
    </>
  );
}

export function Story({ topic, partition, offset }: { topic: string; partition: number; offset: string }) {
  const { value, error } = useLoaded(`${topic}:${partition}@${offset}`, (signal) =>
    get<Explanation>("api/v1/explain", { topic, partition, offset }, signal),
  );
  if (error instanceof ApiError && error.reason === "NOT_FOUND") {
    return (
      <section class="panel">
        <Empty title="This write is no longer remembered">
          <p>{error.message}</p>
          {error.hint !== "" && <p>{error.hint}</p>}
        </Empty>
      </section>
    );
  }
  if (error) return <Failure error={error} />;
  if (!value) return <p class="muted">…</p>;
  const { batch } = value;
  return (
    <>
      <Waterfall batch={batch} />
      <div class="two">
        <Details batch={batch} offset={offset} />
        <section class="panel">
          <header>
            <h2>In sentences</h2>
          </header>
          <div class="body stack">
            <dl class="facts">
              {value.lines.map((line) => (
                <Sentence key={line} line={line} />
              ))}
            </dl>
            <Command text={qalam("explain", `${topic}:${partition}@${offset}`)} />
          </div>
        </section>
      </div>
    </>
  );
}
