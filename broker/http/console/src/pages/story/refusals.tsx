import { get } from "../../api/client";
import type { Refusal, Refusals } from "../../api/types";
import { bytes, count, num, plural, time, zoneName } from "../../format";
import { StateShape } from "../../ui/icons";
import { Empty, Failure, useLoaded } from "../../ui/parts";

function RefusalRow({ refusal }: { refusal: Refusal }) {
  const { sender } = refusal;
  const producer = num(refusal.producerId);
  const expected = num(refusal.expectedOffset);
  return (
    <tr>
      <td class="nowrap">{time(num(refusal.atMs))}</td>
      <th scope="row" class="wrap">
        <StateShape state="warning" /> <span class="mono">{refusal.code}</span>
        <div class="muted">{refusal.message}</div>
      </th>
      <td class="wrap">
        {sender.clientId === "" ? <span class="muted">no client id</span> : sender.clientId}
        <div class="muted">
          {sender.protocol} <span class="mono">{sender.peer}</span>
        </div>
      </td>
      <td class="nowrap">
        {plural(refusal.records, "record")}
        <div class="muted">{bytes(num(refusal.bytes))}</div>
      </td>
      <td class="nowrap">
        {producer < 0 ? "no producer id" : `producer ${refusal.producerId}, sequence ${refusal.baseSequence}`}
        <div class="muted">{expected < 0 ? "no condition" : `only at offset ${count(refusal.expectedOffset)}`}</div>
      </td>
      <td class="number">{count(refusal.logEndOffset)}</td>
    </tr>
  );
}

export function RefusalList({ topic, partition }: { topic: string; partition: number }) {
  const loaded = useLoaded(`${topic}:${partition}`, (signal) =>
    get<Refusals>("api/v1/refusals", { topic, partition, limit: 200 }, signal),
  );
  if (loaded.error) return <Failure error={loaded.error} />;
  if (!loaded.value) return <p class="muted">…</p>;
  const { refusals, completeSinceMs } = loaded.value;
  return (
    <section class="panel scrolling">
      <header>
        <h2>Refused batches</h2>
        <span class="muted">newest first, complete since {time(num(completeSinceMs), { fraction: false })}</span>
        <span class="spacer" />
        <button type="button" class="button small" onClick={loaded.again}>
          Again
        </button>
      </header>
      {refusals.length === 0 ? (
        <Empty title="Nothing was refused" />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll sideways, so the keyboard must reach it.
        <section class="scroll" tabIndex={0} aria-label="Refused batches">
          <table aria-label={`Batches that ${topic}/${partition} refused`}>
            <thead>
              <tr>
                <th scope="col">Time, {zoneName()}</th>
                <th scope="col">Why</th>
                <th scope="col">From</th>
                <th scope="col">Batch</th>
                <th scope="col">It said</th>
                <th scope="col" class="number">
                  Log end then
                </th>
              </tr>
            </thead>
            <tbody>
              {refusals.map((refusal, i) => (
                // Two may be alike in everything.
                <RefusalRow key={i} refusal={refusal} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
