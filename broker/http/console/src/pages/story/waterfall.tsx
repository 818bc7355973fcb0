// The steps of one write on a line of time.

import type { BatchStory } from "../../api/types";
import { bytes, count, nanoseconds, num, plural, time, zoneName } from "../../format";
import { Who } from "./who";

interface Step {
  name: string;
  /** -1: not known. */
  ns: number;
  begin: number;
  what: string;
}

const closings: Record<string, string> = {
  GROUP_CLOSED_QUEUE_EMPTY: "nothing else waited",
  GROUP_CLOSED_FULL: "it was full",
  GROUP_CLOSED_SEQUENCE: "the next batch could only be judged after it was written",
};

const durabilities: Record<string, [string, string]> = {
  DURABILITY_FSYNC: ["on the disk (fsync)", "ok"],
  DURABILITY_OS: ["written, not synced (os)", "warning"],
  DURABILITY_MEMORY: ["in the broker's memory", "warning"],
};

/** The steps from the arrival to the acknowledgement, one after the other. */
function stepsOf(batch: BatchStory): Step[] {
  const { group } = batch;
  const grouped = `group ${count(group.number)} of writer ${group.writerThread}: ${plural(group.batches, "batch", "batches")}, ${bytes(num(group.bytes))}`;
  const steps: Step[] = [
    { name: "Check", ns: num(batch.checkNs), begin: 0, what: "CRC, sizes, every record: what needs no order" },
    { name: "Queue", ns: num(batch.queueNs), begin: 0, what: "until the writer thread took it up" },
    {
      name: "Write",
      ns: num(group.writeNs),
      begin: 0,
      what: `${grouped}; closed because ${closings[group.closed] ?? "of something not known"}`,
    },
    {
      name: "Sync",
      ns: num(group.syncNs),
      begin: 0,
      what: num(group.syncNs) < 0 ? "not synced before it was acknowledged" : "one sync for all of the group",
    },
  ];
  const known = steps.reduce((sum, step) => sum + Math.max(0, step.ns), 0);
  const rest = num(batch.totalNs) - known;
  if (num(batch.totalNs) >= 0 && rest > 0) {
    steps.push({
      name: "Hand over",
      ns: rest,
      begin: 0,
      what: "between the steps, and the acknowledgement to its stream",
    });
  }
  let at = 0;
  for (const step of steps) {
    step.begin = at;
    at += Math.max(0, step.ns);
  }
  return steps;
}

export function Waterfall({ batch }: { batch: BatchStory }) {
  const steps = stepsOf(batch);
  const total = Math.max(num(batch.totalNs), ...steps.map((step) => step.begin + Math.max(0, step.ns)), 1);
  const [durable, look] = durabilities[batch.durability] ?? ["not known", ""];
  const firstRead = num(batch.firstReadNs);
  return (
    <section class="panel">
      <table class="waterfall" aria-label="Steps of the write">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col" class="number">
              Share
            </th>
            <th scope="col" class="track-head">
              <span>0</span>
              <span>{nanoseconds(total / 2)}</span>
              <span>{nanoseconds(total)}</span>
            </th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          <tr class="mark-row">
            <th scope="row">Received</th>
            <td class="number">–</td>
            <td />
            <td class="track">
              <span class="point" style={{ left: "0%" }} />
            </td>
            <td class="wrap">
              {time(num(batch.receivedMs))} {zoneName()} from <Who sender={batch.sender} />
            </td>
          </tr>
          {steps.map((step) => (
            <tr key={step.name}>
              <th scope="row">{step.name}</th>
              <td class="number">{nanoseconds(step.ns)}</td>
              <td class="number muted">
                {step.ns < 0 ? "" : `${((step.ns / total) * 100).toFixed(step.ns / total < 0.1 ? 1 : 0)} %`}
              </td>
              <td class="track">
                {step.ns >= 0 && (
                  <span
                    class={`span ${step.name.toLowerCase().replace(" ", "-")}`}
                    style={{
                      left: `${((step.begin / total) * 100).toFixed(2)}%`,
                      width: `${((step.ns / total) * 100).toFixed(2)}%`,
                    }}
                  />
                )}
              </td>
              <td class="wrap muted">{step.what}</td>
            </tr>
          ))}
          <tr class="mark-row">
            <th scope="row">Acknowledged</th>
            <td class="number">
              <strong>{nanoseconds(num(batch.totalNs))}</strong>
            </td>
            <td />
            <td class="track">
              <span class="point end" style={{ left: "100%" }} />
            </td>
            <td class="wrap">
              as offset {count(batch.baseOffset)}
              {batch.lastOffset === batch.baseOffset ? "" : ` to ${count(batch.lastOffset)}`}, epoch {batch.leaderEpoch}
              ; it was <span class={look}>{durable}</span>
            </td>
          </tr>
          <tr>
            <th scope="row">First read</th>
            <td class="number">{firstRead < 0 ? "–" : `+ ${nanoseconds(firstRead)}`}</td>
            <td />
            <td class="track" />
            <td class="wrap muted">{firstRead < 0 ? "not read yet, or not known" : "after the acknowledgement"}</td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}
